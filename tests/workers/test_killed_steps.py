"""C-10: relay, carrier and worker are killed before every step: nothing is lost or done twice."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobState
from marketplace.core.outbox import OutboxConsumed, OutboxMessage
from marketplace.local.valkey import Valkey
from tests.forks import Step, killed_at_every_step
from tests.workers.conftest import BellRung, Subscribe, effects, note, ring
from workers import carrier, pump, relay, runner
from workers.pump import Pump
from workers.reaper import reap
from workers.runner import Runner
from workers.work import CallOut

WORKER = "marketplace_worker"
PATIENCE_SECONDS = 10
# relay 4, offers of three queues 8, carrying 2, two jobs with claim and effect 15
FEWEST_STEPS = 25


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "valkey", tmp_path / "s", log=tmp_path / "valkey.log") as server:
        yield server


class Outside:
    """Somebody out of the process who keeps a list of calls; each call is a step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.step: Step = lambda: None

    def call(self, event: BellRung) -> UUID:
        self.step()
        with self.path.open("a") as calls:
            calls.write(f"{event.bell_id}\n")
        self.step()
        return event.bell_id

    def keys(self) -> set[str]:
        return set(self.path.read_text().split())


@pytest.fixture
def outside(tmp_path: Path, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch) -> Outside:
    outside = Outside(tmp_path / "calls")

    def record(session: Session, bell_id: UUID) -> None:
        note("called")(session, BellRung(bell_id))

    call = CallOut(lambda _session, event: event, outside.call, record)
    subscribe({"noted": note("noted"), "called": call})
    monkeypatch.setattr(runner, "LEASE", timedelta(0))
    monkeypatch.setattr(relay, "OFFER_HOLDS", timedelta(0))
    monkeypatch.setattr(pump, "SCHEDULE", {})
    return outside


def one_life(url: str, valkey_url: str, outside: Outside) -> Callable[[Step], None]:
    """A scheduler's turn, and what workers then do with the jobs that are on offer."""

    def live(step: Step) -> None:
        outside.step = step
        database = Database(url, WORKER)
        loop = Pump(database, carrier.connect(valkey_url))
        carry = carrier.carry

        def carry_in_steps(*details: object) -> None:
            step()
            carry(*details)  # type: ignore[arg-type]
            step()

        carrier.carry = carry_in_steps
        loop.turn()
        for job_id in ready(database):
            Runner(database).run(job_id)

    return live


def ready(database: Database) -> list[UUID]:
    with database.transaction() as session:
        jobs = select(Job.id).where(Job.state == JobState.READY).order_by(Job.id)
        return list(session.scalars(jobs))


def survivors_finish(database: Database) -> None:
    """Another scheduler and worker go on; the dead one's locks end with its connection."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while not_done(database):
        assert time.monotonic() < limit, "the jobs did not get done"
        relay.relay(database)
        reap(database)
        for job_id in ready(database):
            Runner(database).run(job_id)


def not_done(database: Database) -> bool:
    with database.transaction() as session:
        waiting = select(func.count()).where(OutboxMessage.relayed_at.is_(None))
        open_jobs = select(func.count()).where(Job.state != JobState.DONE)
        return bool(session.scalar(waiting) or session.scalar(open_jobs))


def test_each_effect_happens_once_wherever_the_process_was_killed(
    database: Database, valkey: Valkey, outside: Outside
) -> None:
    url = database.engine.url.render_as_string(hide_password=False)
    bells = [ring(database)]
    lives = one_life(url, valkey.url, outside)
    for died_at in killed_at_every_step(lives):
        survivors_finish(database)
        found = Counter(effects(database))
        assert found == {(bell, who): 1 for bell in bells for who in ("noted", "called")}, died_at
        bells.append(ring(database))
    assert len(bells) > FEWEST_STEPS
    assert Counter(effects(database)) == {
        (bell, who): 1 for bell in bells for who in ("noted", "called")
    }
    assert outside.keys() == {str(bell) for bell in bells}
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 2 * len(bells)
        assert session.scalar(select(func.count()).select_from(OutboxConsumed)) == 2 * len(bells)
        assert set(session.scalars(select(Job.state))) == {JobState.DONE}
