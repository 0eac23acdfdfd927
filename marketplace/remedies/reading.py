"""What became of the awards of an RFQ, for everybody who may see it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.remedies import rules
from marketplace.rfq import bid_queries, queries
from marketplace.rfq.award_models import AwardStanding
from marketplace.rfq.models import Rfq
from marketplace.web.shown import Shown


def standings(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[Shown]:
    """Every award, withdrawn ones too, newest first. It names no bidder."""
    rfq = queries.get(session, actor, rfq_id)
    return [shown(each, rfq, actor) for each in bid_queries.standings(session, rfq_id)]


def shown(standing: AwardStanding, rfq: Rfq, actor: Actor) -> Shown:
    """The award's standing with its clock."""
    now = clock.now()
    return Shown(
        standing,
        rules.actions_for(standing, actor, now),
        time_zone=rfq.time_zone,
        is_over=standing.is_over(now),
    )
