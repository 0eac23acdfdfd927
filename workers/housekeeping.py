"""What the queue of record needs done to itself."""

from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.jobs import Job, JobState
from marketplace.identity.permissions import Actor

KEEP_DONE = timedelta(days=30)
PORTION = 5_000


def forget_old_jobs(session: Session, _actor: Actor) -> None:
    """Remove jobs that were done long ago. Failed ones stay until somebody has looked at them."""
    old = (
        select(Job.id)
        .where(Job.state == JobState.DONE, Job.done_at < clock.now() - KEEP_DONE)
        .limit(PORTION)
    )
    session.execute(delete(Job).where(Job.id.in_(old)))
