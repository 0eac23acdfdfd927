"""When an order is done, and what is announced about it then."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.events.orders import OrderCompleted
from marketplace.identity.permissions import Actor
from marketplace.orders import queries, rules
from marketplace.orders.models import Order
from marketplace.orders.states import ORDER_FLOW, OrderState
from marketplace.orders.subjects import SUBJECT


def complete_if_done(session: Session, actor: Actor, order: Order) -> None:
    """Complete the order if it is received and nothing is open. Something must have been kept."""
    if order.state is not OrderState.RECEIVED or not any(line.kept for line in order.lines):
        return
    if not rules.open_points(order):
        complete(session, actor, order)


def complete(session: Session, actor: Actor, order: Order) -> None:
    """End the order and tell what its supplier achieved."""
    order.state = ORDER_FLOW.next(order.state, "complete")
    order.completed_at = at = _completed_at(order)
    session.flush()
    audit.record(
        session, actor, "order.completed", (SUBJECT, order.id), {}, owner_id=order.buyer_id
    )
    outbox.record(
        session, _completed(session, order, at), audience=[order.buyer_id, order.supplier_id]
    )


def _completed_at(order: Order) -> datetime:
    """The moment of the last payment; now for an order without one."""
    return max((each.paid_at for each in order.invoices if each.paid_at), default=clock.now())


def _completed(session: Session, order: Order, at: datetime) -> OrderCompleted:
    lines = queries.performance(session, order.id)
    agreed = [
        rules.line_net(line.invoiced, line.unit_price, line.base_quantity, order.currency)
        for line in order.lines
    ]
    zero = Decimal(0)
    invoiced = sum((each.net for each in order.invoices), zero)
    return OrderCompleted(
        order_id=order.id,
        buyer_id=order.buyer_id,
        supplier_id=order.supplier_id,
        number=order.number,
        net=invoiced,
        currency=order.currency,
        ordered_at=order.issued_at or order.created_at,
        completed_at=at,
        due_quantity=sum((line.due for line in lines), zero),
        on_time_quantity=sum((line.on_time for line in lines), zero),
        received_quantity=sum((line.received for line in lines), zero),
        rejected_quantity=sum((line.rejected for line in lines), zero),
        agreed_net=sum(agreed, zero),
        invoiced_net=invoiced,
    )
