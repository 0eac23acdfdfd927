"""Idempotency keys: the same request twice is done once and answered alike.

The key is claimed and the answer stored in the request's own transaction. A second request with
the same key waits on the first one's row, then finds its answer; a crash leaves no trace, so that
the key is free again. Errors roll back and are therefore not stored: the caller may correct them.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import Response, current_app, request
from sqlalchemy import Index, LargeBinary, bindparam, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base, HasCreated
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.web.context import current_actor, current_session, json_response

HEADER = "Idempotency-Key"
KEPT = timedelta(days=7)
STORED_HEADERS = ("ETag", "Location")
LOCK_TIMEOUT = "55P03"


class IdempotencyKey(HasCreated, Base):
    """A key of an organisation, what it was used for, and the answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"),)

    org_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str]
    body_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None]
    response: Mapped[dict[str, Any] | None]
    headers: Mapped[dict[str, Any] | None]


_TABLE = Base.metadata.tables[IdempotencyKey.__tablename__]
_CLAIM = insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key)
_ANSWER = (
    update(_TABLE)
    .where(_TABLE.c.org_id == bindparam("of"), _TABLE.c.key == bindparam("named"))
    .values(
        status=bindparam("status"), response=bindparam("response"), headers=bindparam("headers")
    )
)


class KeyMissing(Invalid):
    code = "idempotency_key_missing"


class KeyReused(Invalid):
    code = "idempotency_key_reused"


class InProgress(Conflict):
    code = "idempotency_in_progress"


def once(view: Callable[[], Response], *, required: bool, redact: Iterable[str] = ()) -> Response:
    """The view's answer, or the stored one when this key was used before.

    redact: top-level fields of the answer that must not be stored (secrets that are shown once).
    """
    key = request.headers.get(HEADER, "")
    if not key:
        if required:
            raise KeyMissing(
                _("Send an Idempotency-Key header, so that a repeat cannot happen twice."),
                errors=[FieldError("", "idempotency_key_missing", _("A new UUID will do."))],
            )
        return view()
    if len(key) > 255 or not key.isprintable():
        raise KeyMissing(_("An Idempotency-Key has at most 255 printable characters."))
    stored = _claim(current_session(), current_actor().organisation_id, key)
    if stored is not None:
        return _replay(stored)
    response = view()
    _store(current_session(), key, response, frozenset(redact))
    return response


def forget_old(session: Session, before: datetime | None = None) -> int:
    """Drop keys that are older than a week."""
    limit = before or clock.now() - KEPT
    result = session.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < limit))
    return int(result.rowcount)  # type: ignore[attr-defined]


def _claim(session: Session, org_id: UUID, key: str) -> IdempotencyKey | None:
    """None when the key is ours now; the stored row when it was used before."""
    claim = {
        "org_id": org_id,
        "key": key,
        "endpoint": f"{request.method} {request.path}",
        "body_digest": _body_digest(),
        "created_at": clock.now(),
    }
    try:
        claimed = session.execute(_CLAIM, claim).scalar()
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
            raise
        raise InProgress(
            _("The same request is still being worked on. Ask again in a moment."), retry_after=1
        ) from error
    if claimed is not None:
        return None
    stored = session.get_one(IdempotencyKey, (org_id, key))
    if (stored.endpoint, stored.body_digest) != (claim["endpoint"], claim["body_digest"]):
        raise KeyReused(
            _("This Idempotency-Key was used for another request. Use a new one."),
            errors=[FieldError("", "idempotency_key_reused", _("Use a new key."))],
        )
    return stored


def _body_digest() -> bytes:
    """Keyed, so that the table tells nothing about a body that somebody might guess."""
    secret = current_app.settings.secret_key.encode()  # type: ignore[attr-defined]
    query = request.query_string + b"|" + request.get_data(cache=True)
    return hmac.new(secret, query, hashlib.sha256).digest()


def _store(session: Session, key: str, response: Response, redacted: frozenset[str]) -> None:
    body = orjson.loads(response.get_data()) if response.is_json else {}
    kept = {name: value for name, value in body.items() if name not in redacted}
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    answer = {"status": response.status_code, "response": kept, "headers": headers}
    session.execute(_ANSWER, {"of": current_actor().organisation_id, "named": key, **answer})


def _replay(stored: IdempotencyKey) -> Response:
    response = json_response(stored.response, stored.status or 200)
    response.headers.update(stored.headers or {})
    response.headers["Idempotent-Replayed"] = "true"
    return response
