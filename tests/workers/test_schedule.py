"""Slots: what is due by the clock happens once."""

from datetime import UTC, datetime

import pytest

from marketplace.core import clock
from marketplace.core.db import Database
from tests.workers.conftest import all_jobs
from workers import pump as pump_module
from workers import schedule
from workers.pump import Pump
from workers.schedule import SCHEDULE, Scheduled
from workers.work import QUEUES

AT = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "now", "slot"),
    [
        ("*/5 * * * *", "2026-03-01T10:04:59", "2026-03-01T10:00:00"),
        ("*/5 * * * *", "2026-03-01T10:05:00", "2026-03-01T10:05:00"),
        ("*/5 * * * *", "2026-03-01T10:05:30", "2026-03-01T10:05:00"),
        ("17 3 * * *", "2026-03-01T03:16:59", "2026-02-28T03:17:00"),
    ],
)
def test_a_slot_is_the_newest_instant_at_which_it_was_due(cron: str, now: str, slot: str) -> None:
    scheduled = Scheduled(cron, lambda _session, _actor: None)
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert scheduled.slot(at) == datetime.fromisoformat(slot).replace(tzinfo=UTC)


def test_everything_on_the_schedule_has_a_readable_time_and_a_queue_that_somebody_works_off() -> (
    None
):
    for scheduled in SCHEDULE.values():
        assert scheduled.slot(AT) <= AT
        assert scheduled.queue in QUEUES


@pytest.fixture
def hourly(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"test.hourly": Scheduled("0 * * * *", lambda _session, _actor: None)}
    monkeypatch.setattr(schedule, "SCHEDULE", table)
    monkeypatch.setattr(pump_module, "SCHEDULE", table)


@pytest.mark.usefixtures("hourly")
class TestSlots:
    def enqueue(self, database: Database, hour: int) -> None:
        """A scheduler that has just started looks at the clock."""
        with clock.frozen(datetime(2026, 3, 29, hour, 12, tzinfo=UTC)):
            Pump(database, None).enqueue_slots()  # type: ignore[arg-type]

    def test_several_schedulers_make_one_job_for_a_slot(self, database: Database) -> None:
        for _scheduler in range(3):
            self.enqueue(database, 10)
        assert [job.dedupe_key for job in all_jobs(database)] == [
            "schedule:test.hourly@2026-03-29T10:00:00+00:00"
        ]

    def test_a_clock_that_goes_back_repeats_no_slot(self, database: Database) -> None:
        for hour in (10, 11, 10, 11):
            self.enqueue(database, hour)
        assert len(all_jobs(database)) == 2

    def test_of_missed_slots_only_the_newest_is_made_up_for(self, database: Database) -> None:
        self.enqueue(database, 8)
        self.enqueue(database, 12)
        assert [job.run_at.hour for job in all_jobs(database)] == [8, 12]
