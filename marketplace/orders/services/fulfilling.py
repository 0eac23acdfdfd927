"""What the parties say about an issued order: acknowledge, refuse, cancel, close short."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import service as approvals
from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.events.orders import OrderAcknowledged, OrderCancelled, OrderRefused
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.orders import completion, queries, rules
from marketplace.orders.models import Order
from marketplace.orders.states import ORDER_FLOW, OrderState
from marketplace.orders.subjects import SUBJECT


@requires(Permission.ORDER_ACKNOWLEDGE)
def acknowledge(
    session: Session,
    actor: Actor,
    order_id: UUID,
    *,
    supplier_reference: str | None = None,
    confirmed: Mapping[int, date] | None = None,
    expected_version: int | None = None,
) -> Order:
    """The supplier accepts the order.

    confirmed: the day of delivery by line number, where it differs from the one asked for.
    """
    order = _of_supplier(session, actor, order_id, expected_version)
    after = ORDER_FLOW.next(order.state, "acknowledge")
    _confirm_days(order, confirmed or {})
    order.state = after
    order.supplier_reference = supplier_reference or None
    order.acknowledged_at = now = clock.now()
    _audit(session, actor, "order.acknowledged", order, reference=order.supplier_reference)
    outbox.record(
        session,
        OrderAcknowledged(**_parties(order), issued_at=order.issued_at or now, acknowledged_at=now),
        audience=[order.buyer_id, order.supplier_id],
    )
    return order


def _confirm_days(order: Order, confirmed: Mapping[int, date]) -> None:
    lines = {line.line_no: line for line in order.lines}
    today = clock.now().date()
    errors = []
    for number, day in confirmed.items():
        if number not in lines:
            detail = _("This order has no such line.")
            errors.append(FieldError(f"/confirmed/{number}", "unknown_line", detail))
        elif day < today:
            detail = _("The delivery date has passed.")
            errors.append(FieldError(f"/confirmed/{number}", "in_the_past", detail))
        else:
            lines[number].confirmed_on = day
    if errors:
        raise Invalid(_("Some dates are not right."), errors=errors)


@requires(Permission.ORDER_ACKNOWLEDGE)
def refuse(
    session: Session,
    actor: Actor,
    order_id: UUID,
    reason: str,
    expected_version: int | None = None,
) -> Order:
    """The supplier does not take the order."""
    order = _of_supplier(session, actor, order_id, expected_version)
    after = ORDER_FLOW.next(order.state, "refuse")
    order.refusal_reason = _reason(reason)
    order.state = after
    order.refused_at = clock.now()
    _audit(session, actor, "order.refused", order)
    outbox.record(
        session,
        OrderRefused(**_parties(order), refused_at=order.refused_at),
        audience=[order.buyer_id, order.supplier_id],
    )
    return order


@requires(Permission.ORDER_CANCEL)
def cancel(
    session: Session,
    actor: Actor,
    order_id: UUID,
    reason: str,
    expected_version: int | None = None,
) -> Order:
    """Give up an order of which nothing has arrived. The supplier hears of it if it was issued."""
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    after = ORDER_FLOW.next(order.state, "cancel")
    rules.check_nothing_received(order)
    order.cancel_reason = _reason(reason)
    if order.state is OrderState.AWAITING_APPROVAL:
        approvals.withdraw(session, actor, SUBJECT, order.id)
    order.state = after
    order.cancelled_at = clock.now()
    for line in order.lines:
        line.cancelled = line.quantity
    _audit(session, actor, "order.cancelled", order)
    parties = [order.buyer_id, order.supplier_id] if order.issued_at else [order.buyer_id]
    outbox.record(
        session,
        OrderCancelled(
            **_parties(order),
            was_issued=order.issued_at is not None,
            cancelled_at=order.cancelled_at,
        ),
        audience=parties,
    )
    return order


@requires(Permission.ORDER_CANCEL)
def close(
    session: Session,
    actor: Actor,
    order_id: UUID,
    reason: str = "",
    expected_version: int | None = None,
) -> Order:
    """Give up what has not arrived; what has stays and is invoiced and paid."""
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    order.state = ORDER_FLOW.next(order.state, "close")
    order.closed_at = clock.now()
    order.cancel_reason = reason.strip() or None
    for line in order.lines:
        line.cancelled += line.to_deliver
    _audit(session, actor, "order.closed", order)
    completion.complete_if_done(session, actor, order)
    return order


def _of_supplier(
    session: Session, actor: Actor, order_id: UUID, expected_version: int | None
) -> Order:
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    return order


def _reason(reason: str) -> str:
    """The reason without blanks around it; a no without words is refused."""
    if not reason.strip():
        raise Invalid(
            _("Please give a reason."),
            errors=[FieldError("/reason", "required", _("Please give a reason."))],
        )
    return reason.strip()


def _parties(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "buyer_id": order.buyer_id,
        "supplier_id": order.supplier_id,
        "number": order.number,
    }


def _audit(session: Session, actor: Actor, action: str, order: Order, **data: object) -> None:
    audit.record(session, actor, action, (SUBJECT, order.id), data, owner_id=order.buyer_id)
