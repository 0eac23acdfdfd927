"""Decisions after an award that need no database: what the clock permits."""

from collections.abc import Sequence
from datetime import datetime

from marketplace.core.clock import instant
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission
from marketplace.remedies.models import AwardCase
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.awards.standings import DRAIN
from marketplace.rfq.awards.states import AwardState


class StandstillRuns(Conflict):
    code = "standstill_runs"


class StandstillOver(Conflict):
    code = "standstill_over"


class AwardChallenged(Conflict):
    code = "award_challenged"


class ReasonRequired(Invalid):
    code = "reason_required"


def may_conclude(standing: AwardStanding, now: datetime) -> bool:
    """Whether the award could become final now."""
    return standing.state is AwardState.STANDSTILL and standing.is_over(now - DRAIN)


def check_over(standing: AwardStanding, now: datetime) -> None:
    """Raise StandstillRuns until a moment after the last instant of the standstill."""
    if standing.standstill_until is not None and not standing.is_over(now - DRAIN):
        raise StandstillRuns(
            _("The award cannot be final before its standstill has ended."),
            standstill_until=instant(standing.standstill_until),
        )


def check_runs(standing: AwardStanding, now: datetime) -> None:
    """Raise StandstillOver once the clock has made the award binding."""
    if standing.standstill_until is not None and standing.is_over(now):
        raise StandstillOver(
            _("The standstill has ended; the award binds and cannot be taken back."),
            standstill_until=instant(standing.standstill_until),
        )


def check_unchallenged(open_challenges: Sequence[AwardCase]) -> None:
    """Raise AwardChallenged, naming what holds the award back."""
    if open_challenges:
        raise AwardChallenged(
            _("The award is challenged. It cannot be final before that is settled."),
            challenges=[
                {
                    "case_id": str(case.id),
                    "supplier_id": str(case.supplier_id),
                    "state": str(case.state),
                    "opened_at": instant(case.opened_at),
                }
                for case in open_challenges
            ],
        )


def checked_reason(reason: str, pointer: str = "/reason") -> str:
    """The reason without blanks around it, or ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired(
            _("Say why."), errors=[FieldError(pointer, "required", _("A reason is needed."))]
        )
    return reason.strip()


def actions_for(
    standing: AwardStanding, actor: Actor, now: datetime, *, is_challenged: bool
) -> list[str]:
    """What this actor may do with the award now."""
    is_own = actor.org_id == standing.buyer_id and actor.may(Permission.RFQ_AWARD)
    if not is_own or standing.state is not AwardState.STANDSTILL:
        return []
    if is_challenged or not standing.is_over(now):
        return ["withdraw"]
    return ["conclude"] if may_conclude(standing, now) else []
