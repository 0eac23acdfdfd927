"""Events become jobs once, whoever relays them, and jobs that are due are offered."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from marketplace.core import clock, jobs
from marketplace.core.db import Database
from marketplace.core.jobs import JobState
from tests.workers.conftest import (
    Subscribe,
    all_jobs,
    change_jobs,
    note,
    only_job,
    ring,
)
from workers.relay import OFFER_HOLDS, offer, relay, take_back_offers
from workers.work import CallOut

ONE = {"first": note("first")}


class TestRelay:
    def test_an_event_becomes_one_job_for_each_reaction(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({"first": note("first"), "second": note("second")})
        ring(database)
        assert relay(database) == 1
        assert sorted(job.name for job in all_jobs(database)) == [
            "bell.rung:first",
            "bell.rung:second",
        ]

    def test_it_is_relayed_once(self, database: Database, subscribe: Subscribe) -> None:
        subscribe(ONE)
        ring(database)
        assert [relay(database), relay(database)] == [1, 0]
        assert len(all_jobs(database)) == 1

    def test_an_event_that_nobody_follows_is_done_with(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe({})
        ring(database)
        assert [relay(database), relay(database)] == [1, 0]
        assert all_jobs(database) == []

    def test_relays_side_by_side_make_each_job_once(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        for _event in range(60):
            ring(database)
        with ThreadPoolExecutor(4) as pool:
            relayed = list(pool.map(lambda _n: relay(database), range(8)))
        assert sum(relayed) == 60
        assert len(all_jobs(database)) == 60


class TestOffer:
    def test_what_is_on_offer_is_not_offered_again(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        ring(database)
        relay(database)
        assert len(offer(database, "default", 10)) == 1
        assert offer(database, "default", 10) == []

    def test_an_offer_that_got_lost_is_made_again(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        ring(database)
        relay(database)
        offer(database, "default", 10)
        change_jobs(database, offered_at=clock.now() - OFFER_HOLDS - timedelta(seconds=1))
        assert offer(database, "default", 10) == [only_job(database).id]

    def test_all_offers_can_be_taken_back_at_once(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        ring(database)
        relay(database)
        offer(database, "default", 10)
        take_back_offers(database)
        assert len(offer(database, "default", 10)) == 1

    def test_the_future_waits(self, database: Database) -> None:
        with database.transaction() as session:
            later = clock.now() + timedelta(minutes=5)
            jobs.enqueue(session, "test.later", {}, run_at=later)
        assert offer(database, "default", 10) == []

    def test_what_is_being_done_is_not_offered(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        ring(database)
        relay(database)
        change_jobs(database, state=JobState.RUNNING)
        assert offer(database, "default", 10) == []

    def test_calls_to_the_outside_have_a_queue_of_their_own(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        call = CallOut(lambda _session, _event: None, lambda plan: plan, lambda _session, _o: None)
        subscribe({"inside": note("inside"), "outside": call})
        ring(database)
        relay(database)
        queues = {job.name: job.queue for job in all_jobs(database)}
        assert queues == {"bell.rung:inside": "default", "bell.rung:outside": "calls"}

    def test_the_oldest_come_first_and_no_more_than_asked_for(
        self, database: Database, subscribe: Subscribe
    ) -> None:
        subscribe(ONE)
        for _event in range(5):
            ring(database)
            relay(database)
        expected = [job.id for job in all_jobs(database)]
        assert offer(database, "default", 3) == expected[:3]
        assert offer(database, "default", 3) == expected[3:]
