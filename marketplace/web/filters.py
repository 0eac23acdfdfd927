"""What templates can say: filters and functions, registered once by `install`."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale
from flask import Flask, current_app, g, request, url_for
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.money import Money, Quantity
from marketplace.core.text import Text, _, label, language, ngettext_
from marketplace.core.units import UNITS, unit_name
from marketplace.identity import queries
from marketplace.identity.permissions import Actor, Permission, Role
from marketplace.web import charts, deeds, formats, looks
from marketplace.web.blueprints import csrf_token
from marketplace.web.frame import Frame
from marketplace.web.telemetry import csp_nonce

CURRENCIES = ("EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD")
COUNTRIES = (  # noqa: SIM905 - a readable table
    "AT BE BG CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MC MT NL NO PL PT RO "
    "SE SI SK US CA CN IN JP KR MA TN TR"
).split()
THEMES = ("light", "dark")
BUTTONS = {
    "primary": "btn-primary",
    "secondary": "btn-outline",
    "danger": "btn-outline-danger",
    "link": "btn-link",
}


def install(app: Flask) -> None:
    """Give the templates of this application their words."""
    env = app.jinja_env
    env.trim_blocks = env.lstrip_blocks = True
    env.filters |= {
        "money": formats.money,
        "amount": lambda value, currency: formats.money(
            None if value is None else Money(value, currency)
        ),
        "quantity": formats.quantity,
        "measure": lambda value, unit: formats.quantity(
            None if value is None else Quantity(value, unit)
        ),
        "number": formats.number,
        "percent": formats.percent,
        "date": lambda value, zone=None: formats.day(value, zone or reader_zone()),
        "datetime": lambda value, zone=None: formats.moment(value, zone or reader_zone()),
        "when": lambda value: formats.ago(value, reader_zone()),
        "remaining": formats.remaining,
        "label": label,
        "change": formats.change,
        "role_name": lambda role: label(Role(role)),
        "deed": deeds.deed,
        "field_name": deeds.field_name,
        "unit": lambda code: unit_name(code, language()),
        "country": country_name,
    }
    env.globals |= {
        "_": _,
        "ngettext": lambda one, many, n, **values: ngettext_(one, many, n, **values),
        "now": clock.now,
        "language": language,
        "csrf_token": csrf_token,
        "csp_nonce": csp_nonce,
        "has_endpoint": lambda name: name in current_app.view_functions,
        "reader_zone": reader_zone,
        "reader_id": reader_id,
        "reader_kind": reader_kind,
        "reader_may": reader_may,
        "today": lambda: formats.long_day(clock.now(), reader_zone()),
        "server_time": lambda: formats.clock_time(clock.now(), reader_zone()),
        "static_url": lambda name: url_for("static", filename=name),
        "state_look": looks.state_look,
        "url_with": url_with,
        "query_arguments": lambda: request.args,
        "element_id": element_id,
        "button_class": lambda style: BUTTONS.get(style, "btn-outline"),
        "choices": choices,
        "is_chosen": is_chosen,
        "is_true": lambda value: value is True or str(value).lower() in ("true", "on", "1"),
        "field_value": field_value,
        "part_value": part_value,
        "standard_options": standard_options,
        "reader_currency": reader_currency,
        "differs_from_reader": differs_from_reader,
        "bar_chart": charts.bar_chart,
        "line_chart": charts.line_chart,
        "heat_step": charts.heat_step,
        "error_advice": looks.error_advice,
        "doers": doers,
        "theme": theme,
        "here": here,
    }
    env.globals.setdefault("shell", bare_frame)


def _reader() -> Actor | None:
    """The actor of this request, or None on public pages and outside of requests."""
    actor: Actor | None = g.get("actor") if g else None
    return actor


def bare_frame() -> Frame:
    """The layout's frame before the portal gives it navigation."""
    reader = _reader()
    return Frame(organisation=reader.org_name, name=reader.name) if reader else Frame()


def theme() -> str:
    """The reader's choice of ``light`` or ``dark``; empty for that of their device."""
    chosen = request.cookies.get("theme", "")
    return chosen if chosen in THEMES else ""


def here() -> str:
    """The address of this page, to come back to after a change of language or theme."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def reader_zone() -> str:
    """The time zone that the reader sees times in."""
    reader = _reader()
    return reader.time_zone if reader else "Europe/Paris"


def reader_id() -> str:
    """Whose choices a browser keeps apart when several people use it."""
    reader = _reader()
    return str(reader.person_id) if reader else ""


def reader_currency() -> str:
    """The currency that amounts of the reader's organisation usually are in."""
    reader = _reader()
    return reader.currency if reader else "EUR"


def reader_may(permission: str) -> bool:
    """Whether the reader's roles include this permission, such as ``bid:read``."""
    reader = _reader()
    return reader is not None and reader.may(Permission(permission))


def reader_kind() -> str:
    """What kind of organisation the reader works for; empty for strangers."""
    reader = _reader()
    return str(reader.org_kind) if reader else ""


def doers(entries: Sequence[AuditEvent]) -> dict[UUID, str]:
    """Who did what the entries tell, by entry: colleagues by name, others as their company."""
    asked = {each for e in entries for each in (e.person_id, e.org_id) if each}
    names = queries.names(g.session, asked)

    def name(entry: AuditEvent) -> str:
        if entry.person_id is None or entry.org_id is None:
            return str(_("The marketplace, automatically"))
        known = names.get(entry.person_id) or names.get(entry.org_id)
        return known or str(_("Somebody else"))

    return {entry.id: name(entry) for entry in entries}


def differs_from_reader(zone: str, at: datetime) -> bool:
    """Whether this zone's clocks show another time at that instant than the reader's."""
    theirs, ours = (at.astimezone(ZoneInfo(name)) for name in (zone, reader_zone()))
    return theirs.utcoffset() != ours.utcoffset()


def url_with(**changes: Any) -> str:
    """This page's address with some query arguments changed; None takes one out."""
    arguments: MultiDict[str, str] = MultiDict(request.args)
    for name, value in changes.items():
        arguments.poplist(name)
        if value is not None:
            arguments[name] = str(value)
    query = urlencode(list(arguments.items(multi=True)))
    return f"{request.path}?{query}" if query else request.path


def element_id(prefix: str) -> str:
    """An id that no other element of this page has."""
    if "element_ids" not in g:
        g.element_ids = itertools.count(1)
    return f"{prefix}-{next(g.element_ids)}"


def choices(options: Iterable[Any] | Mapping[Any, Any] | None) -> list[tuple[str, Text | str]]:
    """Options of a field as pairs of value and words."""
    if isinstance(options, Mapping):
        options = options.items()
    return [_choice(option) for option in options or ()]


def _choice(option: Any) -> tuple[str, Text | str]:
    if isinstance(option, StrEnum):
        return option.value, label(option)
    if isinstance(option, str):
        return option, option
    value, words = option
    return str(value), words


def is_chosen(now: Any, choice: str) -> bool:
    """Whether the field holds this choice; lists hold several."""
    if isinstance(now, list | tuple | set | frozenset):
        return choice in {_plain(item) for item in now}
    return now is not None and _plain(now) == choice


def _plain(value: Any) -> str:
    return str(value.value) if isinstance(value, StrEnum) else str(value)


def field_value(value: Any, kind: str = "text") -> str:
    """A value as an input shows it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return formats.local_input(value, reader_zone())
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return typed_number(value)
    if isinstance(value, int) and kind == "decimal":
        return str(value)
    return _plain(value)


def typed_number(value: Decimal) -> str:
    """A number as the reader would type it: no grouping, their decimal sign."""
    plain = f"{value.normalize():f}" if value else "0"
    return plain.replace(".", ",") if language() == "fr" else plain


def part_value(form: Any, name: str, part: str, value: Any) -> str:
    """One half of a money or quantity field."""
    if isinstance(value, Money | Quantity):
        return field_value(getattr(value, part))
    if isinstance(value, Mapping):
        return field_value(value.get(part))
    return field_value(form.value(f"{name}.{part}")) if form else ""


def standard_options(kind: str) -> list[tuple[str, str]]:
    """The options of currency, country and unit fields, sorted for the reader."""
    if kind == "currency":
        return [(code, code) for code in CURRENCIES]
    if kind == "unit":
        named = [(code, unit_name(code, language())) for code in UNITS]
    else:
        named = [(code, country_name(code)) for code in COUNTRIES]
    return sorted(named, key=lambda pair: pair[1].casefold())


def country_name(code: str | None) -> str:
    """The country in the reader's language."""
    if not code:
        return formats.NOTHING
    names: Mapping[str, str] = Locale.parse(language()).territories
    return names.get(code, code)
