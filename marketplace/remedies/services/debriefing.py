"""Debriefs: a bidder asks why, the buyer explains, and tells nothing of other losers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.remedies import case_queries, case_rules, casework, queries
from marketplace.remedies.casework import Words
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import CaseAction, CaseKind, LetterKind
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.states import AwardState


@requires(Permission.BID_SUBMIT)
def ask(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    award_id: UUID,
    words: Words,
    arrived_at: datetime,
) -> AwardCase:
    """Ask why lots were lost: a first time, or again after an answer, in the same file.

    Raises NothingLost, DebriefOver or DecisionWithdrawn.
    """
    rfq = rfq_queries.get(session, actor, rfq_id)
    letter = queries.own_letter(session, actor, rfq_id, award_id)
    standing = award_queries.standing(session, rfq_id, award_id)
    if standing.state is AwardState.WITHDRAWN:
        raise case_rules.DecisionWithdrawn(_("The decision has been withdrawn."))
    if letter.kind is LetterKind.WON:
        raise case_rules.NothingLost(_("You won everything that you bid for."))
    case_rules.check_debrief_time(letter.debrief_until, arrived_at)
    words = casework.with_body(words)
    case = case_queries.live(session, award_id, actor.organisation_id, CaseKind.DEBRIEF)
    if case is None:
        return casework.begin(session, actor, rfq, standing, CaseKind.DEBRIEF, words, arrived_at)
    return casework.go_on(session, actor, rfq, case, CaseAction.ASK, words)


@requires(Permission.RFQ_AWARD)
def answer(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Explain the decision to this bidder. Raises NamesALoser or IllegalTransition."""
    case = case_queries.get(session, actor, case_id, lock=True)
    rfq = rfq_queries.get_own(session, actor, case.rfq_id)
    words = casework.with_body(words)
    casework.check_discreet(session, case, words)
    return casework.go_on(session, actor, rfq, case, CaseAction.ANSWER, words)
