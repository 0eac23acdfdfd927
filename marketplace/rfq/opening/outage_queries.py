"""Outages between a deadline and its bids, and what the buyer ruled about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.orm import Session

from marketplace.core import clock, outages
from marketplace.core.clock import instant
from marketplace.core.errors import Conflict
from marketplace.core.outages import Silence
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.rules import DRAIN
from marketplace.rfq.opening.models import RfqOutageRuling
from marketplace.rfq.terms.states import RfqState

_WAITING = text("SELECT * FROM ingress_waiting(:rfq_id, :since, :until)").bindparams(
    bindparam("rfq_id", type_=Uuid())
)
# Who was kept out in the last hour may have had no other chance.
BEFORE = timedelta(hours=1)


class OutageAtDeadline(Conflict):
    code = "outage_at_deadline"
    title = _("Not available before the deadline")


@dataclass(frozen=True)
class WaitingAttempt:
    """A submission that was here in time and could not be taken; of whom is not told."""

    id: UUID
    arrived_at: datetime
    digest: str


@dataclass(frozen=True)
class AtDeadline:
    """What stood in the way of bids before this deadline, and the ruling on it."""

    due_at: datetime
    outages: Sequence[Silence]
    attempts: Sequence[WaitingAttempt]
    ruling: RfqOutageRuling | None

    @property
    def is_clear(self) -> bool:
        """Whether nothing stood in the way."""
        return not self.outages and not self.attempts

    @property
    def needs_ruling(self) -> bool:
        return not self.is_clear and self.ruling is None


def at_deadline(session: Session, rfq: Rfq) -> AtDeadline | None:
    """Outages from an hour before the deadline until all that came in time is stored.

    None while the RFQ still takes bids, or never took any.
    """
    due_at = rfq.bids_due_at
    if due_at is None or rfq.state_at(clock.now()) is not RfqState.CLOSED:
        return None
    found = outages.during(session, due_at - BEFORE, due_at + DRAIN)
    ruling = session.scalar(
        select(RfqOutageRuling).where(
            RfqOutageRuling.rfq_id == rfq.id, RfqOutageRuling.due_at == due_at
        )
    )
    wanted = {"rfq_id": rfq.id, "since": due_at - BEFORE, "until": due_at}
    waiting = [WaitingAttempt(*row) for row in session.execute(_WAITING, wanted)]
    return AtDeadline(due_at, found, waiting, ruling)


def check_ruled(session: Session, rfq: Rfq) -> None:
    """Raise OutageAtDeadline until the buyer has ruled on what kept bidders out."""
    found = at_deadline(session, rfq)
    if found is not None and found.needs_ruling:
        raise OutageAtDeadline(
            _(
                "The marketplace could not be reached shortly before this deadline. First rule on"
                " it: extend the deadline for everybody, or let it stand and say why."
            ),
            outages=[
                {
                    "began_at": instant(each.began_at),
                    "ended_at": instant(each.ended_at) if each.ended_at else None,
                }
                for each in found.outages
            ],
            attempts=[
                {"id": str(each.id), "arrived_at": instant(each.arrived_at)}
                for each in found.attempts
            ],
        )
