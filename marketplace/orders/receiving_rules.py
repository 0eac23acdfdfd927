"""How much may be accepted and sent back, and how punctual a delivery was."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.orders.models import Order, OrderLine, ReceiptLine
from marketplace.orders.states import Bucket

ZERO = Decimal(0)


class OverDelivery(Invalid):
    code = "over_delivery"


class BucketEmpty(Invalid):
    code = "exceeds_bucket"


@dataclass(frozen=True)
class ReceivedDraft:
    """What arrived for one line."""

    order_line_id: UUID
    accepted: Decimal
    rejected: Decimal = ZERO
    reason: str = ""


@dataclass(frozen=True)
class ReturnDraft:
    """What goes back: out of which bucket of which receipt line."""

    receipt_line_id: UUID
    bucket: Bucket
    quantity: Decimal


def acceptable(line: OrderLine, over_delivery_percent: Decimal) -> Decimal:
    """How much more may be accepted: exact and over all deliveries; returned goods free room."""
    limit = line.quantity * (100 + over_delivery_percent) / 100 - line.cancelled
    return max(limit - line.kept, ZERO)


def check_receipt(
    order: Order, drafts: Sequence[ReceivedDraft], received_on: date, today: date
) -> None:
    """Raise with every reason why this delivery cannot be booked."""
    lines = {line.id: line for line in order.lines}
    errors: list[FieldError] = []
    if received_on > today:
        detail = _("A delivery cannot arrive in the future.")
        errors.append(FieldError("/received_on", "in_the_future", detail))
    if not any(draft.accepted or draft.rejected for draft in drafts):
        detail = _("Enter a quantity for at least one line.")
        errors.append(FieldError("/lines", "required", detail))
    excess: dict[str, str] = {}
    for index, draft in enumerate(drafts):
        errors += _receipt_errors(f"/lines/{index}", draft, lines, order, excess)
    _check_distinct([draft.order_line_id for draft in drafts], errors)
    if errors:
        kind = OverDelivery if excess else Invalid
        raise kind(_("This delivery cannot be booked as entered."), errors=errors, **_room(excess))


def _room(excess: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    return {"remaining": excess} if excess else {}


def _receipt_errors(
    pointer: str,
    draft: ReceivedDraft,
    lines: Mapping[UUID, OrderLine],
    order: Order,
    excess: dict[str, str],
) -> list[FieldError]:
    line = lines.get(draft.order_line_id)
    if line is None:
        detail = _("This order has no such line.")
        return [FieldError(f"{pointer}/order_line_id", "unknown_line", detail)]
    errors = []
    if min(draft.accepted, draft.rejected) < 0:
        detail = _("Quantities cannot be negative.")
        errors.append(FieldError(pointer, "negative", detail))
    if draft.rejected > 0 and not draft.reason.strip():
        detail = _("Say why goods are rejected.")
        errors.append(FieldError(f"{pointer}/reason", "required", detail))
    room = acceptable(line, order.over_delivery_percent)
    if draft.accepted > room:
        excess[str(line.id)] = plain(room)
        detail = _(
            "At most %(room)s more can be accepted; book the rest as rejected.", room=plain(room)
        )
        errors.append(FieldError(f"{pointer}/accepted", "over_delivery", detail))
    return errors


def _check_distinct(ids: Sequence[UUID], errors: list[FieldError]) -> None:
    for index, each in enumerate(ids):
        if each in ids[:index]:
            detail = _("This line is there twice.")
            errors.append(FieldError(f"/lines/{index}", "duplicate", detail))


def held(line: ReceiptLine, bucket: Bucket) -> Decimal:
    """What the bucket of this receipt line still holds."""
    if bucket is Bucket.ACCEPTED:
        return line.accepted - line.returned_accepted
    return line.rejected - line.returned_rejected


def check_return(drafts: Sequence[ReturnDraft], lines: Mapping[UUID, ReceiptLine]) -> None:
    """Raise where a return takes more than its bucket holds. Drafts on one bucket add up."""
    if not drafts:
        raise Invalid(
            _("Say what goes back."),
            errors=[FieldError("/lines", "required", _("Add at least one line."))],
        )
    taken: dict[tuple[UUID, Bucket], Decimal] = {}
    errors: list[FieldError] = []
    for index, draft in enumerate(drafts):
        line = lines.get(draft.receipt_line_id)
        if line is None:
            detail = _("This order has no such receipt line.")
            errors.append(FieldError(f"/lines/{index}/receipt_line_id", "unknown_line", detail))
            continue
        key = (line.id, draft.bucket)
        taken[key] = taken.get(key, ZERO) + draft.quantity
        if draft.quantity <= 0 or taken[key] > held(line, draft.bucket):
            detail = _(
                "At most %(held)s can go back from here.", held=plain(held(line, draft.bucket))
            )
            errors.append(FieldError(f"/lines/{index}/quantity", "exceeds_bucket", detail))
    if errors:
        raise BucketEmpty(_("This return takes more than was received."), errors=errors)


def plain(value: Decimal) -> str:
    """The quantity without trailing zeros."""
    return format(value.normalize(), "f")


@dataclass(frozen=True)
class LinePerformance:
    """One line as the supplier's figures need it; quantities in the line's unit."""

    line_no: int
    unit: str
    due_on: date | None
    due: Decimal
    on_time: Decimal
    received: Decimal
    rejected: Decimal


def performance_of(
    order: Order, received: Iterable[tuple[ReceiptLine, date]]
) -> tuple[LinePerformance, ...]:
    """Due against on time, by quantity, so that split deliveries are fair.

    received: receipt lines with the day they arrived. A line without a due day is never late.
    What the buyer gave up before its due day was not due; given up later, it was.
    """
    closed_on = order.closed_at.date() if order.closed_at else None
    arrived = list(received)
    return tuple(
        _line_performance(
            line, [(r, on) for r, on in arrived if r.order_line_id == line.id], closed_on
        )
        for line in order.lines
    )


def _line_performance(
    line: OrderLine, received: Sequence[tuple[ReceiptLine, date]], closed_on: date | None
) -> LinePerformance:
    due_on = line.promised_on
    given_up_late = closed_on is not None and due_on is not None and closed_on > due_on
    on_time = sum(
        (
            each.accepted - each.returned_accepted
            for each, on in received
            if not due_on or on <= due_on
        ),
        ZERO,
    )
    due = line.quantity if given_up_late else line.quantity - line.cancelled
    return LinePerformance(
        line_no=line.line_no,
        unit=line.unit,
        due_on=due_on,
        due=due,
        on_time=min(on_time, due),
        received=line.accepted + line.rejected,
        rejected=line.rejected,
    )
