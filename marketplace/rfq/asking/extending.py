"""Moving a published deadline later, whoever has the right to and for whatever reason."""

from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.events.rfq import DeadlineExtended
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import kind_rules, queries, rules
from marketplace.rfq.asking.models import Rfq


def move_deadline(session: Session, actor: Actor, rfq: Rfq, due_at: datetime) -> None:
    """For everybody: all who were asked are told. Raises DeadlineShortenForbidden.

    An auction that was announced for an earlier instant is planned after the opening instead.
    """
    rules.check_extension(rfq, due_at)
    if kind_rules.starts_too_early(rfq, due_at):
        rfq.auction_starts_at = None
    previous, rfq.bids_due_at = rfq.bids_due_at, due_at
    supplier_ids = queries.invited_ids(session, rfq.id)
    outbox.record(
        session,
        DeadlineExtended(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            previous_due_at=previous or due_at,
            bids_due_at=due_at,
            extended_at=clock.now(),
            supplier_ids=supplier_ids,
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session,
        actor,
        "rfq.deadline.extended",
        ("rfq", rfq.id),
        {"from": previous.isoformat() if previous else None, "to": due_at.isoformat()},
    )
