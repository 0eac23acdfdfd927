"""Invoiced, paid, completed. Invoices lie above orders and report here what they accepted."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.orders import completion, queries, rules
from marketplace.orders.models import Order, OrderInvoice
from marketplace.orders.states import ORDER_FLOW
from marketplace.orders.subjects import SUBJECT


class OverInvoiced(Conflict):
    code = "over_invoiced"


@requires(Permission.INVOICE_MATCH)
def record_invoiced(
    session: Session,
    actor: Actor,
    order_id: UUID,
    invoice_id: UUID,
    quantities: Mapping[UUID, Decimal],
    net: Decimal,
) -> Order:
    """An invoice was accepted. Recording the same one again changes nothing.

    quantities: by order line; below zero, like net, for a credit note. Raises OverInvoiced when
    more would be credited than was invoiced.
    """
    order = queries.get(session, actor, order_id, lock=True)
    if any(known.invoice_id == invoice_id for known in order.invoices):
        return order
    lines = {line.id: line for line in order.lines}
    for line_id, quantity in quantities.items():
        if line_id not in lines:
            raise _unknown_line()
        if lines[line_id].invoiced + quantity < 0:
            raise OverInvoiced(_("More would be credited than was invoiced."))
        lines[line_id].invoiced += quantity
    order.invoices.append(OrderInvoice(invoice_id=invoice_id, net=net))
    order.last_movement_at = clock.now()
    audit.record(
        session,
        actor,
        "order.invoiced",
        (SUBJECT, order.id),
        {"invoice_id": str(invoice_id), "net": str(net)},
        owner_id=order.buyer_id,
    )
    completion.complete_if_done(session, actor, order)
    return order


@requires(Permission.INVOICE_MATCH)
def record_paid(
    session: Session, actor: Actor, order_id: UUID, invoice_id: UUID, paid_at: datetime
) -> Order:
    """A recorded invoice was paid in full; the order completes when nothing else is open."""
    order = queries.get(session, actor, order_id, lock=True)
    known = next((each for each in order.invoices if each.invoice_id == invoice_id), None)
    if known is None:
        raise Conflict(_("This invoice has not been recorded for the order."))
    if known.paid_at is None:
        known.paid_at = paid_at
        order.last_movement_at = clock.now()
        completion.complete_if_done(session, actor, order)
    return order


@requires(Permission.ORDER_ISSUE)
def complete(
    session: Session, actor: Actor, order_id: UUID, expected_version: int | None = None
) -> Order:
    """Complete an order with nothing left open; NotComplete says what is."""
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    ORDER_FLOW.next(order.state, "complete")
    missing = rules.open_points(order)
    if missing:
        raise rules.NotComplete(
            _("Not everything is delivered, invoiced and paid yet."), missing=missing
        )
    completion.complete(session, actor, order)
    return order


def _unknown_line() -> Invalid:
    detail = _("This order has no such line.")
    return Invalid(detail, errors=[FieldError("/lines", "unknown_line", detail)])
