"""Values as words and figures for the reader: their language, their zone. No Flask here."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

from marketplace.core import clock
from marketplace.core.money import Money, Quantity, exponent
from marketplace.core.shares import written
from marketplace.core.text import _, language, stored_label
from marketplace.core.units import unit_name

# English here is the English of Europe: day before month, weeks from Monday.
LOCALES = {"en": Locale.parse("en_GB"), "fr": Locale.parse("fr_FR")}
NEAR = timedelta(days=6)
NOTHING = "—"
LONG_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}", re.ASCII)
DECIMAL = re.compile(r"-?\d{1,15}\.\d+", re.ASCII)
CODE = re.compile(r"[a-z]+(_[a-z]+)*", re.ASCII)


def locale() -> Locale:
    """The conventions of the reader's language."""
    return LOCALES[language()]


def number(value: Decimal | Fraction | int | None, places: int | None = None) -> str:
    """``1 234,5``; with ``places`` exactly that many decimals."""
    if value is None:
        return NOTHING
    if isinstance(value, Fraction):
        value = written(value)
    if places is None:
        return format_decimal(value, format="#,##0.######", locale=locale())
    return format_decimal(
        value, format="#,##0." + "0" * places if places else "#,##0", locale=locale()
    )


def percent(value: Decimal | int | None, places: int = 1) -> str:
    """A ratio as per cent: 0.125 is ``12.5%``."""
    if value is None:
        return NOTHING
    pattern = "#,##0." + "0" * places + "%" if places else "#,##0%"
    if language() == "fr":
        pattern = pattern.replace("%", "\u202f%")
    return format_percent(value, format=pattern, locale=locale())


def money(value: Money | None) -> str:
    """With its currency; more decimals than usual only where the amount has them (unit prices)."""
    if value is None:
        return NOTHING
    usual = exponent(value.currency)
    places = max(usual, -int(value.amount.normalize().as_tuple().exponent))
    pattern = "#,##0" + ("." + "0" * places if places else "")
    if language() == "fr":
        pattern += "\u00a0¤"
    else:
        pattern = f"¤{pattern}"
    return format_currency(
        value.amount, value.currency, format=pattern, locale=locale(), currency_digits=False
    )


def quantity(value: Quantity | None) -> str:
    """``12.5 kilograms``: figure and unit."""
    if value is None:
        return NOTHING
    return f"{number(value.value)}\u00a0{unit_name(value.unit, language(), value.value)}"


def day(value: date | datetime | None, zone: str) -> str:
    """With the weekday when it is near."""
    if value is None:
        return NOTHING
    local = value.astimezone(ZoneInfo(zone)).date() if isinstance(value, datetime) else value
    today = clock.now().astimezone(ZoneInfo(zone)).date()
    pattern = "EEE d MMM y" if abs(local - today) <= NEAR else "d MMM y"
    return format_date(local, pattern, locale=locale()).replace(" ", "\u00a0")


def moment(value: datetime | None, zone: str) -> str:
    """Date and time with the zone's name: a deadline must leave no doubt."""
    if value is None:
        return NOTHING
    local = value.astimezone(ZoneInfo(zone))
    time = format_time(local, "HH:mm", locale=locale())
    return f"{day(value, zone)}, {time}\u00a0{zone_name(local)}"


def zone_name(local: datetime) -> str:
    """``CET``, or ``UTC+05:30`` where the zone has no usual letters."""
    name = local.tzname() or "UTC"
    return name if name.isalpha() else f"UTC{local.strftime('%z')[:3]}:{local.strftime('%z')[3:]}"


def ago(value: datetime | None, zone: str) -> str:
    """``3 hours ago``, ``in 2 days``; the date when it is further away than a month."""
    if value is None:
        return NOTHING
    delta = value - clock.now()
    if abs(delta) > timedelta(days=30):
        return day(value, zone)
    if abs(delta) < timedelta(minutes=1):
        return str(_("just now"))
    return format_timedelta(delta, add_direction=True, locale=locale())


def remaining(value: datetime | None) -> str:
    """Time left until a deadline, in its two largest units; or that it has passed."""
    if value is None:
        return ""
    left = value - clock.now()
    if left <= timedelta(0):
        return str(_("passed"))
    days, hours, minutes = left.days, left.seconds // 3600, left.seconds // 60 % 60
    if days:
        return str(_("%(days)s d %(hours)s h left", days=days, hours=hours))
    if hours:
        return str(_("%(hours)s h %(minutes)s min left", hours=hours, minutes=minutes))
    return str(_("%(minutes)s min left", minutes=max(minutes, 1)))


def local_input(value: datetime, zone: str) -> str:
    """For ``<input type="datetime-local">`` in the reader's zone."""
    return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def change(value: Any) -> str:
    """One value of an audit entry: plain, short, never raw JSON for lists of words."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, dict):
        return "; ".join(f"{key}: {change(item)}" for key, item in value.items())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ", ".join(change(item) for item in value) or NOTHING
    return _short(str(value))


def _short(text: str) -> str:
    """Ids and digests by their beginning, decimals without stored zeros, codes by their words."""
    if LONG_ID.fullmatch(text):
        return f"{text[:8]}…"
    if DECIMAL.fullmatch(text):
        return number(Decimal(text).normalize())
    return (stored_label(text) if CODE.fullmatch(text) else None) or text


def long_day(value: datetime, zone: str) -> str:
    """The day of a heading: ``Wednesday 25 November 2026``."""
    words = format_date(value.astimezone(ZoneInfo(zone)).date(), "EEEE d MMMM y", locale=locale())
    return words[0].upper() + words[1:]


def clock_time(value: datetime, zone: str) -> str:
    """The server's time, as the foot of each page shows it."""
    local = value.astimezone(ZoneInfo(zone))
    return f"{format_datetime(local, 'd MMM y HH:mm:ss', locale=locale())} {zone_name(local)}"
