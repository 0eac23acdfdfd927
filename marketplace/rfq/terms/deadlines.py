"""Times as buyers write them, in the zone of their RFQ, and calendar steps in that zone.

One rule: a time with an offset means itself, a time without one is read in the RFQ's named zone.
A local time that the zone skips or has twice is refused, never guessed.
"""

import re
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _

SATURDAY = 5
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)


class NotATime(Invalid):
    code = "not_a_time"


class UnknownTimeZone(Invalid):
    code = "unknown_time_zone"


class NonexistentLocalTime(Invalid):
    code = "nonexistent_local_time"


class AmbiguousLocalTime(Invalid):
    code = "ambiguous_local_time"


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """Zones that mean a place, as the time zone database names them."""
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def zone_of(name: str, pointer: str = "/time_zone") -> ZoneInfo:
    """The zone of this name; UnknownTimeZone when there is none."""
    if name not in zone_names():
        raise _refusal(
            UnknownTimeZone,
            pointer,
            _("Use the name of a time zone, such as Europe/Paris."),
        )
    return ZoneInfo(name)


def instant_of(written: str | datetime, zone: ZoneInfo, pointer: str) -> datetime:
    """The instant that was meant, in UTC.

    Raises NonexistentLocalTime or AmbiguousLocalTime (with both candidates) around clock changes.
    """
    time = written if isinstance(written, datetime) else _parsed(written, pointer)
    if time.tzinfo is not None:
        return time.astimezone(UTC)
    candidates = instants_at(time, zone)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise _refusal(
            NonexistentLocalTime,
            pointer,
            _(
                "In %(zone)s the clocks go forward then, and this time does not exist. "
                "Choose an earlier or later one.",
                zone=zone.key,
            ),
        )
    written_out = [candidate.astimezone(zone).isoformat() for candidate in candidates]
    raise _refusal(
        AmbiguousLocalTime,
        pointer,
        _(
            "In %(zone)s the clocks go back then, and this time comes twice. "
            "Say which one: %(first)s or %(second)s.",
            zone=zone.key,
            first=written_out[0],
            second=written_out[1],
        ),
        candidates=written_out,
    )


def instants_at(local: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every instant at which clocks in the zone show this: one, none or two, earlier first."""
    instants = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return sorted(
        instant for instant in instants if instant.astimezone(zone).replace(tzinfo=None) == local
    )


def days_before(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """So many calendar days earlier at the same local time, whatever the clocks did meanwhile.

    Where that time is skipped, the clocks' next one; where it comes twice, the first.
    """
    local = instant.astimezone(zone) - timedelta(days=days)
    return local.replace(fold=0).astimezone(UTC)


def end_of_day(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The last second of the day that lies so many calendar days after this one, in the zone."""
    day = instant.astimezone(zone).date() + timedelta(days=days)
    local = datetime.combine(day, time(23, 59, 59))
    return local.replace(tzinfo=zone, fold=1).astimezone(UTC)


def working_days_after(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """So many days from Monday to Friday later, at the same local time."""
    local = instant.astimezone(zone)
    left = days
    while left:
        local += timedelta(days=1)
        left -= local.weekday() < SATURDAY
    return local.replace(fold=0).astimezone(UTC)


def _parsed(written: str, pointer: str) -> datetime:
    written = written.strip()
    try:
        if not _TIME.fullmatch(written):
            raise ValueError
        return datetime.fromisoformat(written)
    except ValueError:
        raise _refusal(
            NotATime, pointer, _("Give date and time, such as 2026-03-10T12:00.")
        ) from None


def _refusal(kind: type[Invalid], pointer: str, detail: Text, **data: object) -> Invalid:
    return kind(detail, errors=[FieldError(pointer, kind.code, detail)], **data)
