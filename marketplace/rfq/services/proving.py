"""What buyer and bidders take away to verify an opening without the marketplace."""

import json
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.clock import instant
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.identity.queries import organisations
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.evaluation import price_sight, quality_rules
from marketplace.rfq.opening import closings, proof_queries
from marketplace.rfq.opening.closings import Closed
from marketplace.rfq.opening.models import RfqOutcome
from marketplace.rfq.opening.proof_queries import OpenedEnvelope, SealedForGood
from marketplace.rfq.proofs import papers
from marketplace.rfq.proofs.papers import Signed
from marketplace.rfq.proofs.reading import FORMAT
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing import envelopes
from marketplace.rfq.sealing.envelopes import PRICE, TECHNICAL, Binding, Envelope, ServiceKeys


@dataclass(frozen=True)
class ProofFile:
    """A file to take away."""

    name: str
    content: bytes


@requires(Permission.BID_READ)
def closing(session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID) -> Signed:
    """The digest list of the passed deadline: the same bytes for the buyer and every bidder.

    It tells neither who has bid nor how many. Raises TooEarly until it can be final.
    """
    rfq = queries.get(session, actor, rfq_id)
    return closings.closing_of(session, keys, rfq, clock.now()).signed


@requires(Permission.BID_READ)
def is_listed(
    session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID, digest: str
) -> bool | None:
    """Whether the published digest list has this digest; None until it is published."""
    rfq = queries.get(session, actor, rfq_id)
    now = clock.now()
    if not bid_rules.is_closed(rfq, now):
        return None
    listed = json.loads(closings.closing_of(session, keys, rfq, now).signed.statement)
    return digest in listed["digests"]


@requires(Permission.BID_READ)
def opening_file(session: Session, actor: Actor, keys: ServiceKeys, rfq_id: UUID) -> ProofFile:
    """All that this reader may know of closing and opening, to be verified offline.

    Before the opening: the digest list, and a bidder's own receipts. After it also the outcome and
    the opened contents: for the buyer everybody's with the minutes, for a bidder their own.
    """
    rfq = queries.get(session, actor, rfq_id)
    # prices that are sealed apart are sealed in the file as well
    is_readable = rfq.opened_at is not None and not rfq.prices_sealed
    if rfq.buyer_id == actor.org_id and is_readable:
        quality_rules.check_prices_shown(rfq)
        price_sight.prices_shown(session, actor, rfq)
    closed = closings.closing_of(session, keys, rfq, clock.now())
    outcome = proof_queries.outcome(session, rfq_id)
    if rfq.opened_at is not None and outcome is None:
        raise NotFound(_("These bids were opened before opening files were introduced."))
    content = _content(session, actor, rfq, keys, closed, outcome)
    return ProofFile(f"opening-{rfq.number}.json", papers.whole_file(keys, content))


def _content(
    session: Session,
    actor: Actor,
    rfq: Rfq,
    keys: ServiceKeys,
    closed: Closed,
    outcome: RfqOutcome | None,
) -> dict[str, Any]:
    seal, key = closed.seal, keys.public_key()
    terms = bid_queries.terms_versions(session, rfq.id)
    revealed = json.loads(outcome.statement) if outcome else None
    attempts = proof_queries.readable_attempts(
        session, actor, rfq.id, until=len(revealed["chain"]) if revealed else None
    )
    minutes = proof_queries.minutes(session, actor, rfq.id) if outcome else None
    prices = None
    if rfq.prices_opened_at is not None:
        prices = proof_queries.price_minutes(session, actor, rfq.id)
    opened = proof_queries.opened_envelopes(session, actor, rfq.id) if outcome else []
    lost = []
    is_buyer = rfq.buyer_id == actor.org_id
    if revealed and len(opened) < len(revealed["digests"]) and (is_buyer or not opened):
        lost = proof_queries.sealed_for_good(session, actor, rfq.id)
    return {
        "format": FORMAT,
        "algorithm": "Ed25519",
        "public_key": key.hex(),
        "key_fingerprint": papers.sha256(key),
        "reader_id": str(actor.organisation_id),
        "rfq": {
            "id": str(rfq.id),
            "number": rfq.number,
            "title": rfq.title,
            "buyer_id": str(rfq.buyer_id),
            "bids_due_at": instant(rfq.bids_due_at) if rfq.bids_due_at else None,
            "time_zone": rfq.time_zone,
            "fingerprint": seal.fingerprint,
            "terms": seal.terms,
        },
        "terms_versions": [
            {"number": each.number, "fingerprint": each.fingerprint, "terms": each.terms}
            for each in terms.values()
        ],
        "names": _names(session, rfq, attempts),
        "closing": closed.signed.to_json(),
        "outcome": _signed(outcome),
        "minutes": _signed(minutes),
        "price_minutes": _signed(prices),
        "receipts": [Signed(each.statement, each.signature).to_json() for each in attempts],
        "bids": [
            *(_bid(each, terms[each.version.terms_number].fingerprint) for each in opened),
            *map(_unreadable, lost),
        ],
    }


def _names(session: Session, rfq: Rfq, attempts: Sequence[BidAttempt]) -> dict[str, str]:
    known = organisations(session, {rfq.buyer_id, *(each.supplier_id for each in attempts)})
    return {str(org_id): organisation.name for org_id, organisation in known.items()}


def _signed(paper: Any) -> dict[str, str] | None:
    return Signed(paper.statement, paper.signature).to_json() if paper else None


def _bid(opened: OpenedEnvelope, fingerprint: str) -> dict[str, Any]:
    """The sealed version with the keys that open it, and what it says, as far as it is open."""
    offer, sealed = opened.offer, bid_vault.sealed_bid(opened.version)
    binding = Binding(
        offer.rfq_id,
        offer.supplier_id,
        offer.number,
        fingerprint,
        alternative=offer.alternative,
    )
    named = {
        "bid_id": str(offer.bid_id),
        "supplier_id": str(offer.supplier_id),
        "number": offer.number,
    }
    if sealed.technical is None:
        return {**named, **_envelope(sealed.main, offer.data_key or b"", binding)}
    technical = _envelope(sealed.technical, offer.data_key or b"", binding.of(TECHNICAL))
    prices = _envelope(sealed.main, opened.price_key, binding.of(PRICE))
    return {**named, **prices, "technical": technical}


def _unreadable(lost: SealedForGood) -> dict[str, Any]:
    """A bid that nobody could read, as its bidder sealed it."""
    sealed = bid_vault.sealed_bid(lost.version)
    shown = _envelope(sealed.main, None, None)
    if sealed.technical is not None:
        shown["technical"] = _envelope(sealed.technical, None, None)
    return {
        "bid_id": str(lost.found.bid_id),
        "supplier_id": str(lost.found.supplier_id),
        "number": lost.version.number,
        "unreadable": lost.found.reason,
        **shown,
    }


def _envelope(envelope: Envelope, data_key: bytes | None, place: Binding | None) -> dict[str, Any]:
    """One envelope; its content is None while it is sealed."""
    content = None
    if data_key is not None and place is not None:
        content = json.loads(envelopes.open_body(envelope, data_key, place))
    return {
        "cipher": str(envelope.cipher),
        "ciphertext": _base64(envelope.ciphertext),
        "key_for_opening": _base64(envelope.key_for_opening),
        "key_for_reading_back": _base64(envelope.key_for_reading_back),
        "data_key": _base64(data_key) if data_key is not None else None,
        "content": content,
    }


def _base64(content: bytes) -> str:
    return b64encode(content).decode()
