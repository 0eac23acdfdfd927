"""One request is one transaction; hence the rule: raise errors, never return them.

The session begins lazily, so a page without queries opens no connection. The actor is read with
the request's own session, which enters the tenant in the same statement.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import BoundedSemaphore
from typing import IO, Any

from flask import Flask, Request, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from marketplace.core import clock, tenancy
from marketplace.core.db import MAX_ATTEMPTS, Database, busy, is_retryable
from marketplace.core.errors import NotAuthenticated
from marketplace.core.text import LANGUAGES, _, known_language, set_language, speak_of
from marketplace.identity import authentication
from marketplace.identity.authentication import Place
from marketplace.identity.permissions import Actor
from marketplace.settings import Settings

SESSION_COOKIE = "marketplace_session"
LANGUAGE_COOKIE = "marketplace_language"
# of a page of ours, in characters: servers and proxies in between give up at 8 KB and more
LONGEST_ADDRESS = 2000


class WholeRequest(Request):
    """A request whose body is in memory when it is worked on, its files included.

    Uploads never touch the disk on their way, so that sealed ones leave no copy there.
    """

    def _get_file_stream(self, *_args: Any, **_kwargs: Any) -> IO[bytes]:
        return io.BytesIO()


class WebApp(Flask):
    """Flask whose requests are transactions.

    A thread takes in the request and notes its arrival at once; as many as have a connection of the
    pool then work. So nobody's arrival is that of the moment at which others were done.
    """

    request_class = WholeRequest
    database: Database
    settings: Settings
    turns: BoundedSemaphore

    # Flask 3.2 passes a context argument; routing, view and the making of the response happen
    # inside the block, so that serialisation sees a live session and a failing commit is answered.
    def dispatch_request(self, *context: Any) -> ResponseReturnValue:
        _receive()
        with self.turns:
            return self._work(*context)

    def _work(self, *context: Any) -> ResponseReturnValue:
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                return self._attempt(*context)
            except DBAPIError as error:
                if not is_retryable(error):
                    raise
                if attempt == MAX_ATTEMPTS:
                    raise busy() from error
        raise AssertionError("unreachable")

    def _attempt(self, *context: Any) -> ResponseReturnValue:
        g.after_failure = []
        g.pop("actor", None)
        try:
            with self.database.transaction() as session:
                g.session = session
                if getattr(self._view(), "needs_sign_in", False):
                    current_actor()
                elif request.routing_exception is not None:
                    find_actor()  # no such page is said in the reader's own language
                return self.make_response(super().dispatch_request(*context))
        except Exception:
            self._keep_records()
            raise

    def _view(self) -> Callable[..., Any] | None:
        return self.view_functions.get(request.endpoint) if request.endpoint else None

    def _keep_records(self) -> None:
        """Commit what must be kept although the request failed, in a transaction of its own."""
        for keep in g.pop("after_failure", []):
            with self.database.transaction() as session:
                actor = g.get("actor")
                if actor is not None:
                    tenancy.enter(session, actor.org_id, actor.org_kind)
                keep(session)


def _receive() -> None:
    """Read the whole body, then note the arrival: the last byte counts, not the first."""
    request.get_data(cache=True, parse_form_data=False)
    g.arrived_at = clock.now()
    speak_of("")
    chosen = request.cookies.get(LANGUAGE_COOKIE) if not is_api() else None
    set_language(chosen or _preferred_language())


def _preferred_language() -> str:
    """The first language of Accept-Language that we speak, in whatever country's variety."""
    preferred = (tag.split("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in preferred if tag in LANGUAGES), LANGUAGES[0])


def is_api() -> bool:
    """Whether the request is a partner's (problem details) rather than a browser's (pages)."""
    return request.path.startswith("/api/")


def arrived_at() -> datetime:
    """When the last byte of this request's body was here."""
    arrived: datetime = g.arrived_at
    return arrived


def current_session() -> Session:
    """The session of this request's transaction."""
    session: Session = g.session
    return session


def current_actor() -> Actor:
    """Who calls; NotAuthenticated when nobody valid does."""
    actor: Actor | None = find_actor()
    if actor is None:
        raise NotAuthenticated(
            _("Send a valid API key as “Authorization: Bearer …”.")
            if is_api()
            else _("Please sign in to go on.")
        )
    return actor


def find_actor() -> Actor | None:
    """Who calls, or None: for pages that greet strangers as well."""
    if "actor" not in g:
        g.actor = _by_key() if is_api() else _by_cookie()
        if g.actor is not None and not (is_api() and request.accept_languages):
            set_language(known_language(g.actor.locale))
    actor: Actor | None = g.actor
    return actor


@contextmanager
def undone_if_refused() -> Iterator[None]:
    """Undo what the block did when it is refused, and let the page that follows be committed."""
    with current_session().begin_nested():
        yield
        current_session().flush()


def json_response(body: Any, status: int = 200) -> Response:
    """The body as JSON, by the application's own provider."""
    text = current_app.json.dumps(body)
    return current_app.response_class(text, status=status, mimetype="application/json")


def record_after_failure(keep: Callable[[Session], None]) -> None:
    """Have this committed on its own if the request is refused; nothing happens otherwise."""
    g.after_failure.append(keep)


def other_places() -> Sequence[Place]:
    """Where else the person of this portal session belongs."""
    places: Sequence[Place] = g.other_places if find_actor() else ()
    return places


def session_token() -> str | None:
    """The token of the portal session's cookie."""
    return request.cookies.get(SESSION_COOKIE)


def _by_key() -> Actor | None:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return authentication.by_api_key(current_session(), key.strip())


def _by_cookie() -> Actor | None:
    token = session_token()
    signed_in = authentication.by_token(current_session(), token) if token else None
    g.other_places = signed_in.others if signed_in else ()
    return signed_in.actor if signed_in else None
