"""Changes of an RFQ in the reader's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from marketplace.core.text import Text, _, language
from marketplace.core.units import unit_name

FIELDS: dict[str, Text] = {
    "description": _("Description"),
    "quantity": _("Quantity"),
    "lot": _("Lot"),
    "delivery_place": _("Place of delivery"),
    "delivery_on": _("Deliver by"),
    "title": _("Title"),
    "name": _("Name"),
    "weight": _("Weight"),
    "importance": _("Importance"),
    "payment_terms_days": _("Payment terms in days"),
    "delivery": _("Delivery address"),
}
# Longer lists are read on the page
MOST_IN_A_SUMMARY = 12


@dataclass(frozen=True)
class Row:
    """A change as a row of a table; None: there is nothing on that side."""

    what: Text | str
    name: str
    field: Text | str
    old: str | None
    new: str | None


def row(change: Mapping[str, Any]) -> Row:
    """The change for people."""
    field = change["field"]
    return Row(
        what=_what(change),
        name=change["name"],
        field="" if field is None else FIELDS.get(field, field.replace("_", " ")),
        old=_value(field, change["old"]),
        new=_value(field, change["new"]),
    )


def summary(changes: Sequence[Mapping[str, Any]]) -> str:
    """The changes as sentences of a letter."""
    shown = [_sentence(row(each)) for each in changes[:MOST_IN_A_SUMMARY]]
    more = len(changes) - len(shown)
    return " ".join([*shown, *([str(_("And %(n)s more.", n=more))] if more else [])])


def _sentence(shown: Row) -> str:
    if not shown.field:
        return f"{shown.what}."
    return f"{shown.what}: {shown.field} {shown.old or '–'} → {shown.new or '–'}."


def _what(change: Mapping[str, Any]) -> Text:
    kind, what, number = change["kind"], change["what"], change["number"]
    words = {
        ("line", "added"): _("Line %(number)s is new", number=number),
        ("line", "removed"): _("Line %(number)s is not asked for any more", number=number),
        ("line", "changed"): _("Line %(number)s", number=number),
        ("lot", "added"): _("Lot %(number)s is new", number=number),
        ("lot", "removed"): _("Lot %(number)s is gone", number=number),
        ("lot", "changed"): _("Lot %(number)s", number=number),
        ("criterion", "added"): _("Criterion %(name)s is new", name=change["name"]),
        ("criterion", "removed"): _("Criterion %(name)s is gone", name=change["name"]),
        ("criterion", "changed"): _("Criterion %(name)s", name=change["name"]),
    }
    return words.get((kind, what), _("The whole event"))


def _value(field: str | None, value: Any) -> str | None:
    if value is None or value == "":
        return None
    if field == "quantity":
        number, _space, unit = str(value).partition(" ")
        many = Decimal(number)
        return f"{format_decimal(many, locale=language())} {unit_name(unit, language(), many)}"
    if field == "weight":
        return f"{format_decimal(Decimal(value), locale=language())} %"
    if field == "delivery_on":
        return format_date(date.fromisoformat(value), locale=language())
    return str(value)
