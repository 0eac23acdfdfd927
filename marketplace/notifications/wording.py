"""A notice in the reader's words: language, zone and money as they are used to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketplace.core.money import Money
from marketplace.core.text import Text, speaking_of
from marketplace.notifications.kinds import KINDS, Kind
from marketplace.notifications.models import Notice
from marketplace.web import formats


@dataclass(frozen=True)
class Words:
    """Title, body and what the button says; ``until`` is empty when nothing is due."""

    title: str
    body: str
    button: str
    until: str


def words_of(notice: Notice, zone: str) -> Words:
    """The notice in the language of this context; its kind alone when nobody knows its words."""
    kind = KINDS.get(notice.kind) or _unknown(notice.kind)
    values = {name: shown(name, value, zone) for name, value in notice.params.items()}
    with speaking_of(notice.params.get("about", "")):
        return Words(
            title=filled(kind.title, values),
            body=filled(kind.body, values),
            button=filled(kind.button, values),
            until=values.get("due_at", ""),
        )


def filled(text: Text, values: Mapping[str, Any]) -> str:
    """The message with the notice's values in its places; a missing one shows a dash."""
    return str(Text(text.message, _Dashes(values), text.plural, text.count))


def shown(name: str, value: Any, zone: str) -> str:
    """One parameter as people read it."""
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return formats.money(Money(Decimal(value["amount"]), value["currency"]))
    if name.endswith("_at") and isinstance(value, str):
        return formats.moment(datetime.fromisoformat(value), zone)
    if name.endswith("_on") and isinstance(value, str):
        return formats.day(date.fromisoformat(value), zone)
    return formats.NOTHING if value is None else str(value)


class _Dashes(dict[str, Any]):
    def __bool__(self) -> bool:
        return True

    def __missing__(self, _name: str) -> str:
        return formats.NOTHING


def _unknown(name: str) -> Kind:
    spoken = Text(name.replace("_", " ").capitalize(), {})
    return Kind(spoken, Text("", {}), Text("Open", {}))
