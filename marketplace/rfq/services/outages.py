"""Ruling on an outage before the deadline: the facts are the service's, the choice the buyer's."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import extending, queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.opening import outage_queries
from marketplace.rfq.opening.models import RfqOutageRuling
from marketplace.rfq.opening.outage_queries import AtDeadline
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.drafts import Deadline


class NothingToRule(Conflict):
    code = "nothing_to_rule"


class AlreadyRuled(Conflict):
    code = "already_ruled"


@requires(Permission.RFQ_PUBLISH)
def rule(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    *,
    reason: str,
    bids_due_at: Deadline | None = None,
    expected: int | None = None,
) -> RfqOutageRuling:
    """Extend a passed deadline for everybody, or let it stand, before any bid is opened.

    Bids that were submitted stay valid. Raises NothingToRule without an outage, AlreadyRuled.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    found = _to_be_ruled(session, rfq)
    ruling = RfqOutageRuling(
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        due_at=found.due_at,
        reason=reason.strip(),
        ruled_by=actor.person,
    )
    session.add(ruling)
    if bids_due_at is not None:
        due_at = deadlines.instant_of(bids_due_at, ZoneInfo(rfq.time_zone), "/bids_due_at")
        if due_at <= clock.now():
            detail = _("The new deadline lies in the future.")
            refuse_all([FieldError("/bids_due_at", "past", detail)])
        extending.move_deadline(session, actor, rfq, due_at)
        ruling.extended_to = due_at
    audit.record(
        session,
        actor,
        "rfq.outage_ruled",
        ("rfq", rfq.id),
        {
            "outages": [
                [each.began_at.isoformat(), each.ended_at.isoformat() if each.ended_at else None]
                for each in found.outages
            ],
            "attempts": [str(each.id) for each in found.attempts],
            "extended_to": ruling.extended_to.isoformat() if ruling.extended_to else None,
            "reason": ruling.reason,
        },
    )
    session.flush()
    return ruling


@requires(Permission.RFQ_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> AtDeadline | None:
    """What the actor's own RFQ has to be ruled on; None while it takes bids."""
    return outage_queries.at_deadline(session, queries.get_own(session, actor, rfq_id))


def _to_be_ruled(session: Session, rfq: Rfq) -> AtDeadline:
    found = outage_queries.at_deadline(session, rfq)
    if found is None or found.is_clear:
        raise NothingToRule(_("No outage stands between a passed deadline and its opening."))
    if found.ruling is not None:
        raise AlreadyRuled(_("This outage has been ruled on."))
    return found
