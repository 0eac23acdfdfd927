"""Reads: orders, deliveries to expect, receipts and returns, a supplier's performance."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.pages import DEFAULT_LIMIT, Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.orders import receiving_rules
from marketplace.orders.models import GoodsReturn, Order, OrderLine, Receipt, ReceiptLine
from marketplace.orders.receiving_rules import LinePerformance
from marketplace.orders.states import ISSUED_STATES, OPEN_STATES, OrderState

WITH_LINES = selectinload(Order.lines)
WITH_ALL = (WITH_LINES, selectinload(Order.invoices))
JOINED = (WITH_LINES, joinedload(Order.invoices))
NEWEST = (Order.created_at.desc(), Order.id.desc())


def visible_to(actor: Actor) -> Select[Order]:
    """The buyer's own orders; for a supplier those that were issued to it."""
    return select(Order).where(_is_visible(actor))


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system:
        return Order.id.is_not(None)
    if actor.org_kind is OrgKind.BUYER:
        return Order.buyer_id == actor.org_id
    if actor.org_kind is OrgKind.SUPPLIER:
        return (
            (Order.supplier_id == actor.org_id)
            & Order.state.in_(ISSUED_STATES)
            & (Order.issued_at.is_not(None))
        )
    return false()


@requires(Permission.ORDER_READ)
def get(session: Session, actor: Actor, order_id: UUID, *, lock: bool = False) -> Order:
    """The order with lines and invoices, or NotFound. Locked, it is read afresh."""
    query = visible_to(actor).where(Order.id == order_id)
    if lock:  # an outer join cannot be locked
        query = query.options(*WITH_ALL).with_for_update()
        query = query.execution_options(populate_existing=True)
    else:
        query = query.options(*JOINED)
    found = session.scalars(query).unique().one_or_none()
    if found is None:
        raise NotFound(_("There is no such order."))
    return found


def find_awarded(session: Session, award_id: UUID, supplier_id: UUID) -> Order | None:
    """The order that was made from this award for this supplier."""
    return session.scalar(
        select(Order).where(
            Order.award_id == award_id, Order.supplier_id == supplier_id, Order.revision == 1
        )
    )


@requires(Permission.ORDER_READ)
def revisions(
    session: Session, actor: Actor, order: Order, *, with_lines: bool = False
) -> Sequence[Order]:
    """Every revision under the same number that the actor may see, newest first."""
    query = (
        visible_to(actor)
        .where(Order.buyer_id == order.buyer_id, Order.number == order.number)
        .order_by(Order.revision.desc())
    )
    return session.scalars(query.options(WITH_LINES) if with_lines else query).all()


@requires(Permission.ORDER_READ)
def by_ids(session: Session, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, Order]:
    """Orders without their lines, by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.scalars(visible_to(actor).where(Order.id.in_(wanted)))
    return {row.id: row for row in rows}


@requires(Permission.ORDER_READ)
def by_rfq(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[Order]:
    """The orders that came from one RFQ."""
    return session.scalars(
        visible_to(actor).where(Order.rfq_id == rfq_id).order_by(Order.number, Order.revision)
    ).all()


@requires(Permission.ORDER_READ)
def search(
    session: Session,
    actor: Actor,
    *,
    states: Iterable[OrderState] = (),
    supplier_id: UUID | None = None,
    buyer_id: UUID | None = None,
    rfq_id: UUID | None = None,
    containing: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Order]:
    """Orders without their lines, newest first."""
    query = visible_to(actor)
    equal: tuple[tuple[Any, UUID | None], ...] = (
        (Order.supplier_id, supplier_id),
        (Order.buyer_id, buyer_id),
        (Order.rfq_id, rfq_id),
    )
    for column, value in equal:
        if value is not None:
            query = query.where(column == value)
    wanted = list(states)
    if wanted:
        query = query.where(Order.state.in_(wanted))
    if containing:
        query = query.where(_contains(containing))
    return paginate(session, query, order=NEWEST, cursor=cursor, limit=limit)


def _contains(words: str) -> ColumnElement[bool]:
    """In the number, the title or the supplier's name."""
    return or_(
        *(
            column.icontains(words, autoescape=True)
            for column in (Order.number, Order.title, Order.supplier_name)
        )
    )


@requires(Permission.ORDER_READ)
def counts(session: Session, actor: Actor) -> dict[OrderState, int]:
    """How many orders the actor sees in each state."""
    rows = session.execute(
        select(Order.state, func.count()).where(_is_visible(actor)).group_by(Order.state)
    )
    return {row[0]: row[1] for row in rows}


@requires(Permission.ORDER_READ)
def arriving(
    session: Session, actor: Actor, *, until: date | None = None, limit: int = 200
) -> Sequence[Order]:
    """Orders of which something is still to be delivered, the most urgent first.

    until: only those with a line due by this day, or without a day.
    """
    promised = func.coalesce(OrderLine.confirmed_on, OrderLine.due_on)
    kept = OrderLine.accepted - OrderLine.returned_accepted
    due = (
        select(OrderLine.order_id, func.min(promised).label("first_due"))
        .where(OrderLine.quantity - OrderLine.cancelled - kept > 0)
        .group_by(OrderLine.order_id)
        .subquery()
    )
    query = (
        visible_to(actor)
        .join(due, due.c.order_id == Order.id)
        .where(Order.state.in_(OPEN_STATES))
        .order_by(due.c.first_due.asc().nulls_last(), Order.id)
        .options(joinedload(Order.lines))
        .limit(limit)
    )
    if until is not None:
        query = query.where(or_(due.c.first_due <= until, due.c.first_due.is_(None)))
    return session.scalars(query).unique().all()


@requires(Permission.ORDER_READ)
def receipts(session: Session, actor: Actor, order_id: UUID) -> Sequence[Receipt]:
    """The deliveries of an order that the actor was found to see, oldest first."""
    rows = session.scalars(
        select(Receipt)
        .where(Receipt.order_id == order_id, _is_party(actor, Receipt))
        .order_by(Receipt.created_at, Receipt.id)
        .options(joinedload(Receipt.lines))
    )
    return rows.unique().all()


@requires(Permission.ORDER_READ)
def receipt(session: Session, actor: Actor, receipt_id: UUID) -> Receipt:
    """One delivery with its lines, or NotFound."""
    found = session.scalar(
        select(Receipt)
        .where(Receipt.id == receipt_id, _is_party(actor, Receipt))
        .options(selectinload(Receipt.lines))
    )
    if found is None:
        raise NotFound(_("There is no such receipt."))
    return found


@requires(Permission.ORDER_READ)
def search_receipts(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[Receipt]:
    """Deliveries, newest first."""
    query = select(Receipt).where(_is_party(actor, Receipt)).options(selectinload(Receipt.lines))
    order = (Receipt.created_at.desc(), Receipt.id.desc())
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


@requires(Permission.ORDER_READ)
def returns(session: Session, actor: Actor, order_id: UUID) -> Sequence[GoodsReturn]:
    """What went back of an order that the actor was found to see, oldest first."""
    rows = session.scalars(
        select(GoodsReturn)
        .where(GoodsReturn.order_id == order_id, _is_party(actor, GoodsReturn))
        .order_by(GoodsReturn.created_at, GoodsReturn.id)
        .options(joinedload(GoodsReturn.lines))
    )
    return rows.unique().all()


def _is_party(actor: Actor, table: type[Receipt] | type[GoodsReturn]) -> ColumnElement[bool]:
    if actor.is_system:
        return table.id.is_not(None)
    return or_(table.buyer_id == actor.org_id, table.supplier_id == actor.org_id)


def receipt_lines(session: Session, order_id: UUID) -> dict[UUID, ReceiptLine]:
    """Every receipt line of an order, by id, locked in one order."""
    rows = session.scalars(
        select(ReceiptLine)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(Receipt.order_id == order_id)
        .order_by(ReceiptLine.id)
        .with_for_update(of=ReceiptLine)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in rows}


def performance(session: Session, order_id: UUID) -> tuple[LinePerformance, ...]:
    """Per line: what was due and by when, what came in time, what was rejected."""
    order = session.scalars(
        select(Order).where(Order.id == order_id).options(WITH_LINES)
    ).one_or_none()
    if order is None:
        raise NotFound(_("There is no such order."))
    rows = session.execute(
        select(ReceiptLine, Receipt.received_on)
        .join(Receipt, Receipt.id == ReceiptLine.receipt_id)
        .where(Receipt.order_id == order_id)
    )
    return receiving_rules.performance_of(order, [(line, on) for line, on in rows])
