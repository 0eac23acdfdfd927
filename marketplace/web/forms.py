"""HTML forms over the API's schemas: what was typed is kept, each error stands at its field."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import flask
from babel.numbers import get_decimal_symbol
from marshmallow import EXCLUDE, ValidationError, fields
from werkzeug.datastructures import MultiDict

from marketplace.core.errors import Conflict, FieldError, Invalid, Stale
from marketplace.core.text import Text, _, language
from marketplace.web.context import find_actor, undone_if_refused
from marketplace.web.fields import DecimalField, InstantField, MoneyField, QuantityField
from marketplace.web.gate import field_errors
from marketplace.web.schemas import Schema

WHOLE = re.compile(r"-?[0-9]{1,9}")
SPACES = re.compile(r"[\s\u00a0\u202f’']")
LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)
MAX_INDEX = 2000


class Form:
    """One form. Names are dotted paths into the schema: ``lines.0.quantity.value``.

    Unknown names are ignored; decimals are read in the reader's notation ("1 250,50").
    ``initial`` fills the form for its first display.
    """

    def __init__(
        self,
        schema: type[Schema],
        posted: MultiDict[str, str] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        partial: bool = False,
    ) -> None:
        self.schema = schema(unknown=EXCLUDE, partial=partial)
        self.posted = posted
        self.initial = initial or {}
        self.errors: dict[str, list[str]] = {}
        self.data: dict[str, Any] = {}
        self.version = self._version()
        if posted is not None:
            self._load(posted)

    @property
    def valid(self) -> bool:
        """Whether it was sent and everything could be read."""
        return self.posted is not None and not self.errors

    def value(self, name: str) -> Any:
        """What to show in the field: as typed, or the initial value."""
        if self.posted is not None:
            return self.posted.get(name, "")
        found: Any = self.initial
        for part in name.split("."):
            found = _step(found, part)
        return "" if found is None else found

    def values(self, name: str) -> list[str]:
        """Everything chosen for a field of several values."""
        if self.posted is not None:
            return self.posted.getlist(name)
        return [str(item) for item in self.value(name) or []]

    def error(self, name: str) -> str:
        """The messages at this field; those of a money or quantity stand at its first input."""
        parent, _dot, last = name.rpartition(".")
        keys = [name, parent] if last in ("amount", "value") else [name]
        return " ".join(message for key in keys for message in self.errors.get(key, ()))

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn a refusal of the use case into errors of this form; its changes are undone."""
        try:
            with undone_if_refused():
                yield
        except (Invalid, Conflict, Stale) as refusal:
            self._take(refusal.errors, refusal.detail)

    def refuse(self, name: str, message: Text | str) -> None:
        """Add an error of the page's own."""
        self.errors.setdefault(name, []).append(str(message))

    def _load(self, posted: MultiDict[str, str]) -> None:
        try:
            self.data = self.schema.load(_prepared(self.schema, nested(posted)))
        except ValidationError as error:
            self._take(field_errors(error.messages), _("Please correct the marked fields."))

    def _take(self, found: list[FieldError], detail: Text | str) -> None:
        for error in found:
            self.refuse(error.pointer.strip("/").replace("/", "."), error.detail)
        if not found or "" in self.errors:
            self.refuse("", detail)

    def _version(self) -> int | None:
        given = self.posted.get("version") if self.posted else self.initial.get("version")
        return whole_number(str(given)) if given is not None else None


def flash(message: Text | str, kind: str = "success") -> None:
    """Show a message on the next page. kind: success, info, warning or danger."""
    flask.flash(str(message), kind)


def whole_number(typed: str) -> int | None:
    """A count, an index or a version that a form carries; None for what cannot be one of ours."""
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


def nested(posted: MultiDict[str, str]) -> dict[str, Any]:
    """Dotted names as nested dictionaries; runs of numbers become lists, in their order."""
    tree: dict[str, Any] = {}
    for name in posted:
        values = posted.getlist(name)
        node = tree
        *path, last = name.split(".")
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        else:
            node[last] = values if len(values) > 1 else values[0]
    return {name: _listed(value) for name, value in tree.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    indexes = [whole_number(key) for key in inner]
    if inner and all(index is not None and index < MAX_INDEX for index in indexes):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    if isinstance(value, list | tuple):
        index = whole_number(part)
        return value[index] if index is not None and index < len(value) else None
    return getattr(value, part, None)


def _prepared(schema: Any, data: dict[str, Any]) -> dict[str, Any]:
    """Form text as the schema wants it: no empty strings, plain decimals, booleans, lists."""
    prepared = {}
    for name, field in schema.load_fields.items():
        key = field.data_key or name
        value = _read(field, data.get(key))
        if value is not None:
            prepared[key] = value
        elif key in data and field.allow_none:
            prepared[key] = None
    return prepared


def _read(field: Any, value: Any) -> Any:
    if isinstance(field, fields.Boolean):
        return value not in (None, "", "false", "off", "0")
    if value in (None, "", {}, []):
        return None
    if isinstance(field, fields.Nested) and isinstance(value, dict | list):
        return _read_nested(field, value)
    if isinstance(field, fields.List):
        items = value if isinstance(value, list) else [value]
        return [_read(field.inner, item) for item in items if item not in ("", None)]
    if isinstance(field, MoneyField | QuantityField) and isinstance(value, dict):
        return _read_pair(field, value)
    return _read_text(field, value) if isinstance(value, str) else value


def _read_text(field: Any, value: str) -> Any:
    if isinstance(field, fields.Integer):
        return int(value) if WHOLE.fullmatch(value.strip()) else value
    if isinstance(field, DecimalField):
        return plain_decimal(value)
    return with_offset(value) if isinstance(field, InstantField) else value


def _read_nested(field: fields.Nested, value: Any) -> Any:
    if not field.many:
        return _prepared(field.schema, value) if isinstance(value, dict) else value
    items = value if isinstance(value, list) else [value]
    return [_prepared(field.schema, item) if isinstance(item, dict) else item for item in items]


def _read_pair(field: MoneyField | QuantityField, value: dict[str, Any]) -> Any:
    number = value.get(field.value_key)
    if number in (None, ""):
        return None
    return {
        field.value_key: plain_decimal(str(number)),
        field.code_key: value.get(field.code_key, ""),
    }


def with_offset(typed: str) -> str:
    """ "2026-03-10T12:00" of a browser's field as that moment in the reader's zone.

    What is no such moment stays as typed, for the field to refuse.
    """
    if not LOCAL_TIME.fullmatch(typed):
        return typed
    actor = find_actor()
    zone = ZoneInfo(actor.time_zone if actor else "Europe/Paris")
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).isoformat()
    except ValueError:
        return typed


def plain_decimal(typed: str) -> str:
    """ "1 250,50" or "1,250.50" as "1250.50", by the reader's notation; otherwise as typed."""
    text = SPACES.sub("", typed)
    comma = get_decimal_symbol(language()) == ","
    if comma and "," in text:
        return text.replace(".", "").replace(",", ".") if text.count(",") == 1 else text
    if not comma and re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", text):
        return text.replace(",", "")
    return text
