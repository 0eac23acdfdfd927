"""A job is done once, whatever happens around it."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock, jobs
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobNotFailed, JobState
from marketplace.core.outbox import OutboxConsumed
from marketplace.settings import Settings
from tests.workers.conftest import (
    BellRung,
    Subscribe,
    change_jobs,
    effects,
    note,
    only_job,
    ring,
)
from workers import leases, registry, retries
from workers.inline import drain
from workers.leases import LeaseKeeper, renew
from workers.reaper import LOST, reap
from workers.relay import relay
from workers.runner import LEASE, Outcome, Runner
from workers.work import CallOut, JobTimedOut, StaleFence

ONE = {"first": note("first")}


def rung(database: Database) -> tuple[UUID, UUID]:
    """One bell and its job."""
    bell_id = ring(database)
    relay(database)
    return bell_id, only_job(database).id


class TestOneTransaction:
    def test_effect_receipt_and_end_of_the_job_are_committed_together(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        bell_id, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.DONE
        assert effects(database) == [(bell_id, "first")]
        job = only_job(database)
        assert (job.state, job.attempts, job.error) == (JobState.DONE, 1, None)
        with database.transaction() as session:
            receipts = session.scalars(select(OutboxConsumed.reaction)).all()
        assert receipts == ["bell.rung:first"]

    def test_a_job_that_is_done_is_not_done_again(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        outcomes = [Runner(database).run(job_id) for _time in range(3)]
        assert outcomes == [Outcome.DONE, Outcome.NOT_MINE, Outcome.NOT_MINE]
        assert len(effects(database)) == 1

    def test_six_workers_at_once_do_it_once(self, database: Database, subscribe: Subscribe) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        with ThreadPoolExecutor(6) as pool:
            outcomes = list(pool.map(lambda _n: Runner(database).run(job_id), range(6)))
        assert sorted(outcomes) == [Outcome.DONE] + [Outcome.NOT_MINE] * 5
        assert len(effects(database)) == 1

    def test_the_receipt_stops_a_second_job_for_the_same_reaction(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        Runner(database).run(job_id)
        change_jobs(database, state=JobState.READY)
        assert Runner(database).run(job_id) is Outcome.DONE
        assert len(effects(database)) == 1


class TestFence:
    def test_whoever_lost_the_lease_undoes_what_it_did(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        bell_id, job_id = rung(database)
        runner = Runner(database)
        stopped = runner.claim(job_id)
        assert stopped is not None
        change_jobs(database, lease_until=clock.now() - timedelta(seconds=1))
        assert reap(database) == 1
        assert runner.run(job_id) is Outcome.DONE
        with pytest.raises(StaleFence):
            runner.perform(stopped)
        assert effects(database) == [(bell_id, "first")]

    def test_the_late_one_cannot_mark_the_job_failed_either(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        runner = Runner(database)
        late = runner.claim(job_id)
        assert late is not None
        change_jobs(database, lease_until=clock.now() - timedelta(seconds=1))
        reap(database)
        runner.run(job_id)
        runner._record_failure(late, ValueError("too late"))
        assert only_job(database).state is JobState.DONE

    def test_a_lease_that_is_renewed_is_not_taken_back(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        claim = Runner(database).claim(job_id)
        assert claim is not None
        change_jobs(database, lease_until=clock.now() - timedelta(seconds=1))
        renew(database, claim)
        assert reap(database) == 0

    def test_the_keeper_renews_while_the_work_lasts(
        self, database: Database, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        claim = Runner(database).claim(job_id)
        claimed_until = only_job(database).lease_until
        monkeypatch.setattr(leases, "RENEW_EVERY_SECONDS", 0.02)
        with LeaseKeeper(database) as keeper:
            keeper.hold(claim)
            limit = time.monotonic() + 10
            while only_job(database).lease_until == claimed_until:
                assert time.monotonic() < limit

    def test_a_job_whose_workers_keep_dying_is_given_up(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        for _death in range(retries.MAX_ATTEMPTS):
            assert Runner(database).claim(job_id) is not None
            change_jobs(database, lease_until=clock.now() - timedelta(seconds=1))
            reap(database)
        job = only_job(database)
        assert (job.state, job.error) == (JobState.DEAD, LOST)

    def test_a_lease_is_longer_than_several_renewals(self) -> None:
        assert timedelta(seconds=20) <= LEASE <= timedelta(minutes=1)


class TestFailure:
    def failing(self, times: int) -> Callable[[Session, BellRung], None]:
        calls = iter(range(1, 100))

        def reaction(session: Session, event: BellRung) -> None:
            note("failing")(session, event)
            if next(calls) <= times:
                raise ValueError("The clapper is missing.")

        return reaction

    def test_nothing_of_a_failed_attempt_stays_and_the_reason_is_kept(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({"failing": self.failing(1)})
        _bell, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.FAILED
        job = only_job(database)
        assert effects(database) == []
        assert job.state is JobState.READY
        assert job.error == "ValueError: The clapper is missing."
        assert clock.now() - timedelta(seconds=1) < job.run_at < clock.now() + timedelta(seconds=5)

    def test_it_is_tried_again_after_the_pause(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({"failing": self.failing(1)})
        _bell, job_id = rung(database)
        Runner(database).run(job_id)
        change_jobs(database, run_at=clock.now())
        assert Runner(database).run(job_id) is Outcome.DONE
        assert len(effects(database)) == 1
        assert only_job(database).error is None

    def test_after_eight_attempts_it_waits_for_somebody(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({"failing": self.failing(99)})
        _bell, job_id = rung(database)
        for _attempt in range(8):
            change_jobs(database, run_at=clock.now())
            Runner(database).run(job_id)
        assert only_job(database).state is JobState.DEAD
        assert Runner(database).run(job_id) is Outcome.NOT_MINE

    def test_somebody_can_have_it_tried_again(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({"failing": self.failing(8)})
        _bell, job_id = rung(database)
        for _attempt in range(8):
            change_jobs(database, run_at=clock.now())
            Runner(database).run(job_id)
        with database.transaction() as session:
            jobs.retry(session, job_id)
        assert Runner(database).run(job_id) is Outcome.DONE

    def test_only_a_failed_job_can_be_tried_again(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        _bell, job_id = rung(database)
        with pytest.raises(JobNotFailed), database.transaction() as session:
            jobs.retry(session, job_id)

    def test_a_name_that_nobody_knows_fails_with_its_reason(self, database: Database) -> None:
        with database.transaction() as session:
            jobs.enqueue(session, "os.system", {"command": "true"})
        assert Runner(database).run(only_job(database).id) is Outcome.FAILED
        assert only_job(database).error == "UnknownWork: No work is called os.system."

    def test_the_end_of_its_time_is_a_failure_that_no_job_can_swallow(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        def stubborn(session: Session, event: BellRung) -> None:
            try:
                raise JobTimedOut("Not done after 300 seconds.")
            except Exception:
                note("stubborn")(session, event)

        subscribe({"stubborn": stubborn})
        _bell, job_id = rung(database)
        with pytest.raises(JobTimedOut):
            Runner(database).run(job_id)
        job = only_job(database)
        assert (job.state, job.error) == (
            JobState.READY,
            "JobTimedOut: Not done after 300 seconds.",
        )
        assert effects(database) == []


class TestCallOut:
    def test_the_call_happens_between_two_transactions(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        seen: list[object] = []

        def call(plan: BellRung) -> BellRung:
            in_use = database.engine.pool.checkedout()  # type: ignore[attr-defined]
            seen.append(in_use)
            return plan

        subscribe({"out": CallOut(lambda _session, event: event, call, note("recorded"))})
        bell_id, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.DONE
        assert seen == [0]
        assert effects(database) == [(bell_id, "recorded")]

    def test_without_a_plan_nobody_is_called(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        calls: list[object] = []
        subscribe({"out": CallOut(lambda _session, _event: None, calls.append, note("recorded"))})
        _bell, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.DONE
        assert calls == []
        assert effects(database) == []

    def test_a_call_that_failed_is_repeated_and_recorded_once(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        calls: list[BellRung] = []

        def call(plan: BellRung) -> BellRung:
            calls.append(plan)
            if len(calls) == 1:
                raise TimeoutError("No answer; perhaps it was done.")
            return plan

        subscribe({"out": CallOut(lambda _session, event: event, call, note("recorded"))})
        _bell, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.FAILED
        change_jobs(database, run_at=clock.now())
        assert Runner(database).run(job_id) is Outcome.DONE
        assert calls[0] == calls[1]
        assert len(effects(database)) == 1

    def test_whoever_lost_the_lease_during_the_call_records_nothing(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        def call(plan: BellRung) -> BellRung:
            change_jobs(database, fence=Job.fence + 1)
            return plan

        subscribe({"out": CallOut(lambda _session, event: event, call, note("recorded"))})
        _bell, job_id = rung(database)
        assert Runner(database).run(job_id) is Outcome.NOT_MINE
        assert effects(database) == []


class TestTasks:
    def test_a_task_is_given_the_system_as_actor_and_its_arguments(
        self, database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[object] = []

        def task(session: Session, actor: object, *, bell_id: str) -> None:
            given.extend([actor, bell_id])

        monkeypatch.setitem(registry.TASKS, "test.task", task)  # type: ignore[arg-type]
        with database.transaction() as session:
            jobs.enqueue(session, "test.task", {"bell_id": "7"})
        assert Runner(database).run(only_job(database).id) is Outcome.DONE
        assert getattr(given[0], "name", None) == "System"
        assert given[1] == "7"


class TestInline:
    def test_everything_that_is_due_is_done_and_what_follows_from_it(
        self, database: Database, subscribe: Subscribe, committed: Settings
    ) -> None:
        subscribe({"first": note("first"), "second": note("second")})
        ring(database)
        ring(database)
        assert drain(database, committed) == 4
        assert len(effects(database)) == 4
        assert drain(database, committed) == 0

    def test_the_first_failure_is_raised_as_it_is(
        self, database: Database, subscribe: Subscribe, committed: Settings
    ) -> None:
        def broken(session: Session, event: BellRung) -> None:
            raise ZeroDivisionError

        subscribe({"broken": broken})
        ring(database)
        with pytest.raises(ZeroDivisionError):
            drain(database, committed)
