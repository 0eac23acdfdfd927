"""Counting what suppliers did: each order and each invitation counts exactly once.

Events may come twice and in any order. Every function first locks the one row of its order or
RFQ, then adds to the month's counts only what that row has not yet given.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.suppliers.kpi_models import InvitationFact, KpiMonth, OrderFact, RfqFact
from marketplace.suppliers.models import Supplier

SECONDS_PER_DAY = 86_400
SIX_PLACES = Decimal("0.000001")


def note_order(session: Session, order_id: UUID, supplier_id: UUID, buyer_id: UUID) -> OrderFact:
    """The fact of an order, made if need be, and locked."""
    session.execute(
        insert(OrderFact)
        .values(order_id=order_id, supplier_id=supplier_id, buyer_id=buyer_id)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(OrderFact)
        .where(OrderFact.order_id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def complete_order(session: Session, fact: OrderFact, figures: Mapping[str, Any]) -> bool:
    """Count a completed order in the month of its completion; False when it was counted before."""
    if fact.completed_at is not None:
        return False
    for name, value in figures.items():
        setattr(fact, name, value)
    variance = _variance(fact)
    add(
        session,
        (fact.supplier_id, fact.buyer_id, month_of(figures["completed_at"])),
        {
            "orders": 1,
            "due_quantity": fact.due_quantity,
            "on_time_quantity": fact.on_time_quantity,
            "received_quantity": fact.received_quantity,
            "rejected_quantity": fact.rejected_quantity,
            "price_orders": 0 if variance is None else 1,
            "price_variance": variance or Decimal(0),
        },
    )
    return True


def settle_lead_time(session: Session, fact: OrderFact) -> None:
    """Count the days from issue to last receipt, once both and the completion are known.

    A receipt that is told of later corrects what was counted.
    """
    if not (fact.completed_at and fact.issued_at and fact.last_received_at):
        return
    seconds = max((fact.last_received_at - fact.issued_at).total_seconds(), 0)
    days = (Decimal(int(seconds)) / SECONDS_PER_DAY).quantize(SIX_PLACES)
    counted = fact.lead_time_days
    if counted == days:
        return
    fact.lead_time_days = days
    add(
        session,
        (fact.supplier_id, fact.buyer_id, month_of(fact.completed_at)),
        {
            "lead_time_orders": int(counted is None),
            "lead_time_days": days - (counted or Decimal(0)),
        },
    )


def note_rfq(session: Session, rfq_id: UUID, buyer_id: UUID) -> RfqFact:
    """The gate of an RFQ, made if need be, and locked."""
    session.execute(
        insert(RfqFact).values(rfq_id=rfq_id, buyer_id=buyer_id).on_conflict_do_nothing()
    )
    return session.scalars(
        select(RfqFact)
        .where(RfqFact.rfq_id == rfq_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def note_invitation(session: Session, rfq_id: UUID, supplier_id: UUID) -> InvitationFact:
    """The fact of one supplier at one RFQ, made if need be; the gate is locked already."""
    session.execute(
        insert(InvitationFact)
        .values(rfq_id=rfq_id, supplier_id=supplier_id)
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(InvitationFact)
        .where(InvitationFact.rfq_id == rfq_id, InvitationFact.supplier_id == supplier_id)
        .execution_options(populate_existing=True)
    ).one()


def invite(session: Session, gate: RfqFact, supplier_ids: Iterable[UUID]) -> None:
    """These suppliers were invited."""
    for supplier_id in sorted(supplier_ids):
        note_invitation(session, gate.rfq_id, supplier_id).invited = True
    settle_responses(session, gate)


def settle_responses(session: Session, gate: RfqFact) -> None:
    """Count invitations and answers of an RFQ whose bids are open; nothing before that."""
    session.flush()
    if gate.opened_at is None:
        return
    month = month_of(gate.opened_at)
    invited = session.scalars(
        select(InvitationFact)
        .where(InvitationFact.rfq_id == gate.rfq_id, InvitationFact.invited)
        .order_by(InvitationFact.supplier_id)
    )
    for fact in invited:
        if fact.counted and fact.counted_response == fact.responded:
            continue
        added = {
            "invitations": 0 if fact.counted else 1,
            "responses": int(fact.responded) - int(fact.counted_response),
        }
        fact.counted, fact.counted_response = True, fact.responded
        add(session, (fact.supplier_id, gate.buyer_id, month), added)


def add(session: Session, key: tuple[UUID, UUID, date], counts: Mapping[str, Any]) -> None:
    """Add to the counts of (supplier, buyer, month). A supplier without a file is not counted."""
    supplier_id, buyer_id, month = key
    if session.get(Supplier, supplier_id) is None:
        return
    session.execute(
        insert(KpiMonth)
        .values(supplier_id=supplier_id, buyer_id=buyer_id, month=month)
        .on_conflict_do_nothing()
    )
    session.execute(
        update(KpiMonth)
        .where(
            KpiMonth.supplier_id == supplier_id,
            KpiMonth.buyer_id == buyer_id,
            KpiMonth.month == month,
        )
        .values({name: getattr(KpiMonth, name) + value for name, value in counts.items()})
        .execution_options(synchronize_session=False)
    )


def month_of(at: datetime) -> date:
    """The first day of the month in which something happened (UTC)."""
    return at.date().replace(day=1)


def latest(known: datetime | None, at: datetime) -> datetime:
    """The later of two moments, of which the first may be missing."""
    return at if known is None else max(known, at)


def sums() -> list[Any]:
    """The counts summed over the rows of a group, under their own names."""
    return [func.sum(getattr(KpiMonth, name)).label(name) for name in COUNTED]


COUNTED = (
    "orders",
    "due_quantity",
    "on_time_quantity",
    "received_quantity",
    "rejected_quantity",
    "price_orders",
    "price_variance",
    "lead_time_orders",
    "lead_time_days",
    "invitations",
    "responses",
)


def _variance(fact: OrderFact) -> Decimal | None:
    """How far the invoiced net is from the agreed one, as a share of the latter."""
    if not fact.agreed_net or fact.invoiced_net is None:
        return None
    return ((fact.invoiced_net - fact.agreed_net) / fact.agreed_net).quantize(SIX_PLACES)
