"""What a change of an item changed, as text for the history and for the preview of an import."""

from decimal import Decimal
from typing import Any

from marketplace.catalog.models import Item
from marketplace.core.money import Money

FIELDS = ("sku", "gtin", "name", "description", "category_code", "unit", "base_quantity", "active")


def snapshot(item: Item) -> dict[str, str | None]:
    """The item's values as text, for comparing and for the history."""
    return {name: shown(getattr(item, name)) for name in (*FIELDS, "price")}


def shown(value: Any) -> str | None:
    """One value of an item as text."""
    if value is None:
        return None
    if isinstance(value, Money):
        return f"{value.amount.normalize():f} {value.currency}"
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
