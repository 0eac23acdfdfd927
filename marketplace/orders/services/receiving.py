"""Goods in and goods back: receipts and returns, bucket by bucket."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.numbering import next_number
from marketplace.core.text import _
from marketplace.events.orders import GoodsReceived, GoodsReturned, ReceivedLine
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.orders import queries, receiving_rules, rules
from marketplace.orders.models import (
    GoodsReturn,
    Order,
    OrderLine,
    Receipt,
    ReceiptLine,
    ReturnLine,
)
from marketplace.orders.receiving_rules import ReceivedDraft, ReturnDraft
from marketplace.orders.states import ORDER_FLOW, Bucket, OrderState
from marketplace.orders.subjects import SUBJECT

RECEIPT_PREFIX = "GR"
RETURN_PREFIX = "RT"


@requires(Permission.RECEIPT_BOOK)
def receive(
    session: Session,
    actor: Actor,
    order_id: UUID,
    drafts: Sequence[ReceivedDraft],
    *,
    received_on: date | None = None,
    delivery_note: str = "",
    note: str = "",
    expected_version: int | None = None,
) -> Receipt:
    """Book a delivery, partly or whole. Lines with two zeros are left out.

    Raises OverDelivery with what could still be accepted per line.
    """
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    ORDER_FLOW.next(order.state, "receive_part")
    today = clock.now().date()
    receiving_rules.check_receipt(order, drafts, received_on or today, today)
    receipt = Receipt(
        order_id=order.id,
        buyer_id=order.buyer_id,
        supplier_id=order.supplier_id,
        number=next_number(session, order.buyer_id, RECEIPT_PREFIX),
        delivery_note=delivery_note,
        received_on=received_on or today,
        received_by=actor.person,
        note=note,
        lines=_book(order, [draft for draft in drafts if draft.accepted or draft.rejected]),
    )
    session.add(receipt)
    order.state = ORDER_FLOW.next(order.state, rules.progress_action(order))
    order.last_movement_at = clock.now()
    session.flush()
    _announce(session, actor, order, receipt)
    return receipt


def _book(order: Order, drafts: Sequence[ReceivedDraft]) -> list[ReceiptLine]:
    """Count the quantities into the buckets of their lines."""
    lines = {line.id: line for line in order.lines}
    booked = []
    for draft in drafts:
        line = lines[draft.order_line_id]
        line.accepted += draft.accepted
        line.rejected += draft.rejected
        booked.append(
            ReceiptLine(
                order_line_id=line.id,
                line_no=line.line_no,
                unit=line.unit,
                accepted=draft.accepted,
                rejected=draft.rejected,
                reason=draft.reason.strip(),
            )
        )
    return sorted(booked, key=lambda each: each.line_no)


def _announce(session: Session, actor: Actor, order: Order, receipt: Receipt) -> None:
    lines = {line.id: line for line in order.lines}
    audit.record(
        session,
        actor,
        "order.received",
        (SUBJECT, order.id),
        {"receipt": receipt.number, "lines": [_plain(line) for line in receipt.lines]},
        owner_id=order.buyer_id,
    )
    outbox.record(
        session,
        GoodsReceived(
            receipt_id=receipt.id,
            order_id=order.id,
            buyer_id=order.buyer_id,
            supplier_id=order.supplier_id,
            received_at=receipt.created_at,
            lines=tuple(
                _received(each, lines[each.order_line_id], receipt) for each in receipt.lines
            ),
        ),
        audience=[order.buyer_id, order.supplier_id],
    )


def _received(each: ReceiptLine, line: OrderLine, receipt: Receipt) -> ReceivedLine:
    return ReceivedLine(
        line_no=line.line_no,
        ordered=line.quantity,
        accepted=each.accepted,
        rejected=each.rejected,
        unit=line.unit,
        due_on=line.promised_on,
        received_on=receipt.received_on,
    )


def _plain(line: ReceiptLine) -> dict[str, str | int]:
    return {
        "line_no": line.line_no,
        "accepted": receiving_rules.plain(line.accepted),
        "rejected": receiving_rules.plain(line.rejected),
    }


@requires(Permission.RECEIPT_BOOK)
def return_goods(
    session: Session,
    actor: Actor,
    order_id: UUID,
    drafts: Sequence[ReturnDraft],
    reason: str,
    *,
    expected_version: int | None = None,
) -> GoodsReturn:
    """Send goods back, each out of a named bucket of a receipt line.

    Goods out of the accepted bucket are owed again; an order that was fully received reopens.
    """
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    ORDER_FLOW.next(order.state, "return_goods")
    held = queries.receipt_lines(session, order.id)
    if not reason.strip():
        raise Invalid(
            _("Say why goods go back."),
            errors=[FieldError("/reason", "required", _("Please give a reason."))],
        )
    receiving_rules.check_return(drafts, held)
    back = GoodsReturn(
        order_id=order.id,
        buyer_id=order.buyer_id,
        supplier_id=order.supplier_id,
        number=next_number(session, order.buyer_id, RETURN_PREFIX),
        reason=reason.strip(),
        returned_by=actor.person,
        lines=[_take(order, held[draft.receipt_line_id], draft) for draft in drafts],
    )
    session.add(back)
    if order.state is OrderState.RECEIVED and not rules.is_delivered(order):
        order.state = ORDER_FLOW.next(order.state, "reopen")
    order.last_movement_at = clock.now()
    session.flush()
    _announce_return(session, actor, order, back)
    return back


def _take(order: Order, received: ReceiptLine, draft: ReturnDraft) -> ReturnLine:
    """Take the quantity out of one bucket, on the receipt line and on the order line alike."""
    line = next(line for line in order.lines if line.id == received.order_line_id)
    if draft.bucket is Bucket.ACCEPTED:
        received.returned_accepted += draft.quantity
        line.returned_accepted += draft.quantity
    else:
        received.returned_rejected += draft.quantity
        line.returned_rejected += draft.quantity
    return ReturnLine(
        receipt_line_id=received.id,
        bucket=draft.bucket,
        quantity=draft.quantity,
        unit=received.unit,
    )


def _announce_return(session: Session, actor: Actor, order: Order, back: GoodsReturn) -> None:
    audit.record(
        session,
        actor,
        "order.returned",
        (SUBJECT, order.id),
        {"return": back.number},
        owner_id=order.buyer_id,
    )
    outbox.record(
        session,
        GoodsReturned(
            return_id=back.id,
            order_id=order.id,
            buyer_id=order.buyer_id,
            supplier_id=order.supplier_id,
            returned_at=back.created_at,
        ),
        audience=[order.buyer_id, order.supplier_id],
    )
