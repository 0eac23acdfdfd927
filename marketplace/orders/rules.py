"""Totals, fingerprints, tolerances, what may happen now. Values in, values out."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import rounded_amount
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.states import ORDER_FLOW

# the standard rate in France; a line may carry another one
DEFAULT_TAX_RATE = Decimal(20)
ZERO = Decimal(0)


class OrderNotReady(Invalid):
    code = "order_not_ready"


class NotApproved(Conflict):
    code = "not_approved"


class NotComplete(Conflict):
    code = "order_not_complete"


class GoodsArrived(Conflict):
    code = "goods_already_received"


@dataclass(frozen=True)
class LineDraft:
    """A line as somebody wrote it. ``line_no`` names an existing line; None is a new one."""

    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    base_quantity: Decimal = Decimal(1)
    tax_rate: Decimal = DEFAULT_TAX_RATE
    sku: str | None = None
    category: str = ""
    delivery_place: str = ""
    due_on: date | None = None
    item_id: UUID | None = None
    rfq_line_id: UUID | None = None
    line_no: int | None = None


@dataclass(frozen=True)
class OrderDraft:
    """An order as somebody wrote it, before it is stored."""

    supplier_id: UUID
    currency: str
    lines: tuple[LineDraft, ...] = ()
    title: str = ""
    category: str = ""
    cost_centre: str | None = None
    note: str = ""
    over_delivery_percent: Decimal = ZERO
    issue_when_approved: bool = True
    payment_terms_days: int | None = None


@dataclass(frozen=True)
class TaxGroup:
    """The tax of one rate, on the sum of its nets."""

    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    net: Decimal
    tax: Decimal
    gross: Decimal
    groups: tuple[TaxGroup, ...]


def line_net(
    quantity: Decimal, unit_price: Decimal, base_quantity: Decimal, currency: str
) -> Decimal:
    """The price of one line, rounded to the currency."""
    return rounded_amount(quantity * unit_price / base_quantity, currency)


def totals_of(lines: Iterable[OrderLine], currency: str) -> Totals:
    """Line nets are rounded and added per rate; tax is computed once on each sum (EN 16931)."""
    nets: dict[Decimal, Decimal] = {}
    for line in lines:
        nets[line.tax_rate] = nets.get(line.tax_rate, ZERO) + line.net
    groups = tuple(
        TaxGroup(rate, net, rounded_amount(net * rate / 100, currency))
        for rate, net in sorted(nets.items())
    )
    net = sum((group.net for group in groups), ZERO)
    tax = sum((group.tax for group in groups), ZERO)
    return Totals(net, tax, net + tax, groups)


def content_of(order: Order) -> dict[str, Any]:
    """What an approval is given for: supplier, currency, and the lines with their prices."""
    return {
        "supplier_id": str(order.supplier_id),
        "currency": order.currency,
        "lines": {
            str(line.line_no): {
                "description": line.description,
                "sku": line.sku,
                "unit": line.unit,
                "quantity": _exact(line.quantity),
                "unit_price": _exact(line.unit_price),
                "base_quantity": _exact(line.base_quantity),
                "tax_rate": _exact(line.tax_rate),
            }
            for line in order.lines
        },
    }


def fingerprint_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content in canonical form."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def is_covered(content: Mapping[str, Any], approved: Mapping[str, Any] | None) -> bool:
    """Whether an earlier approval still holds: for the same content, or a pure decrease."""
    if approved is None or any(
        content[name] != approved[name] for name in ("supplier_id", "currency")
    ):
        return False
    before = approved["lines"]
    return all(
        number in before and _is_decrease(line, before[number])
        for number, line in content["lines"].items()
    )


def _is_decrease(line: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    same = ("description", "sku", "unit", "base_quantity", "tax_rate")
    lower = ("quantity", "unit_price")
    return all(line[name] == before[name] for name in same) and all(
        Decimal(line[name]) <= Decimal(before[name]) for name in lower
    )


def _exact(value: Decimal) -> str:
    return format(value.normalize(), "f")


def numbered(lines: Sequence[LineDraft], taken: Iterable[int]) -> list[tuple[int, LineDraft]]:
    """Each line with its number: known ones keep theirs, new ones go behind all ever used."""
    following = max(taken, default=0)
    result = []
    for line in lines:
        if line.line_no is None:
            following += 1
        result.append((line.line_no or following, line))
    return result


def check_draft(draft: OrderDraft, known_numbers: Iterable[int]) -> None:
    """Raise with every reason why this could not even be kept as a draft."""
    known, seen = set(known_numbers), set()
    errors: list[FieldError] = []
    for index, line in enumerate(draft.lines):
        pointer = f"/lines/{index}"
        if line.quantity <= 0:
            detail = _("The quantity must be above zero.")
            errors.append(FieldError(f"{pointer}/quantity", "not_positive", detail))
        if line.base_quantity <= 0:
            detail = _("The price must be for a quantity above zero.")
            errors.append(FieldError(f"{pointer}/base_quantity", "not_positive", detail))
        if line.line_no is not None and (line.line_no not in known or line.line_no in seen):
            detail = _("This order has no such line.")
            errors.append(FieldError(f"{pointer}/line_no", "unknown_line", detail))
        seen.add(line.line_no)
    if errors:
        raise Invalid(_("Some lines are not right."), errors=errors)


def check_ready(order: Order, today: date) -> None:
    """Raise with every reason why this draft cannot be submitted yet."""
    errors: list[FieldError] = []
    if not order.lines:
        errors.append(FieldError("/lines", "required", _("Add at least one line.")))
    for index, line in enumerate(order.lines):
        if line.due_on is not None and line.due_on < today:
            detail = _("The delivery date has passed.")
            errors.append(FieldError(f"/lines/{index}/due_on", "in_the_past", detail))
    if errors:
        raise OrderNotReady(_("This order cannot be submitted yet."), errors=errors)


def check_approved(order: Order) -> None:
    """What goes out must be what was approved, or less: the stored content decides."""
    if not is_covered(content_of(order), order.approved_content):
        raise NotApproved(_("The present content of this order has not been approved."))


def check_nothing_received(order: Order) -> None:
    """Raise where goods have arrived: from then on only the rest can be given up."""
    if any(line.accepted or line.rejected for line in order.lines):
        raise GoodsArrived(
            _("Goods have already arrived. Close the order instead to give up the rest.")
        )


def is_delivered(order: Order) -> bool:
    """Nothing is left to deliver."""
    return all(line.to_deliver == 0 for line in order.lines)


def progress_action(order: Order) -> str:
    """The step of the state table that follows from the buckets after a receipt."""
    return "receive_rest" if is_delivered(order) else "receive_part"


def open_points(order: Order) -> list[str]:
    """Codes of what is missing for completion: delivery, invoice, payment."""
    missing = []
    if not is_delivered(order):
        missing.append("delivery")
    if any(line.invoiced < line.kept for line in order.lines):
        missing.append("invoice")
    if any(invoice.paid_at is None for invoice in order.invoices):
        missing.append("payment")
    return missing


@dataclass(frozen=True)
class Action:
    """One thing that a party can do: the step of the state table that allows it (None: always)."""

    name: str
    step: str | None
    permission: Permission
    party: OrgKind = OrgKind.BUYER


ACTIONS = (
    Action("edit", "edit", Permission.ORDER_DRAFT),
    Action("submit", "submit", Permission.ORDER_DRAFT),
    Action("withdraw", "withdraw", Permission.ORDER_DRAFT),
    Action("issue", "issue", Permission.ORDER_ISSUE),
    Action("acknowledge", "acknowledge", Permission.ORDER_ACKNOWLEDGE, OrgKind.SUPPLIER),
    Action("refuse", "refuse", Permission.ORDER_ACKNOWLEDGE, OrgKind.SUPPLIER),
    Action("receive", "receive_part", Permission.RECEIPT_BOOK),
    Action("return", "return_goods", Permission.RECEIPT_BOOK),
    Action("revise", "replace", Permission.ORDER_DRAFT),
    Action("copy", None, Permission.ORDER_DRAFT),
    Action("close", "close", Permission.ORDER_CANCEL),
    Action("cancel", "cancel", Permission.ORDER_CANCEL),
    Action("complete", "complete", Permission.ORDER_ISSUE),
)


def actions_of(order: Order, actor: Actor) -> list[str]:
    """What this actor may do with the order now."""
    side = order.buyer_id if actor.org_kind is OrgKind.BUYER else order.supplier_id
    return [
        action.name
        for action in ACTIONS
        if action.party is actor.org_kind
        and side == actor.org_id
        and actor.may(action.permission)
        and (action.step is None or ORDER_FLOW.may(order.state, action.step))
    ]
