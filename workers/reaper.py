"""Takes back jobs from workers that died or hang: those whose lease has run out.

A job whose row is locked is in a transaction that is still alive; it is left alone.
"""

from sqlalchemy import case, literal, select, update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobState
from workers.retries import MAX_ATTEMPTS

LOST = "The worker stopped in the middle of this job."


def reap(database: Database) -> int:
    """Make abandoned jobs ready again, or failed after too many attempts; their number."""

    def take_back(session: Session) -> int:
        now = clock.now()
        used_up = Job.attempts >= MAX_ATTEMPTS
        abandoned = (
            select(Job.id)
            .where(Job.state == JobState.RUNNING, Job.lease_until < now)
            .with_for_update(skip_locked=True)
        )
        ids = list(session.scalars(abandoned))
        if not ids:
            return 0
        session.execute(
            update(Job)
            .where(Job.id.in_(ids))
            .values(
                state=case(
                    (used_up, literal(JobState.DEAD, Job.state.type)),
                    else_=literal(JobState.READY, Job.state.type),
                ),
                error=LOST,
                run_at=now,
                lease_until=None,
                offered_at=None,
            )
        )
        return len(ids)

    return database.run(take_back)
