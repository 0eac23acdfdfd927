"""Rows below a document, gathered by PostgreSQL into one column, and back again as objects.

For the reads that happen most: one statement instead of one per table, without the ORM's
bookkeeping. The objects are of the mapped classes, so that their methods are at hand, but belong
to no session: they are to be shown, not to be changed.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Enum,
    Label,
    Numeric,
    Table,
    Text,
    Uuid,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm.attributes import manager_of_class

from marketplace.core.db import Base

M = TypeVar("M", bound=Base)
Reader = Callable[[str], Any]


def table_of(model: type[Base]) -> Table:
    """The table of a mapped class."""
    return Base.metadata.tables[model.__tablename__]


def gathered(
    model: type[Base], where: ColumnElement[bool], order_by: ColumnElement[Any]
) -> Label[str]:
    """A column with the rows of another table, as JSON: one array of values for each row."""
    table = table_of(model)
    row = func.json_build_array(*(_written(column) for column in table.c))
    rows = func.coalesce(func.json_agg(aggregate_order_by(row, order_by)), func.json_build_array())
    return select(cast(rows, Text)).where(where).scalar_subquery().label(table.name)


def objects(model: type[M], rows: str) -> list[M]:
    """The gathered rows as objects."""
    readers = _readers(model)
    return [
        detached(
            model,
            {
                name: value if read is None or value is None else read(value)
                for (name, read), value in zip(readers, row, strict=True)
            },
        )
        for row in orjson.loads(rows)
    ]


def detached(model: type[M], values: Mapping[str, Any]) -> M:
    """An object with these attributes that no session knows."""
    made: M = manager_of_class(model).new_instance()
    vars(made).update(values)
    return made


def _written(column: Column[Any]) -> ColumnElement[Any]:
    """The value as JSON keeps it: decimals as text, since numbers would lose digits."""
    return cast(column, Text) if isinstance(column.type, Numeric) else column


@cache
def _readers(model: type[Base]) -> list[tuple[str, Reader | None]]:
    return [(column.name, _reader(column)) for column in table_of(model).c]


def _reader(column: Column[Any]) -> Reader | None:
    """What turns the JSON value back into the attribute's; None where they are the same."""
    kind = column.type
    if isinstance(kind, Enum):
        return kind.enum_class
    readers: dict[type, Reader] = {
        Uuid: UUID,
        Numeric: Decimal,
        Date: date.fromisoformat,
        DateTime: datetime.fromisoformat,
    }
    return next((read for type_, read in readers.items() if isinstance(kind, type_)), None)
