"""Publication and what may still happen until the deadline: extend, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.events.rfq import OfficersNamed, RfqPublished
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, extending, queries, rules
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import RfqInvitation
from marketplace.rfq.awards import lot_endings, lot_rules
from marketplace.rfq.sealing import seals as sealing
from marketplace.rfq.sealing.officers import queries as officer_queries
from marketplace.rfq.sealing.officers import rules as officer_rules
from marketplace.rfq.sealing.officers.rules import Appointment
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.drafts import Deadline
from marketplace.rfq.terms.lot_states import LotState
from marketplace.suppliers import queries as supplier_queries


@dataclass(frozen=True, slots=True)
class Published:
    """The RFQ, and the passphrase that is told this once; None where officers open together."""

    rfq: Rfq
    opening_passphrase: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft with its content, whom it asks, and whether it could be published."""

    rfq: Rfq
    invitations: Sequence[RfqInvitation]
    readiness: rules.Readiness


@requires(Permission.RFQ_DRAFT)
def check(session: Session, actor: Actor, rfq_id: UUID) -> Checked:
    """What keeps the draft from being published, and what its buyer should think about."""
    checked = _checked(session, actor, rfq_id)
    checked.rfq.flow.next(checked.rfq.state, "publish")
    return checked


@requires(Permission.RFQ_PUBLISH)
def publish(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    passphrase: str | None = None,
    expected: int | None = None,
    *,
    officers: Appointment | None = None,
    confirm_formula: bool = False,
) -> Published:
    """Open the RFQ for bids. Invitations go out once this has been committed.

    passphrase: what will open the bids; without one it is made. officers: two of these three
    people open instead. confirm_formula: an irregular price formula is meant to be. Raises
    RfqNotReady or OfficersInvalid with every reason, or FormulaUnconfirmed.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    state = rfq.flow.next(rfq.state, "publish")
    checked = _checked(session, actor, rfq_id).readiness
    rules.check_ready(checked, confirmed=confirm_formula)
    rfq.state = state
    rfq.published_at = clock.now()
    supplier_ids = _send_invitations(session, rfq)
    session.flush()
    opening_passphrase = None
    if officers is None:
        opening_passphrase = sealing.create_keys(session, rfq, passphrase)
    else:
        _name_officers(session, actor, rfq, officers)
    audience.share_documents(session, actor, rfq, supplier_ids)
    outbox.record(
        session,
        RfqPublished(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            number=rfq.number,
            bids_due_at=_due(rfq),
            supplier_ids=tuple(supplier_ids),
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session,
        actor,
        "rfq.published",
        ("rfq", rfq.id),
        {
            "bids_due_at": _due(rfq).isoformat(),
            "time_zone": rfq.time_zone,
            "confirmed_doubts": [
                each.finding.code for each in checked.formulas if each.finding.is_irregular
            ],
        },
    )
    return Published(rfq, opening_passphrase)


@requires(Permission.RFQ_PUBLISH)
def extend(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bids_due_at: Deadline,
    questions_due_at: Deadline | None = None,
    expected: int | None = None,
) -> Rfq:
    """Move the deadline later, for everybody. A published deadline never moves earlier."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state_at(clock.now()), "extend")
    zone = ZoneInfo(rfq.time_zone)
    due_at = deadlines.instant_of(bids_due_at, zone, "/bids_due_at")
    extending.move_deadline(session, actor, rfq, due_at)
    if questions_due_at is not None:
        asked_until = deadlines.instant_of(questions_due_at, zone, "/questions_due_at")
        rules.check_questions_extension(rfq, asked_until)
        rfq.questions_due_at = asked_until
    return rfq


@requires(Permission.RFQ_CANCEL)
def cancel(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, expected: int | None = None
) -> Rfq:
    """End the RFQ without an award, before its award is decided. Sealed bids stay sealed."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state_at(clock.now()), "cancel")
    lots = queries.lots(session, rfq.id)
    lot_rules.check_none_awarded(lots)
    open_lots = [lot for lot in lots if lot.state is LotState.OPEN]
    lot_endings.without_award(session, rfq, open_lots, "cancel", reason)
    audit.record(session, actor, "rfq.cancelled", ("rfq", rfq.id), {"reason": reason})
    return rfq


def _checked(session: Session, actor: Actor, rfq_id: UUID) -> Checked:
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    invitations = queries.invitations(session, rfq.id)
    blocked = supplier_queries.blocked_ids(
        session, [invitation.supplier_id for invitation in invitations]
    )
    found = rules.readiness(rfq, invitations, blocked, clock.now())
    return Checked(rfq, invitations, found)


def _name_officers(session: Session, actor: Actor, rfq: Rfq, appointment: Appointment) -> None:
    """Split the RFQ's private key among these people."""
    colleagues = officer_queries.colleagues(session, actor)
    appointed = officer_rules.appointed(appointment, colleagues)
    holders = [(part, each.key) for part, each in appointed if each.key is not None]
    sealing.create_shared_keys(session, rfq, holders)
    person_ids = tuple(each.person.id for _part, each in appointed)
    audit.record(
        session,
        actor,
        "rfq.officers_named",
        ("rfq", rfq.id),
        {"officers": [[str(part), str(each.person.id)] for part, each in appointed]},
    )
    outbox.record(
        session,
        OfficersNamed(
            rfq_id=rfq.id, buyer_id=rfq.buyer_id, person_ids=person_ids, named_at=clock.now()
        ),
        audience=[rfq.buyer_id],
    )


def _send_invitations(session: Session, rfq: Rfq) -> list[UUID]:
    """The invitations reach their suppliers from now on; returns who they are."""
    sent = session.scalars(
        update(RfqInvitation)
        .where(RfqInvitation.rfq_id == rfq.id)
        .values(invited_at=rfq.published_at)
        .returning(RfqInvitation.supplier_id)
    )
    return sorted(sent)


def _due(rfq: Rfq) -> datetime:
    """The deadline of an RFQ that is published or about to be."""
    if rfq.bids_due_at is None:
        raise ValueError("A published RFQ has a deadline.")
    return rfq.bids_due_at
