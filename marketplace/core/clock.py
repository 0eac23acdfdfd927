"""The only source of the current time, and the one way of writing it down."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The current instant, aware and in UTC."""
    return _frozen.get() or wall()


def held() -> datetime | None:
    """The instant at which the clock is held; None while it runs."""
    return _frozen.get()


def wall() -> datetime:
    """What this machine's clock shows, even while `now` is held."""
    return datetime.now(UTC)


def today_in(zone: str) -> date:
    """The day that it is now in this named zone."""
    return now().astimezone(ZoneInfo(zone)).date()


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at one instant: for tests, and for demo data that lies in the past."""
    if at.tzinfo is None:
        raise ValueError("The clock takes aware datetimes only.")
    token = _frozen.set(at.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


def instant(value: datetime) -> str:
    """RFC 3339 in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
