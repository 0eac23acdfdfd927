"""Everything that is due, done at once in this process: for tests, and to catch up after a load."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobState
from marketplace.settings import Settings, using
from workers.relay import relay
from workers.runner import Runner

AT_ONCE = 500


def drain(database: Database, settings: Settings) -> int:
    """Relay and run until nothing is due; the number of jobs done. Raises the first failure."""
    with using(settings):
        return _drain(database)


def _drain(database: Database) -> int:
    runner = Runner(database)
    done = 0
    while True:
        relayed = relay(database)
        due = database.run(_due)
        for job_id in due:
            claim = runner.claim(job_id)
            if claim is not None:
                runner.perform(claim)
                done += 1
        if not relayed and not due:
            return done


def _due(session: Session) -> list[UUID]:
    ready = select(Job.id).where(Job.state == JobState.READY, Job.run_at <= clock.now())
    return list(session.scalars(ready.order_by(Job.run_at, Job.id).limit(AT_ONCE)))
