"""Items of a buyer's catalogue."""

import itertools
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from marketplace.catalog import service
from marketplace.catalog.models import Item
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor

_numbers = itertools.count(1)


def make_item(session: Session, actor: Actor, **overrides: Any) -> Item:
    """An item in the actor's catalogue."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "sku": f"A-{number:05}",
        "name": f"Item {number}",
        "unit": "C62",
        "price": Money(Decimal("12.50"), "EUR"),
    }
    return service.create(session, actor, values | overrides)
