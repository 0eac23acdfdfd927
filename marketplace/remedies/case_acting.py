"""One door to the steps of a case, for API and portal: the action says which use case it is."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.remedies import case_queries
from marketplace.remedies.casework import Words
from marketplace.remedies.models import AwardCase
from marketplace.remedies.services import challenging, debriefing
from marketplace.remedies.states import CaseAction, CaseKind

_WORK: Mapping[CaseAction, Callable[[Session, Actor, UUID, Words], AwardCase]] = {
    CaseAction.ANSWER: debriefing.answer,
    CaseAction.REPLY: challenging.reply,
    CaseAction.ADMIT: challenging.admit,
    CaseAction.DISMISS: challenging.dismiss,
    CaseAction.ESCALATE: challenging.escalate,
    CaseAction.UPHOLD: challenging.uphold,
    CaseAction.REJECT: challenging.reject,
    CaseAction.WITHDRAW: challenging.withdraw,
}
ACTIONS = (CaseAction.ASK, *_WORK)


def begin(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    award_id: UUID,
    kind: CaseKind,
    words: Words,
    arrived_at: datetime,
) -> AwardCase:
    """Ask for a debrief, or file a challenge."""
    work = challenging.file if kind is CaseKind.CHALLENGE else debriefing.ask
    return work(session, actor, rfq_id, award_id, words, arrived_at)


def act(
    session: Session,
    actor: Actor,
    case_id: UUID,
    action: CaseAction,
    words: Words,
    arrived_at: datetime,
) -> AwardCase:
    """Do one of ``ACTIONS`` in a case."""
    if action is CaseAction.ASK:
        case = case_queries.get(session, actor, case_id)
        return debriefing.ask(session, actor, case.rfq_id, case.award_id, words, arrived_at)
    return _WORK[action](session, actor, case_id, words)
