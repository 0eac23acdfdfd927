"""What happens after an award by the clock."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.rfq import standings
from marketplace.rfq.award_models import AwardStanding
from marketplace.rfq.award_states import AwardState
from marketplace.rfq.models import Rfq

BATCH = 20


def conclude_due(session: Session, actor: Actor) -> int:
    """Make awards final whose standstill has ended; returns how many."""
    due = session.execute(
        select(AwardStanding, Rfq)
        .join(Rfq, Rfq.id == AwardStanding.rfq_id)
        .where(
            AwardStanding.state == AwardState.STANDSTILL,
            AwardStanding.standstill_until < clock.now() - standings.DRAIN,
        )
        .order_by(AwardStanding.standstill_until, AwardStanding.award_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    ).all()
    for standing, rfq in due:
        standings.conclude(session, actor, rfq, standing)
    return len(due)
