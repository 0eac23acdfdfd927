"""The journal at the door: what a submission is answered while the service cannot take it."""

import hashlib
from typing import cast

import structlog
from flask import current_app, request

from marketplace.core.errors import Unavailable
from marketplace.core.text import _
from marketplace.rfq.receiving.ingress import Journal
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.web.context import WebApp, arrived_at, current_session, session_token

# requests that submit, replace, withdraw or confirm a bid
SUBMISSIONS = frozenset(
    {
        "api-bids.Bids",
        "api-bids.BidSubmission",
        "api-bids.BidWithdrawal",
        "api-rfq-addenda.BidConfirmation",
        "api-sealed-bids.SealedBid",
        "bids.submit",
        "bids.withdraw",
        "rfq_addenda.confirm",
        "sealed_bids.send",
    }
)

log = structlog.get_logger()


def journal() -> Journal:
    """The journal of this installation."""
    settings = cast(WebApp, current_app).settings
    return Journal(settings.local_dir, ServiceKeys.from_secret(settings.secret_key))


def note(refusal: Unavailable) -> None:
    """Give a submission that cannot be taken now a signed number, so that it is not forgotten."""
    credential = _credential()
    if credential is None or not _submits():
        return
    rfq_id = (request.view_args or {})["rfq_id"]
    try:
        noted = journal().note(rfq_id, arrived_at(), credential, request.get_data(cache=True))
    except OSError as error:
        log.error("ingress.journal", exc_info=error)
        return
    refusal.detail = _(
        "Your bid cannot be accepted right now. Its arrival was recorded under the number "
        "%(attempt)s. Try again; if that is no longer possible in time, the buyer must rule on it "
        "before any bid is opened.",
        attempt=str(noted.attempt_id),
    )
    refusal.data |= {
        "attempt_id": str(noted.attempt_id),
        "salt": noted.salt,
        "statement": noted.statement,
        "signature": noted.signature.hex(),
    }


def take_in_journal() -> None:
    """What this process has written down comes into the database, before anything is opened."""
    journal().take_in(current_session())


def _submits() -> bool:
    """Whether this is an attempt on an RFQ; saving a draft is none."""
    if request.method != "POST" or request.endpoint not in SUBMISSIONS:
        return False
    if request.endpoint != "api-bids.Bids":
        return True
    data = request.get_json(silent=True)
    return isinstance(data, dict) and data.get("submit") is True


def _credential() -> bytes | None:
    """The hash by which the database knows who sent this; None for strangers."""
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    secret = key.strip() if scheme.lower() == "bearer" else session_token()
    return hashlib.sha256(secret.encode()).digest() if secret else None
