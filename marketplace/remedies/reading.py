"""What became of the awards of an RFQ, for everybody who may see it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.remedies import case_queries, rules
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import OPEN_CHALLENGES
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.models import AwardStanding
from marketplace.web.shown import Shown


def standings(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[Shown]:
    """Every award, withdrawn ones too, newest first. It names no bidder."""
    rfq = queries.get(session, actor, rfq_id)
    found = award_queries.standings(session, rfq_id)
    challenges = case_queries.open_challenges(session, [each.award_id for each in found])
    return shown_with(found, rfq, actor, challenges)


def shown_with(
    found: Sequence[AwardStanding], rfq: Rfq, actor: Actor, cases: Sequence[AwardCase]
) -> list[Shown]:
    """Standings with those of these cases that hold them back."""
    challenges = [case for case in cases if case.state in OPEN_CHALLENGES]
    return [shown(each, rfq, actor, challenges) for each in found]


def shown(
    standing: AwardStanding, rfq: Rfq, actor: Actor, challenges: Sequence[AwardCase] = ()
) -> Shown:
    """The award's standing with its clock, and the open challenges that the reader may see."""
    now = clock.now()
    own = [case for case in challenges if case.award_id == standing.award_id]
    return Shown(
        standing,
        rules.actions_for(standing, actor, now, is_challenged=bool(own)),
        challenge_ids=[case.id for case in own],
        time_zone=rfq.time_zone,
        is_over=standing.is_over(now),
    )
