"""Pages of a list by keyset: stable while rows come and go, equally fast on every page."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, SQLColumnExpression, UnaryExpression, and_, false, or_
from sqlalchemy.orm import Session
from sqlalchemy.sql import operators

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _

T = TypeVar("T")
DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_READERS: dict[str, Callable[[Any], Any]] = {
    "u": UUID,
    "t": datetime.fromisoformat,
    "d": date.fromisoformat,
    "n": Decimal,
    "s": str,
    "i": int,
}


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some items of a list, and where the next ones begin (None at the end)."""

    items: Sequence[T]
    next_cursor: str | None


class BadCursor(Invalid):
    code = "bad_cursor"


def paginate(
    session: Session,
    query: Select[T],
    *,
    order: Sequence[SQLColumnExpression[Any]],
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[T]:
    """One page of a select of entities, in an order that ends with a unique column.

    The order's columns must be attributes of the entity and not null. Raises BadCursor for a
    cursor that was not made here.
    """
    limit = max(1, min(limit, MAX_LIMIT))
    columns = [_column(part) for part in order]
    if cursor:
        query = query.where(_after(columns, _decode(cursor, len(columns))))
    items = session.scalars(query.order_by(*order).limit(limit + 1)).all()
    if len(items) <= limit:
        return Page(items, None)
    items = items[:limit]
    return Page(items, _encode([getattr(items[-1], column.key) for column, _down in columns]))


def _column(part: Any) -> tuple[Any, bool]:
    """The column of one part of the order, and whether it runs downwards."""
    if isinstance(part, UnaryExpression):
        return part.element, part.modifier is operators.desc_op
    return part, False


def _after(columns: list[tuple[Any, bool]], values: list[Any]) -> ColumnElement[bool]:
    """Rows behind the given one: equal in the first columns and beyond it in the next."""
    choices: list[ColumnElement[bool]] = [false()]
    for index, (column, down) in enumerate(columns):
        beyond = column < values[index] if down else column > values[index]
        equal = [columns[i][0] == values[i] for i in range(index)]
        choices.append(and_(*equal, beyond))
    return or_(*choices)


def _encode(values: list[Any]) -> str:
    tagged = [[_tag(value), str(_plain(value))] for value in values]
    return base64.urlsafe_b64encode(orjson.dumps(tagged)).decode().rstrip("=")


def _decode(cursor: str, count: int) -> list[Any]:
    try:
        tagged = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        values = [_READERS[tag](value) for tag, value in tagged]
    except (ValueError, KeyError, TypeError, ArithmeticError, binascii.Error):
        values = []
    if len(values) != count:
        raise BadCursor(
            _("This page address is not valid. Start again from the first page."),
            errors=[FieldError("/cursor", "bad_cursor", _("Not a cursor of this list."))],
        )
    return values


def _tag(value: Any) -> str:
    for kind, tag in ((UUID, "u"), (datetime, "t"), (date, "d"), (Decimal, "n"), (int, "i")):
        if isinstance(value, kind):
            return tag
    return "s"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime | date) else value
