"""The end of a standstill: the award becomes final, or the decision is taken back before."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.remedies import case_queries, casework, rules
from marketplace.rfq.asking import queries
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards import standings
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.awards.states import AWARD_FLOW
from marketplace.rfq.bids import queries as bid_queries


@requires(Permission.RFQ_AWARD)
def conclude(session: Session, actor: Actor, rfq_id: UUID, award_id: UUID) -> AwardStanding:
    """Make the award final after its standstill, without waiting for the job that does it.

    Raises StandstillRuns or AwardChallenged.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    standing = award_queries.standing(session, rfq_id, award_id, lock=True)
    AWARD_FLOW.next(standing.state, "conclude")
    rules.check_over(standing, clock.now())
    rules.check_unchallenged(case_queries.open_challenges(session, [award_id]))
    standings.conclude(session, actor, rfq, standing)
    return standing


@requires(Permission.RFQ_AWARD)
def withdraw(
    session: Session, actor: Actor, rfq_id: UUID, award_id: UUID, reason: str
) -> AwardStanding:
    """Take the decision back during its standstill, or while it is challenged.

    The RFQ is in evaluation again, and challenges to the decision have lost their object.

    Raises StandstillOver or ReasonRequired.
    """
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    standing = award_queries.standing(session, rfq_id, award_id, lock=True)
    AWARD_FLOW.next(standing.state, "withdraw")
    if not case_queries.open_challenges(session, [award_id]):
        rules.check_runs(standing, clock.now())
    reason = rules.checked_reason(reason)
    casework.void_challenges(session, actor, rfq, award_id)
    standings.take_back(session, actor, rfq, standing, reason)
    return standing
