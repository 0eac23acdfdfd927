"""Does this process's clock agree with the database's, which is one for all processes?

Deadlines are decided by the arrival that a process notes: one whose clock is off must not decide.
The difference is measured every few seconds, and at once when the process's clock has jumped.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import server_time
from marketplace.core.errors import Unavailable
from marketplace.core.text import _

log = structlog.get_logger()
MAX_OFFSET = timedelta(milliseconds=250)
FRESH_SECONDS = 5.0
RETRY_SECONDS = 10


class ClockUnsynced(Unavailable):
    code = "clock_unsynced"
    title = _("The clock of this server is being set")


@dataclass(frozen=True, slots=True)
class Measurement:
    """How far the database's clock is ahead of ours, give or take ``spread``."""

    offset: timedelta
    spread: timedelta
    taken: float
    drift: float

    @property
    def certain(self) -> timedelta:
        """What of the offset is no matter of measuring; zero when it may all be."""
        if abs(self.offset) <= self.spread:
            return timedelta(0)
        return (
            self.offset - self.spread if self.offset > timedelta(0) else self.offset + self.spread
        )

    def still_holds(self) -> bool:
        """Recent enough, and our clock has gone on evenly since."""
        jumped = abs(_drift() - self.drift) > MAX_OFFSET.total_seconds()
        return not jumped and time.monotonic() - self.taken < FRESH_SECONDS


_last: Measurement | None = None


def check(session: Session) -> timedelta:
    """What to add to a time of ours to have the database's; raises ClockUnsynced beyond 250 ms."""
    global _last
    measured = _last
    if measured is None or not measured.still_holds():
        measured = _last = _measure(session)
    if abs(measured.certain) > MAX_OFFSET:
        _last = None
        log.error("clock_unsynced", offset_seconds=measured.offset.total_seconds())
        raise ClockUnsynced(
            _(
                "The clock of this server is not right just now. Nothing was done. "
                "Try again shortly."
            ),
            retry_after=RETRY_SECONDS,
        )
    return measured.certain


def in_database_time(session: Session, noted: datetime) -> datetime:
    """A time that this process noted, by the database's clock; raises ClockUnsynced."""
    return noted + check(session)


def _measure(session: Session) -> Measurement:
    drift, before = _drift(), time.monotonic()
    theirs = server_time(session).timestamp()
    after = time.monotonic()
    middle = drift + (before + after) / 2
    return Measurement(
        offset=timedelta(seconds=theirs - middle),
        spread=timedelta(seconds=(after - before) / 2),
        taken=after,
        drift=drift,
    )


def _drift() -> float:
    """Wall clock less monotonic clock: constant, unless somebody sets the clock."""
    return clock.wall().timestamp() - time.monotonic()
