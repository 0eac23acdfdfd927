"""Columns that many tables share, as the models declare them."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

UUID = sa.Uuid()
INSTANT = sa.DateTime(timezone=True)
JSONB = postgresql.JSONB()
TEXTS = postgresql.ARRAY(sa.Text())
UUIDS = postgresql.ARRAY(sa.Uuid())


def identifier() -> sa.Column[Any]:
    return sa.Column("id", UUID, primary_key=True, server_default=sa.func.uuidv7())


def version() -> sa.Column[Any]:
    return sa.Column("version", sa.Integer, nullable=False, server_default="1")


def created_at() -> sa.Column[Any]:
    return sa.Column("created_at", INSTANT, nullable=False, server_default=sa.func.now())


def text(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=nullable)


def instant(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, INSTANT, nullable=nullable)


def day(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.Date, nullable=nullable)


def reference(name: str, to: str | None = None, *, nullable: bool = False) -> sa.Column[Any]:
    """An id of another row; with a foreign key when ``to`` names a table."""
    keys = (sa.ForeignKey(f"{to}.id"),) if to else ()
    return sa.Column(name, UUID, *keys, nullable=nullable)


def amount(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Numeric(19, 4), nullable=nullable)


def decimal(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    """A unit price, quantity or rate."""
    return sa.Column(name, sa.Numeric(19, 6), nullable=nullable)


def currency(name: str = "currency", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.CHAR(3), nullable=nullable)


def unit(name: str = "unit", *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.String(3), nullable=nullable)


def choice(name: str, enum: str, *values: str, nullable: bool = False) -> sa.Column[Any]:
    """A value out of a list, as the type map stores a StrEnum.

    enum: the class's name in lower case, which names the check constraint.
    """
    kind = sa.Enum(*values, name=enum, native_enum=False, create_constraint=True, length=40)
    return sa.Column(name, kind, nullable=nullable)


def finite(*names: str) -> list[sa.CheckConstraint]:
    """Forbid NaN and absurd sizes, which NUMERIC would take (NaN sorts above every number)."""
    return [sa.CheckConstraint(f"{name} < 1e13", name=f"{name}_finite") for name in names]
