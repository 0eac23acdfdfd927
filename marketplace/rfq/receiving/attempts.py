"""An attempt at the door of an RFQ, and the signed statement that even a refused one gets."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from marketplace.core.clock import instant
from marketplace.core.errors import DomainError
from marketplace.identity.permissions import Actor
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import receipts
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.terms.bid_states import AttemptOutcome


def passage(door: Door, actor: Actor, arrived_at: datetime) -> receipts.Passage:
    return receipts.Passage(
        rfq_id=door.rfq.id,
        buyer_id=door.rfq.buyer_id,
        supplier_id=actor.organisation_id,
        arrived_at=arrived_at,
        due_at=bid_rules.deadline_of(door.rfq),
        time_zone=door.rfq.time_zone,
        alternative=door.alternative,
    )


@contextmanager
def refusals_signed(
    keys: ServiceKeys, door: Door, actor: Actor, arrived_at: datetime
) -> Iterator[None]:
    """Give every refusal a signed statement that the attempt was made."""
    try:
        yield
    except DomainError as refusal:
        attempt = receipts.attempt(
            keys,
            passage(door, actor, arrived_at),
            AttemptOutcome.REFUSED,
            bid_id=door.bid.id if door.bid else None,
            code=refusal.code,
        )
        refusal.data |= {
            "attempt_id": str(attempt.id),
            "arrived_at": instant(arrived_at),
            "statement": attempt.statement,
            "signature": attempt.signature.hex(),
        }
        raise
