"""Between the outside and the rules: drafts of orders, deliveries and returns."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.orders import rules
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.receiving_rules import ReceivedDraft, ReturnDraft
from marketplace.orders.rules import LineDraft, OrderDraft


def recompute(order: Order) -> None:
    """Totals and fingerprint, from the lines as they are stored and from nothing else."""
    totals = rules.totals_of(order.lines, order.currency)
    order.net, order.tax, order.gross = totals.net, totals.tax, totals.gross
    order.fingerprint = rules.fingerprint_of(rules.content_of(order))


def order_draft(data: Mapping[str, Any]) -> OrderDraft:
    """The loaded input schema as the service takes it."""
    lines = _lines(data["lines"], data["currency"])
    return OrderDraft(**{**data, "lines": lines})


def changed(order: Order, changes: Mapping[str, Any]) -> OrderDraft:
    """The order with some of its values changed; lines are replaced as a whole."""
    currency = changes.get("currency", order.currency)
    given = dict(changes)
    if "lines" in given:
        given["lines"] = _lines(given["lines"], currency)
    return replace(draft_of(order), **given)


def _lines(lines: list[dict[str, Any]], currency: str) -> tuple[LineDraft, ...]:
    """Prices of another currency than the order's are refused, all at once."""
    errors = [
        FieldError(
            f"/lines/{index}/unit_price",
            "currency_mismatch",
            _("The order is in %(currency)s.", currency=currency),
        )
        for index, line in enumerate(lines)
        if line["unit_price"].currency != currency
    ]
    if errors:
        raise Invalid(_("Some prices are in another currency."), errors=errors)
    return tuple(_line(line) for line in lines)


def _line(data: dict[str, Any]) -> LineDraft:
    values = dict(data)
    quantity = values.pop("quantity")
    price = values.pop("unit_price")
    return LineDraft(**values, quantity=quantity.value, unit=quantity.unit, unit_price=price.amount)


def received_drafts(lines: list[dict[str, Any]]) -> list[ReceivedDraft]:
    """The loaded lines of a delivery."""
    return [ReceivedDraft(**line) for line in lines]


def return_drafts(lines: list[dict[str, Any]]) -> list[ReturnDraft]:
    """The loaded lines of a return."""
    return [ReturnDraft(**line) for line in lines]


def draft_of(order: Order) -> OrderDraft:
    """The stored order as a draft again: what can be edited, and nothing else."""
    return OrderDraft(
        supplier_id=order.supplier_id,
        currency=order.currency,
        title=order.title,
        category=order.category,
        cost_centre=order.cost_centre,
        note=order.note,
        over_delivery_percent=order.over_delivery_percent,
        issue_when_approved=order.issue_when_approved,
        payment_terms_days=order.payment_terms_days,
        lines=tuple(_line_draft(line) for line in order.lines),
    )


def _line_draft(line: OrderLine) -> LineDraft:
    names = LineDraft.__dataclass_fields__
    return LineDraft(**{name: getattr(line, name) for name in names})
