"""What happened, kept in the transaction in which it happened."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, ClassVar, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.types import UserDefinedType, Uuid

from marketplace.core import clock
from marketplace.core.db import Base
from marketplace.core.ids import uuid7


@dataclass(frozen=True)
class Event:
    """Something that happened: ids, numbers and times; never personal data."""

    name: ClassVar[str]


E = TypeVar("E", bound=type[Event])
EVENTS: dict[str, type[Event]] = {}


def event(cls: E) -> E:
    """Register an event class under its name, so that stored events can be read again."""
    if EVENTS.get(cls.name, cls) is not cls:
        raise ValueError(f"Two events are called {cls.name}.")
    EVENTS[cls.name] = cls
    return cls


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_kw: Any) -> str:
        return "xid8"


class OutboxMessage(Base):
    """One event. ``relayed_at`` is set once its reactions stand in the queue of record."""

    __tablename__ = "outbox"
    # RETURNING would need the right to read an event that only others may see
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - as SQLAlchemy reads it
    __table_args__ = (
        Index("ix_outbox_waiting", "seq", postgresql_where=text("relayed_at IS NULL")),
        Index("ix_outbox_audience", "audience", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True), unique=True)
    tx: Mapped[int] = mapped_column(Xid8(), server_default=func.pg_current_xact_id())
    name: Mapped[str]
    payload: Mapped[dict[str, Any]]
    audience: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    occurred_at: Mapped[datetime]
    relayed_at: Mapped[datetime | None]


class OutboxConsumed(Base):
    """Receipt of one reaction to one event: what makes a repeat do nothing."""

    __tablename__ = "outbox_consumed"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    reaction: Mapped[str] = mapped_column(primary_key=True)
    consumed_at: Mapped[datetime] = mapped_column(default=clock.now)


def record(session: Session, happened: Event, audience: Iterable[UUID] = ()) -> None:
    """Announce the event once this transaction commits.

    audience: organisations whose change feed may show it.
    """
    session.add(message(happened, audience))


def message(happened: Event, audience: Iterable[UUID] = ()) -> OutboxMessage:
    """What `record` stores, for those who write it with a statement of their own."""
    return OutboxMessage(
        id=uuid7(),
        name=happened.name,
        payload=_plain(happened),
        audience=sorted(set(audience)),
        occurred_at=clock.now(),
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def load(message: OutboxMessage) -> Event:
    """The event that was recorded.

    Raises KeyError for a name that no event has.
    """
    loaded: Event = _build(EVENTS[message.name], message.payload)
    return loaded


def _build(cls: Any, payload: dict[str, Any]) -> Any:
    hints = get_type_hints(cls)
    return cls(**{key: _typed(hints[key], value) for key, value in payload.items() if key in hints})


def _typed(hint: Any, value: Any) -> Any:
    """Read a JSON value back as the type that the event's field declares."""
    if value is None:
        return None
    if get_origin(hint) in (Union, UnionType):
        return _typed(next(arg for arg in get_args(hint) if arg is not NoneType), value)
    if get_origin(hint) is tuple:
        return tuple(_typed(get_args(hint)[0], item) for item in value)
    if hint in (datetime, date):
        return hint.fromisoformat(value)
    if is_dataclass(hint):
        return _build(hint, value)
    return hint(value) if hint in (UUID, Decimal) else value
