"""Suspending an RFQ: nothing is taken and no deadline passes until it goes on, for nobody."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.clock import instant
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.events.rfq import RfqResumed, RfqSuspended
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.drafts import Deadline

MINUTE = timedelta(minutes=1)


class ResumptionTooSoon(Invalid):
    code = "deadline_too_soon"


@requires(Permission.RFQ_PUBLISH)
def suspend(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, expected: int | None = None
) -> Rfq:
    """Stop the clocks before the deadline has passed. Bids that were submitted stay valid."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    now = clock.now()
    rfq.state = rfq.flow.next(rfq.state_at(now), "suspend")
    rfq.suspended_at, rfq.suspension_reason = now, reason.strip()
    supplier_ids = queries.invited_ids(session, rfq.id)
    outbox.record(
        session,
        RfqSuspended(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            suspended_at=now,
            reason=rfq.suspension_reason,
            supplier_ids=supplier_ids,
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session, actor, "rfq.suspended", ("rfq", rfq.id), {"reason": rfq.suspension_reason}
    )
    session.flush()
    return rfq


@requires(Permission.RFQ_PUBLISH)
def resume(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bids_due_at: Deadline | None = None,
    expected: int | None = None,
) -> Rfq:
    """Let the clocks run again: deadlines move by the length of the suspension, for everybody.

    bids_due_at: a later deadline than that. Raises DeadlineShortenForbidden or ResumptionTooSoon.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    state = rfq.flow.next(rfq.state, "resume")
    now, began = clock.now(), rfq.suspended_at or clock.now()
    previous, least = bid_rules.deadline_of(rfq), _resumed_due_at(rfq, now)
    rfq.bids_due_at = _chosen(rfq, bids_due_at, least)
    rfq.state = state
    if rfq.questions_due_at is not None and rfq.questions_due_at > began:
        rfq.questions_due_at = min(_later(rfq.questions_due_at, now - began), rfq.bids_due_at)
    rfq.suspended_at = rfq.suspension_reason = None
    supplier_ids = queries.invited_ids(session, rfq.id)
    outbox.record(
        session,
        RfqResumed(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            suspended_at=began,
            resumed_at=now,
            bids_due_at=rfq.bids_due_at,
            supplier_ids=supplier_ids,
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session,
        actor,
        "rfq.resumed",
        ("rfq", rfq.id),
        {"from": instant(previous), "to": instant(rfq.bids_due_at)},
    )
    session.flush()
    return rfq


@requires(Permission.RFQ_READ)
def least_due_at(session: Session, actor: Actor, rfq_id: UUID) -> datetime | None:
    """The deadline that a resumption would bring now; None where nothing is suspended."""
    rfq = queries.get_own(session, actor, rfq_id)
    return None if rfq.suspended_at is None else _resumed_due_at(rfq, clock.now())


def _resumed_due_at(rfq: Rfq, now: datetime) -> datetime:
    """The deadline, later by the suspension: bidders get every second of it back."""
    return _later(bid_rules.deadline_of(rfq), now - (rfq.suspended_at or now))


def _later(at: datetime, length: timedelta) -> datetime:
    """Later by so many minutes, of which one that has begun counts whole."""
    return at + MINUTE * -(-length // MINUTE)


def _chosen(rfq: Rfq, written: Deadline | None, least: datetime) -> datetime:
    if written is None:
        return least
    chosen = deadlines.instant_of(written, ZoneInfo(rfq.time_zone), "/bids_due_at")
    if chosen <= bid_rules.deadline_of(rfq):
        rules.check_extension(rfq, chosen)
    if chosen < least:
        detail = _("The deadline moves by the whole suspension at least.")
        raise ResumptionTooSoon(
            detail,
            errors=[FieldError("/bids_due_at", ResumptionTooSoon.code, detail)],
            needed_due_at=instant(least),
        )
    return chosen
