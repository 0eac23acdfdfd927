"""Silences between answers: what is tolerated, what is written down, what counts where."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from marketplace.core import clock, outages
from marketplace.core.outages import Beat, Outage, Silence

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def beats(session: Session, *times: datetime) -> None:
    for at in times:
        with clock.frozen(at):
            outages.beat(session)
            session.flush()


def written(session: Session) -> list[tuple[datetime, datetime]]:
    rows = session.scalars(select(Outage).order_by(Outage.began_at))
    return [(row.began_at, row.ended_at) for row in rows]


def during(session: Session, start: datetime, end: datetime, now: datetime) -> list[Silence]:
    with clock.frozen(now):
        return list(outages.during(session, start, end))


def test_the_first_answer_ends_no_outage(session: Session) -> None:
    beats(session, NOON)
    assert written(session) == []
    assert session.scalars(select(Beat.seen_at)).all() == [NOON]


def test_a_minute_is_tolerated_and_a_second_more_is_not(session: Session) -> None:
    beats(session, NOON, NOON + MINUTE)
    assert written(session) == []
    beats(session, NOON + 2 * MINUTE + SECOND)
    assert written(session) == [(NOON + MINUTE, NOON + 2 * MINUTE + SECOND)]


def test_a_clock_that_goes_back_makes_no_outage(session: Session) -> None:
    beats(session, NOON, NOON - timedelta(hours=2), NOON + 30 * SECOND)
    assert written(session) == []
    assert session.scalars(select(Beat.seen_at)).all() == [NOON + 30 * SECOND]


@pytest.mark.parametrize(
    ("start", "end", "touched"),
    [
        (-10, 0, False),
        (-10, 1, True),
        (2, 3, True),
        (6, 20, True),
        (7, 20, False),
    ],
)
def test_an_outage_counts_where_it_touches(
    session: Session, start: int, end: int, *, touched: bool
) -> None:
    beats(session, NOON, NOON + 7 * MINUTE)
    found = during(session, NOON + start * MINUTE, NOON + end * MINUTE, NOON + 7 * MINUTE)
    assert found == ([Silence(NOON, NOON + 7 * MINUTE)] if touched else [])


def test_a_silence_counts_while_it_lasts(session: Session) -> None:
    beats(session, NOON)
    hour = (NOON - 30 * MINUTE, NOON + 30 * MINUTE)
    assert during(session, *hour, now=NOON + MINUTE) == []
    assert during(session, *hour, now=NOON + MINUTE + SECOND) == [Silence(NOON, None)]
    assert during(session, NOON - 9 * MINUTE, NOON, now=NOON + 5 * MINUTE) == []


def test_where_nobody_ever_looked_nothing_is_known(session: Session) -> None:
    assert during(session, NOON, NOON + MINUTE, now=NOON + timedelta(days=1)) == []


def test_a_tenant_reads_outages_and_cannot_write_them(session: Session) -> None:
    beats(session, NOON, NOON + 7 * MINUTE)
    session.execute(text("SET LOCAL ROLE marketplace_app"))
    assert written(session) == []
    session.execute(text("SELECT set_config('app.org', gen_random_uuid()::text, true)"))
    assert len(written(session)) == 1
    removed = session.execute(text("DELETE FROM service_outage"))
    assert removed.rowcount == 0  # type: ignore[attr-defined]
