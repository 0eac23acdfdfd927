"""What every submission does, whoever has sealed it: a signed receipt, and storing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Conflict
from marketplace.core.ids import uuid7
from marketplace.core.outbox import OutboxMessage
from marketplace.core.text import _
from marketplace.events.rfq import BidSubmitted
from marketplace.identity.permissions import Actor
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import attempts, receipts
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.sealing.envelopes import Binding, SealedBid, ServiceKeys
from marketplace.rfq.terms.bid_states import AttemptOutcome


class BidChanged(Conflict):
    code = "bid_changed"


@dataclass(frozen=True)
class Stored:
    """A submission as it was stored."""

    bid_id: UUID
    version: int
    created_at: datetime
    receipt: BidAttempt


def store(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    door: Door,
    arrived_at: datetime,
    sealed: SealedBid,
    binding: Binding,
    documents: Mapping[str, str] | None = None,
) -> Stored:
    """Put the sealed bid in the place of any earlier version; BidChanged when one came between.

    documents: as `receipts.attempt` states them.
    """
    bid_id = door.bid.id if door.bid else uuid7()
    receipt = receipts.attempt(
        keys,
        attempts.passage(door, actor, arrived_at),
        AttemptOutcome.ACCEPTED,
        bid_id=bid_id,
        number=binding.number,
        digest=sealed.digest(binding),
        envelopes=sealed.digests(binding),
        terms_number=door.seal.terms_number,
        documents=documents,
    )
    seen = door.bid.version if door.bid else 0
    noted, announced = _noted(actor, bid_id, receipt), _announced(bid_id, receipt)
    version = bid_vault.store_version(
        session,
        receipt,
        sealed,
        noted,
        announced,
        terms_number=door.seal.terms_number,
        seen=seen,
    )
    if version is None:
        raise BidChanged(_("Your bid was changed at the same moment elsewhere. Look at it again."))
    for stale in (door.bid, door.draft):
        if stale is not None:
            session.expunge(stale)
    created_at = door.bid.created_at if door.bid else clock.now()
    return Stored(bid_id, version, created_at, receipt)


def _noted(actor: Actor, bid_id: UUID, receipt: BidAttempt) -> AuditEvent:
    facts = {"number": receipt.number, "digest": receipt.digest}
    return audit.event(actor, "bid.submitted", ("bid", bid_id), facts)


def _announced(bid_id: UUID, receipt: BidAttempt) -> OutboxMessage:
    submitted = BidSubmitted(
        bid_id=bid_id,
        rfq_id=receipt.rfq_id,
        supplier_id=receipt.supplier_id,
        buyer_id=receipt.buyer_id,
        submitted_at=receipt.arrived_at,
    )
    return outbox.message(submitted, audience=[receipt.supplier_id])
