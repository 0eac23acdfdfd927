"""Reads of invoices: lists, what waits for whom, duplicates, what is left to invoice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, false, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.money import Money
from marketplace.core.pages import DEFAULT_LIMIT, Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.invoices.models import Invoice, MatchTolerance
from marketplace.invoices.states import ACCEPTED, SENT, InvoiceKind, InvoiceState
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import OrderState

ZERO = Decimal(0)
WITH_LINES = selectinload(Invoice.lines)
WITH_ALL = (WITH_LINES, selectinload(Invoice.findings))
JOINED = (joinedload(Invoice.lines), selectinload(Invoice.findings))
NEWEST = (Invoice.created_at.desc(), Invoice.id.desc())
INVOICEABLE_STATES = (
    OrderState.ISSUED,
    OrderState.ACKNOWLEDGED,
    OrderState.PARTLY_RECEIVED,
    OrderState.RECEIVED,
)


@dataclass(frozen=True)
class Outstanding:
    """What is left to pay in one currency, and how much of it is late."""

    currency: str
    count: int
    amount: Decimal
    late: Decimal

    @property
    def total(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def late_total(self) -> Money:
        return Money(self.late, self.currency)


def visible_to(actor: Actor) -> Select[Invoice]:
    """The supplier's own; for a buyer those that were sent."""
    return select(Invoice).where(_is_visible(actor))


def _is_visible(actor: Actor) -> ColumnElement[bool]:
    if actor.is_system:
        return Invoice.id.is_not(None)
    if actor.org_kind is OrgKind.BUYER:
        return (Invoice.buyer_id == actor.org_id) & Invoice.state.in_(SENT)
    if actor.org_kind is OrgKind.SUPPLIER:
        return Invoice.supplier_id == actor.org_id
    return false()


def get(session: Session, actor: Actor, invoice_id: UUID, *, lock: bool = False) -> Invoice:
    """The invoice with lines and findings, or NotFound. Locked, it is read afresh."""
    query = visible_to(actor).where(Invoice.id == invoice_id)
    if lock:  # an outer join cannot be locked
        query = query.options(*WITH_ALL).with_for_update()
        query = query.execution_options(populate_existing=True)
    else:
        query = query.options(*JOINED)
    found = session.scalars(query).unique().one_or_none()
    if found is None:
        raise NotFound(_("There is no such invoice."))
    return found


def search(
    session: Session,
    actor: Actor,
    *,
    states: Iterable[InvoiceState] = (),
    kind: InvoiceKind | None = None,
    order_id: UUID | None = None,
    containing: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[Invoice]:
    """Invoices without their lines, newest first."""
    query = visible_to(actor)
    wanted = list(states)
    if wanted:
        query = query.where(Invoice.state.in_(wanted))
    if kind is not None:
        query = query.where(Invoice.kind == kind)
    if order_id is not None:
        query = query.where(Invoice.order_id == order_id)
    if containing:
        query = query.where(
            or_(
                Invoice.number.icontains(containing, autoescape=True),
                Invoice.order_number.icontains(containing, autoescape=True),
            )
        )
    return paginate(session, query, order=NEWEST, cursor=cursor, limit=limit)


def order_lines(session: Session, invoice: Invoice) -> dict[UUID, OrderLine]:
    """The lines of the order that this invoice is for, by id."""
    if invoice.order_id is None:
        return {}
    rows = session.scalars(select(OrderLine).where(OrderLine.order_id == invoice.order_id))
    return {row.id: row for row in rows}


def of_order(session: Session, actor: Actor, order_id: UUID) -> Sequence[Invoice]:
    """The invoices and credit notes of one order, oldest first."""
    return session.scalars(
        visible_to(actor)
        .where(Invoice.order_id == order_id)
        .order_by(Invoice.created_at, Invoice.id)
    ).all()


def in_variance(session: Session, order_id: UUID) -> Sequence[UUID]:
    """The invoices of an order that wait for goods or for a person."""
    return session.scalars(
        select(Invoice.id)
        .where(Invoice.order_id == order_id, Invoice.state == InvoiceState.IN_VARIANCE)
        .order_by(Invoice.submitted_at, Invoice.id)
    ).all()


def credit_notes_of(session: Session, invoice_id: UUID) -> Sequence[Invoice]:
    """The accepted credit notes of one invoice, oldest first."""
    return session.scalars(
        select(Invoice)
        .where(Invoice.corrects_id == invoice_id, Invoice.state.in_(ACCEPTED))
        .order_by(Invoice.created_at)
    ).all()


def with_same_number(session: Session, invoice: Invoice) -> Sequence[Invoice]:
    """Sent documents of this supplier and kind under the same number, oldest first."""
    return session.scalars(
        select(Invoice)
        .where(
            Invoice.supplier_id == invoice.supplier_id,
            Invoice.kind == invoice.kind,
            Invoice.number_key == invoice.number_key,
            Invoice.id != invoice.id,
            Invoice.state.in_([state for state in SENT if state is not InvoiceState.REJECTED]),
        )
        .order_by(Invoice.submitted_at, Invoice.id)
    ).all()


def tolerance_of(session: Session, buyer_id: UUID) -> MatchTolerance:
    """The buyer's tolerances; the usual ones (not stored) when nothing was set."""
    found = session.get(MatchTolerance, buyer_id)
    if found is not None:
        return found
    return MatchTolerance(
        buyer_id=buyer_id,
        price_percent=Decimal(2),
        price_amount=Decimal(5),
        quantity_percent=ZERO,
        rounding=Decimal("0.05"),
        version=1,
    )


def waiting_for_decision(session: Session, actor: Actor, limit: int = 20) -> Sequence[Invoice]:
    """Invoices in variance, the oldest first: somebody of the buyer decides."""
    return session.scalars(
        visible_to(actor)
        .where(Invoice.state == InvoiceState.IN_VARIANCE)
        .order_by(Invoice.submitted_at, Invoice.id)
        .limit(limit)
    ).all()


def waiting_for_payment(session: Session, actor: Actor, limit: int = 20) -> Sequence[Invoice]:
    """Accepted invoices with something left to pay, the most urgent first.

    For the buyer: what to pay. For the supplier: what will come, and when.
    """
    return session.scalars(
        visible_to(actor).where(_is_unpaid()).order_by(Invoice.due_on, Invoice.id).limit(limit)
    ).all()


def waiting_for_supplier(session: Session, actor: Actor, limit: int = 20) -> Sequence[Invoice]:
    """The supplier's drafts, and what buyers sent back."""
    return session.scalars(
        visible_to(actor)
        .where(Invoice.state.in_((InvoiceState.DRAFT, InvoiceState.REJECTED)))
        .order_by(Invoice.created_at.desc(), Invoice.id)
        .limit(limit)
    ).all()


def outstanding(session: Session, actor: Actor, today: date) -> Sequence[Outstanding]:
    """What is left to pay (buyer) or to come (supplier), per currency."""
    left = Invoice.gross - Invoice.credited - Invoice.paid
    late = func.coalesce(func.sum(left).filter(Invoice.due_on < today), ZERO)
    rows = session.execute(
        select(Invoice.currency, func.count(), func.sum(left), late)
        .where(_is_visible(actor), _is_unpaid())
        .group_by(Invoice.currency)
        .order_by(Invoice.currency)
    )
    return [
        Outstanding(currency, count, amount, behind) for currency, count, amount, behind in rows
    ]


def counts(session: Session, actor: Actor) -> dict[InvoiceState, int]:
    """How many invoices the actor sees in each state."""
    rows = session.execute(
        select(Invoice.state, func.count()).where(_is_visible(actor)).group_by(Invoice.state)
    )
    return {row[0]: row[1] for row in rows}


def orders_to_invoice(session: Session, actor: Actor, limit: int = 20) -> Sequence[Order]:
    """The supplier's orders with accepted goods that no invoice has asked for, oldest first."""
    claimed = (
        select(Invoice.order_id)
        .where(
            Invoice.order_id.is_not(None),
            Invoice.kind == InvoiceKind.INVOICE,
            Invoice.state.in_(
                (InvoiceState.DRAFT, InvoiceState.SUBMITTED, InvoiceState.IN_VARIANCE)
            ),
        )
        .scalar_subquery()
    )
    kept = OrderLine.accepted - OrderLine.returned_accepted
    open_line = (
        select(OrderLine.id)
        .where(OrderLine.order_id == Order.id, kept > OrderLine.invoiced)
        .exists()
    )
    return session.scalars(
        select(Order)
        .where(
            Order.supplier_id == actor.org_id,
            Order.state.in_(INVOICEABLE_STATES),
            Order.id.not_in(claimed),
            open_line,
        )
        .order_by(Order.issued_at, Order.id)
        .limit(limit)
    ).all()


def _is_unpaid() -> ColumnElement[bool]:
    return (
        (Invoice.kind == InvoiceKind.INVOICE)
        & Invoice.state.in_((InvoiceState.MATCHED, InvoiceState.APPROVED))
        & (Invoice.gross - Invoice.credited - Invoice.paid > 0)
    )
