"""Addenda: written aside, looked at as a difference, and published to everybody at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.clock import instant
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.events.rfq import RfqAmended
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.addenda import applying, comparing, reading
from marketplace.rfq.addenda.comparing import Change
from marketplace.rfq.addenda.models import RfqAddendum
from marketplace.rfq.addenda.wanted import Wanted
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.editing import touch
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.sealing import seals as sealing
from marketplace.rfq.sealing.models import RfqTerms
from marketplace.rfq.terms import deadlines


class AddendumOpen(Conflict):
    code = "addendum_open"


class AddendumPublished(Conflict):
    code = "addendum_published"


class NothingChanged(Invalid):
    code = "nothing_changed"


class DeadlineTooSoon(Invalid):
    code = "deadline_too_soon"


@dataclass(frozen=True)
class Preview:
    """What an addendum would change, and the deadline that it would bring.

    needed_due_at: the earliest one that leaves bidders their days. touched: how many lines have to
    be confirmed; touches_all: since something changes that holds for every line.
    """

    changes: list[Change]
    touched: int
    touches_all: bool
    needed_due_at: datetime
    bids_due_at: datetime


class _Tried(Exception):
    """Carries what a publication on trial has found."""

    def __init__(self, found: Preview) -> None:
        super().__init__()
        self.found = found


@requires(Permission.RFQ_DRAFT)
def write(
    session: Session, actor: Actor, rfq_id: UUID, wanted: Wanted, reason: str = ""
) -> RfqAddendum:
    """Begin an addendum; bidders see nothing of it. Raises AddendumOpen beside another one."""
    rfq = _amendable(session, actor, rfq_id)
    for other in reading.addenda(session, actor, rfq):
        if other.published_at is None:
            detail = _("Another addendum is being written. Publish or discard that one first.")
            raise AddendumOpen(detail, addendum_id=str(other.id))
    _tried(session, actor, rfq, wanted)
    addendum = RfqAddendum(
        id=uuid7(),
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        wanted=wanted.to_json(),
        reason=reason.strip(),
        created_by=actor.person_id,
    )
    session.add(addendum)
    audit.record(session, actor, "rfq.addendum_written", ("rfq", rfq.id))
    session.flush()
    return addendum


@requires(Permission.RFQ_DRAFT)
def rewrite(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    addendum_id: UUID,
    wanted: Wanted,
    reason: str = "",
    expected: int | None = None,
) -> RfqAddendum:
    """Write an addendum anew that has not been published."""
    rfq = _amendable(session, actor, rfq_id)
    addendum = _unpublished(session, rfq, addendum_id, expected)
    _tried(session, actor, rfq, wanted)
    addendum.wanted, addendum.reason = wanted.to_json(), reason.strip()
    audit.record(session, actor, "rfq.addendum_written", ("rfq", rfq.id))
    session.flush()
    return addendum


@requires(Permission.RFQ_DRAFT)
def discard(
    session: Session, actor: Actor, rfq_id: UUID, addendum_id: UUID, expected: int | None = None
) -> None:
    """Throw away an addendum that has not been published."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    session.delete(_unpublished(session, rfq, addendum_id, expected))
    audit.record(session, actor, "rfq.addendum_discarded", ("rfq", rfq.id))
    session.flush()


@requires(Permission.RFQ_DRAFT)
def preview(session: Session, actor: Actor, rfq_id: UUID, addendum_id: UUID) -> Preview:
    """What the addendum would change if it were published now. Raises what would refuse it."""
    rfq = _amendable(session, actor, rfq_id)
    addendum = _unpublished(session, rfq, addendum_id, None)
    return _tried(session, actor, rfq, Wanted.from_json(addendum.wanted))


@requires(Permission.RFQ_PUBLISH)
def publish(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    addendum_id: UUID,
    expected: int | None = None,
) -> RfqAddendum:
    """Make it hold for everybody, move the deadline as far as it needs, and tell bidders once.

    Bids stay valid but for touched lines, which their suppliers confirm or price anew. Raises
    NothingChanged, DeadlineShortenForbidden, DeadlineTooSoon, and what keeps content from being
    published.
    """
    rfq = _amendable(session, actor, rfq_id)
    addendum = _unpublished(session, rfq, addendum_id, expected)
    if not addendum.reason:
        detail = _("Say why you change the event. Bidders read it.")
        raise Invalid(detail, errors=[FieldError("/reason", "required", detail)])
    wanted, seal = Wanted.from_json(addendum.wanted), bid_queries.seal(session, rfq.id)
    old = seal.published
    new = _applied(session, actor, rfq, wanted, old)
    found = _compared(rfq, wanted, old, new)
    session.add(new)
    session.flush()
    seal.terms_number = new.number
    addendum.number, addendum.changes = new.number, [each.to_json() for each in found.changes]
    addendum.previous_due_at, addendum.bids_due_at = rfq.bids_due_at, found.bids_due_at
    addendum.published_at, addendum.published_by = new.published_at, actor.person_id
    rfq.bids_due_at, rfq.addendum_count = found.bids_due_at, rfq.addendum_count + 1
    touch(rfq)
    _announce(session, actor, rfq, addendum)
    session.flush()
    session.expire(seal)
    return addendum


def _amendable(session: Session, actor: Actor, rfq_id: UUID) -> Rfq:
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state_at(clock.now()), "amend")
    return rfq


def _unpublished(
    session: Session, rfq: Rfq, addendum_id: UUID, expected: int | None
) -> RfqAddendum:
    addendum = reading.addendum(session, rfq.id, addendum_id, lock=True)
    if addendum.published_at is not None:
        raise AddendumPublished(_("This addendum has been published. Write another one."))
    check_version(addendum, expected)
    return addendum


def _tried(session: Session, actor: Actor, rfq: Rfq, wanted: Wanted) -> Preview:
    """The publication itself, undone: what is shown before is what will be."""
    old = bid_queries.seal(session, rfq.id).published
    try:
        with session.begin_nested():
            new = _applied(session, actor, rfq, wanted, old)
            raise _Tried(_compared(rfq, wanted, old, new))
    except _Tried as tried:
        return tried.found
    finally:
        session.expire_all()


def _applied(session: Session, actor: Actor, rfq: Rfq, wanted: Wanted, old: RfqTerms) -> RfqTerms:
    published = bid_queries.terms_versions(session, rfq.id).values()
    highest = max(line["number"] for each in published for line in each.terms["lines"])
    applying.apply(session, actor, rfq, wanted, highest)
    return sealing.next_terms(session, rfq, old.number + 1)


def _compared(rfq: Rfq, wanted: Wanted, old: RfqTerms, new: RfqTerms) -> Preview:
    changes = comparing.changes(old.terms, new.terms)
    if not changes:
        raise NothingChanged(_("This addendum changes nothing that bidders read."))
    touched = comparing.touched(old.terms, new.terms)
    touches_all = comparing.touches_all(old.terms, new.terms)
    present = bid_rules.deadline_of(rfq)
    needs_answer = bool(touched or comparing.added(old.terms, new.terms))
    days = rfq.addendum_days + touches_all if needs_answer else 0
    needed = deadlines.working_days_after(clock.now(), days, ZoneInfo(rfq.time_zone))
    earliest = max(present, needed)
    return Preview(changes, len(touched), touches_all, earliest, _chosen(rfq, wanted, earliest))


def _chosen(rfq: Rfq, wanted: Wanted, earliest: datetime) -> datetime:
    """The later deadline that the buyer chose, or the one that is needed."""
    chosen = wanted.bids_due_at
    if chosen is None or chosen == earliest:
        return earliest
    if chosen < bid_rules.deadline_of(rfq):
        rules.check_extension(rfq, chosen)
    if chosen < earliest:
        detail = _(
            "After this change bidders need more time. Leave the deadline empty, or choose a later"
            " one."
        )
        raise DeadlineTooSoon(
            detail,
            errors=[FieldError("/bids_due_at", DeadlineTooSoon.code, detail)],
            needed_due_at=instant(earliest),
        )
    return chosen


def _announce(session: Session, actor: Actor, rfq: Rfq, addendum: RfqAddendum) -> None:
    supplier_ids = queries.invited_ids(session, rfq.id)
    outbox.record(
        session,
        RfqAmended(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            addendum_id=addendum.id,
            number=addendum.number or 0,
            bids_due_at=bid_rules.deadline_of(rfq),
            supplier_ids=supplier_ids,
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session,
        actor,
        "rfq.amended",
        ("rfq", rfq.id),
        {
            "number": addendum.number,
            "reason": addendum.reason,
            "from": instant(addendum.previous_due_at) if addendum.previous_due_at else None,
            "to": instant(bid_rules.deadline_of(rfq)),
        },
    )
