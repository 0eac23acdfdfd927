"""What API and portal share about bids: the service's keys, kept refusals, read-back keys."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from flask import Response, current_app, request

from marketplace.core import audit
from marketplace.core.errors import DomainError, FieldError, Invalid
from marketplace.core.text import _
from marketplace.documents import downloads
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.asking import queries
from marketplace.rfq.bids.rules import Sealed, TooEarly, WrongPassphrase
from marketplace.rfq.sealing.envelopes import KEY_BYTES, ServiceKeys
from marketplace.rfq.sealing.officers.rules import FourEyesViolation, NotAnOfficer
from marketplace.rfq.services import bid_drafts, bidding, evaluation
from marketplace.web.context import (
    WebApp,
    current_actor,
    current_session,
    record_after_failure,
)

PEEKING = (Sealed, TooEarly, WrongPassphrase, FourEyesViolation, NotAnOfficer)
READ_BACK_HEADER = "X-Read-Back-Key"
READ_BACK_COOKIE = "bid_key"
READ_BACK_COOKIE_SECONDS = 365 * 24 * 3600
READ_BACK_PARAMETER = {
    "in": "header",
    "name": READ_BACK_HEADER,
    "required": False,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "description": "The key from the answer to the submission; reads the sealed bid back.",
}


class BadReadBackKey(Invalid):
    code = "bad_read_back_key"


def service_keys() -> ServiceKeys:
    """The keys of this installation."""
    return ServiceKeys.from_secret(cast(WebApp, current_app).settings.secret_key)


def read_back_header() -> bytes | None:
    """The read-back key that the partner sent, if any."""
    return read_back_key(request.headers.get(READ_BACK_HEADER, ""))


def read_back_key(text: str) -> bytes | None:
    """A key from its hexadecimal form; None for no text, BadReadBackKey for other text."""
    if not text:
        return None
    if not re.fullmatch(f"[0-9a-f]{{{KEY_BYTES * 2}}}", text):
        detail = _("A read-back key has 64 hexadecimal digits.")
        raise BadReadBackKey(detail, errors=[FieldError("", "bad_read_back_key", detail)])
    return bytes.fromhex(text)


def read_back_cookie(alternative: int) -> bytes | None:
    """The read-back key that this browser keeps of the last submission of this bid, if any."""
    return read_back_key(request.cookies.get(_cookie_of(alternative), ""))


def keep_read_back_key(response: Response, path: str, key: bytes, alternative: int) -> None:
    """Leave the key with the browser, for the pages of this bid alone."""
    response.set_cookie(
        _cookie_of(alternative),
        key.hex(),
        max_age=READ_BACK_COOKIE_SECONDS,
        path=path,
        httponly=True,
        secure=cast(WebApp, current_app).settings.secure_cookies,
        samesite="Lax",
    )


def _cookie_of(alternative: int) -> str:
    """The main bid's is sent with the pages of alternatives as well: names tell them apart."""
    return f"{READ_BACK_COOKIE}_{alternative}" if alternative else READ_BACK_COOKIE


@contextmanager
def attempts_kept() -> Iterator[None]:
    """Keep the record of an attempt that is refused here, although its request fails."""
    try:
        yield
    except DomainError as refusal:
        if "statement" in refusal.data:
            actor, kept = current_actor(), refusal
            record_after_failure(lambda session: bidding.keep_refusal(session, actor, kept))
        raise


@contextmanager
def peeking_noted(rfq_id: UUID) -> Iterator[None]:
    """Note in the history when somebody reaches for sealed bids before they may, or alone."""
    try:
        yield
    except PEEKING as refusal:
        actor, action = current_actor(), f"rfq.refused_{refusal.code}"
        record_after_failure(lambda session: audit.record(session, actor, action, ("rfq", rfq_id)))
        raise


def document_response(rfq_id: UUID, bid_id: UUID, document_id: UUID, key: bytes | None) -> Response:
    """A document of a bid as a file to keep."""
    session, actor = current_session(), current_actor()
    is_open = queries.get(session, actor, rfq_id).opened_at is not None
    if actor.org_kind is OrgKind.SUPPLIER and not is_open:
        document, content = bid_drafts.document(
            session, actor, service_keys(), rfq_id, bid_id, document_id, key
        )
    else:
        with peeking_noted(rfq_id):
            document, content = evaluation.document(session, actor, rfq_id, bid_id, document_id)
    return downloads.as_file(content, document.name, document.media_type)
