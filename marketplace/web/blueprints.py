"""Blueprints with our habits: idempotency, versions and pages for partners, sign-in for people."""

import functools
import hmac
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint as FlaskBlueprint
from flask import abort, current_app, request
from flask.typing import RouteCallable
from flask_smorest import Blueprint as SmorestBlueprint
from werkzeug.exceptions import PreconditionFailed

from marketplace.core.text import _
from marketplace.identity import authentication
from marketplace.web import idempotency
from marketplace.web.context import session_token
from marketplace.web.gate import StrictParser
from marketplace.web.problems import PreconditionRequired

View = TypeVar("View", bound=Callable[..., Any])
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"


class ApiBlueprint(SmorestBlueprint):
    """Resources below ``/api/v1``. `idempotent` stands above arguments and response."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, **kwargs: Any) -> Callable[[View], View]:
        """As flask-smorest's, with a schema that is made once and not for each request."""
        made = schema() if isinstance(schema, type) else schema
        return super().arguments(made, **kwargs)  # type: ignore[no-any-return]

    def response(
        self, status_code: int, schema: Any = None, **kwargs: Any
    ) -> Callable[[View], View]:
        """As flask-smorest's, with the ETag of a document that has a version."""
        decorate = super().response(status_code, schema, **kwargs)

        def wrapped(view: View) -> View:
            @functools.wraps(view)
            def with_etag(*args: Any, **kw: Any) -> Any:
                result = view(*args, **kw)
                version = getattr(result, "version", None)
                return (result, {"ETag": f'"{version}"'}) if isinstance(version, int) else result

            return decorate(with_etag)  # type: ignore[no-any-return]

        return wrapped

    def idempotent(
        self, *, required: bool = False, redact: Iterable[str] = ()
    ) -> Callable[[View], View]:
        """Do a POST with a known Idempotency-Key once. See `marketplace.web.idempotency`."""

        def decorate(view: View) -> View:
            @functools.wraps(view)
            def wrapped(*args: Any, **kw: Any) -> Any:
                return idempotency.once(
                    lambda: current_app.make_response(view(*args, **kw)),
                    required=required,
                    redact=redact,
                )

            parameter = {
                "in": "header",
                "name": idempotency.HEADER,
                "required": required,
                "schema": {"type": "string", "maxLength": 255},
                "description": "A key of your choice; the same request with it is done once.",
            }
            return self.doc(parameters=[parameter])(wrapped)  # type: ignore[no-any-return]

        return decorate


def expected_version() -> int:
    """The version in If-Match; 428 without the header, 412 for one that cannot be ours."""
    header = request.headers.get("If-Match")
    if header is None:
        raise PreconditionRequired(str(_("Send If-Match with the ETag that you saw.")))
    tag = header.strip().removeprefix("W/").strip('"')
    if not tag.isdecimal() or len(tag) > 9:
        raise PreconditionFailed(str(_("This ETag is not the present one.")))
    return int(tag)


class PageBlueprint(FlaskBlueprint):
    """Pages of the portal: behind sign-in unless marked `public`, POSTs with a CSRF token."""

    def __init__(self, name: str, import_name: str, **options: Any) -> None:
        options.setdefault("template_folder", "templates")
        super().__init__(name, import_name, **options)
        self.before_request(check_csrf)

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: RouteCallable | None = None,
        provide_automatic_options: bool | None = None,  # noqa: FBT001 - Flask's signature
        **options: Any,
    ) -> None:
        if view_func is not None:
            vars(view_func).setdefault("needs_sign_in", True)
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)

    def public(self, view: View) -> View:
        """Let strangers see this page. Goes below the route decorator."""
        view.needs_sign_in = False  # type: ignore[attr-defined]
        return view


def check_csrf() -> None:
    """Refuse a form that another site sent (400), by origin and by the session's token."""
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin and origin != "null" and urlsplit(origin).netloc != request.host:
        abort(400, str(_("This form was sent from another site.")))
    token = session_token()
    if token is None:
        return
    expected = csrf_token()
    given = request.form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        abort(400, str(_("Your session has changed. Go back, reload the page and send it again.")))


def csrf_token() -> str:
    """The token for forms of the present session; empty for strangers."""
    token = session_token()
    secret: str = current_app.settings.secret_key  # type: ignore[attr-defined]
    return authentication.csrf_token(secret, token) if token else ""
