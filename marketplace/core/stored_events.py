"""Reading an event back from its stored form."""

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.outbox import EVENTS, Event

READERS: dict[type, Callable[[Any], Any]] = {
    UUID: UUID,
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def restored(name: str, payload: dict[str, Any]) -> Event:
    """The event as it was recorded; KeyError when none is called so.

    Fields added since need defaults; removed ones are left out.
    """
    event: Event = _record(EVENTS[name])(payload)
    return event


def _record(cls: Any) -> Callable[[dict[str, Any]], Any]:
    """Reads an event, or a part of one that is a dataclass itself."""
    fields = _fields(cls)
    return lambda values: cls(**{key: fields[key](values[key]) for key in fields if key in values})


@functools.cache
def _fields(cls: Any) -> dict[str, Callable[[Any], Any]]:
    hints = typing.get_type_hints(cls)
    return {
        field: _reader(hint)
        for field, hint in hints.items()
        if typing.get_origin(hint) is not typing.ClassVar
    }


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return _optional(_reader(next(each for each in arguments if each is not type(None))))
    if origin is tuple:
        return _sequence(_reader(arguments[0]))
    if dataclasses.is_dataclass(hint):
        return _record(hint)
    return READERS.get(hint, _as_it_is)


def _optional(read_value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read_value(value)


def _sequence(read_value: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: tuple(read_value(value) for value in values)


def _as_it_is(value: Any) -> Any:
    return value
