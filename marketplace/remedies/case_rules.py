"""Decisions about debriefs and challenges that need no database: who, when, until when."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from marketplace.core.clock import instant
from marketplace.core.errors import Conflict, FieldError, Invalid, NotAllowed
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission
from marketplace.remedies.models import AwardCase
from marketplace.remedies.rules import StandstillOver
from marketplace.remedies.states import CASE_FLOW, CaseAction, CaseKind, CaseStep
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.terms import deadlines

A = CaseAction
# Calendar days for the buyer to answer a debrief (as Directive 2014/24/EU, article 55)
DEBRIEF_DAYS = 15
STEP_DAYS: Mapping[CaseStep, int] = {
    CaseStep.ADMISSION: 5,
    CaseStep.TALK: 5,
    CaseStep.WRITTEN_ANSWER: 10,
    CaseStep.MEDIATION: 30,
    CaseStep.ARBITRATION: 60,
}
STEPS = tuple(CaseStep)
BY_CLAUSE = frozenset({CaseStep.MEDIATION, CaseStep.ARBITRATION})
DECIDING = frozenset({A.ADMIT, A.DISMISS, A.UPHOLD, A.REJECT})
MAX_DOCUMENTS = 20

_SUPPLIERS: Mapping[CaseAction, Permission] = dict.fromkeys(
    (A.ASK, A.REPLY, A.ESCALATE, A.WITHDRAW), Permission.BID_SUBMIT
)
_BUYERS: Mapping[CaseAction, Permission] = {
    **dict.fromkeys((A.ANSWER, A.REPLY, A.ESCALATE), Permission.RFQ_AWARD),
    **dict.fromkeys(DECIDING, Permission.CHALLENGE_DECIDE),
}


class DebriefOver(Conflict):
    code = "debrief_over"


class DecisionWithdrawn(Conflict):
    code = "award_withdrawn"


class NothingLost(Conflict):
    code = "nothing_lost"


class NoStandstill(Conflict):
    code = "no_standstill"


class CaseIsOpen(Conflict):
    code = "case_is_open"


class NoFurtherStep(Conflict):
    code = "no_further_step"


class BodyRequired(Invalid):
    code = "body_required"


class FourEyes(NotAllowed):
    code = "four_eyes"


def checked_body(body: str) -> str:
    """The words without blanks around them, or BodyRequired."""
    if not body.strip():
        raise BodyRequired(
            _("Write what you have to say."),
            errors=[FieldError("/body", "required", _("Some words are needed."))],
        )
    return body.strip()


def check_challengeable(standing: AwardStanding, arrived_at: datetime) -> None:
    """Raise NoStandstill or StandstillOver for a challenge that arrives at this instant."""
    if standing.state is not AwardState.STANDSTILL:
        raise NoStandstill(_("This decision does not stand still: it cannot be challenged here."))
    if standing.standstill_until is not None and standing.is_over(arrived_at):
        raise StandstillOver(
            _("The standstill has ended; challenges had to arrive before."),
            standstill_until=instant(standing.standstill_until),
        )


def check_debrief_time(debrief_until: datetime, arrived_at: datetime) -> None:
    if arrived_at > debrief_until:
        raise DebriefOver(
            _("The time for a debrief has ended."), debrief_until=instant(debrief_until)
        )


def check_four_eyes(actor: Actor, decided_by: UUID) -> None:
    """Raise FourEyes for the person who took the decision that is challenged."""
    if actor.person == decided_by:
        raise FourEyes(_("You took the decision; somebody else decides on a challenge to it."))


def check_party(case: AwardCase, actor: Actor, action: CaseAction) -> None:
    """Raise NotAllowed unless the actor's role in their organisation includes this."""
    policy = _BUYERS if actor.org_id == case.buyer_id else _SUPPLIERS
    if not actor.may(policy[action]):
        raise NotAllowed(_("Your role does not include this."), permission=str(policy[action]))


def next_step(step: CaseStep | None, clause: str) -> CaseStep | None:
    """What comes after this step; mediation and arbitration only where they are agreed."""
    if step is None or step is STEPS[-1]:
        return None
    following = STEPS[STEPS.index(step) + 1]
    return None if following in BY_CLAUSE and not clause else following


def due_at(kind: CaseKind, step: CaseStep | None, now: datetime, time_zone: str) -> datetime:
    """The end of the last day of this step, in the zone of the RFQ."""
    days = DEBRIEF_DAYS if kind is CaseKind.DEBRIEF or step is None else STEP_DAYS[step]
    return deadlines.end_of_day(now, days, deadlines.zone_of(time_zone))


def actions_for(
    case: AwardCase,
    actor: Actor,
    clause: str,
    *,
    decided_by: UUID | None = None,
    may_ask: bool = False,
) -> list[CaseAction]:
    """What this actor may do in the case now. decided_by: who took the decision, for the buyer."""
    policy = _BUYERS if actor.org_id == case.buyer_id else _SUPPLIERS
    possible = [CaseAction(action) for action in CASE_FLOW.actions(case.state)]
    blocked = set() if actor.person_id != decided_by else set(DECIDING)
    if next_step(case.step, clause) is None:
        blocked.add(A.ESCALATE)
    if not may_ask:
        blocked.add(A.ASK)
    return [
        action
        for action in possible
        if action in policy and actor.may(policy[action]) and action not in blocked
    ]
