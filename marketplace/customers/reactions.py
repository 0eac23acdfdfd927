"""What customer relations take from orders, invoices and refunds; each counts exactly once."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.ids import uuid7
from marketplace.customers.models import (
    Customer,
    CustomerInvoice,
    CustomerOrder,
    CustomerRefund,
)
from marketplace.events.invoices import InvoicePaid
from marketplace.events.orders import OrderCompleted
from marketplace.events.payments import PaymentRefunded
from marketplace.identity import queries as identity_queries


def count_order(session: Session, event: OrderCompleted) -> None:
    """Add a completed order to its customer's sums."""
    customer = _locked(session, event.supplier_id, event.buyer_id)
    first = session.scalar(
        insert(CustomerOrder)
        .values(
            order_id=event.order_id,
            customer_id=customer.id,
            seller_id=event.supplier_id,
            number=event.number,
            net=event.net,
            currency=event.currency,
            ordered_at=event.ordered_at,
            completed_at=event.completed_at,
        )
        .on_conflict_do_nothing()
        .returning(CustomerOrder.order_id)
    )
    if first is None:
        return
    if event.currency != customer.currency:
        customer.foreign_orders += 1
        return
    customer.orders += 1
    customer.revenue += event.net
    customer.first_order_at = min(customer.first_order_at or event.ordered_at, event.ordered_at)
    customer.last_order_at = max(customer.last_order_at or event.ordered_at, event.ordered_at)


def note_paid_invoice(session: Session, event: InvoicePaid) -> None:
    """Remember which order an invoice belongs to."""
    if event.order_id is None:
        return
    session.execute(
        insert(CustomerInvoice)
        .values(invoice_id=event.invoice_id, order_id=event.order_id, gross=event.gross)
        .on_conflict_do_nothing()
    )


def subtract_refund(session: Session, event: PaymentRefunded) -> None:
    """Value is what stays paid: a refund takes its net share off."""
    if event.subject_kind != "invoice":
        return
    invoice = session.get(CustomerInvoice, event.subject_id)
    order = session.get(CustomerOrder, invoice.order_id) if invoice else None
    if order is None:
        return
    gross = session.scalars(
        select(CustomerInvoice.gross).where(CustomerInvoice.order_id == order.order_id)
    )
    total = sum(gross, Decimal(0))
    if total > 0:
        subtract(session, event.refund_id, order.order_id, order.net * event.amount / total)


def subtract(session: Session, refund_id: UUID, order_id: UUID, net: Decimal) -> None:
    """Take a refunded net amount off an order, once, and never more than it was worth."""
    order = session.scalars(
        select(CustomerOrder)
        .where(CustomerOrder.order_id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    first = session.scalar(
        insert(CustomerRefund)
        .values(refund_id=refund_id, order_id=order_id, net=net)
        .on_conflict_do_nothing()
        .returning(CustomerRefund.refund_id)
    )
    if first is None:
        return
    share = min(net, order.net - order.refunded)
    if share <= 0:
        return
    customer = session.scalars(
        select(Customer)
        .where(Customer.id == order.customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    order.refunded += share
    if order.currency == customer.currency:
        customer.refunded += share
        customer.orders -= int(order.refunded == order.net)
    session.flush()


def _locked(session: Session, seller_id: UUID, buyer_id: UUID) -> Customer:
    """The customer relation, made with the first order, and locked."""
    seller = identity_queries.organisation(session, seller_id)
    session.execute(
        insert(Customer)
        .values(
            id=uuid7(),
            seller_id=seller_id,
            buyer_id=buyer_id,
            currency=seller.currency,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(Customer)
        .where(Customer.seller_id == seller_id, Customer.buyer_id == buyer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
