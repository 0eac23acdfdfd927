"""The queue of record: what is still to be done, in PostgreSQL. RQ only carries it."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base, HasCreated, HasId
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.ids import uuid7
from marketplace.core.text import _, register_labels


class JobKind(StrEnum):
    REACTION = "reaction"
    TASK = "task"


class JobState(StrEnum):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


register_labels(
    {
        JobState.READY: _("Waiting"),
        JobState.RUNNING: _("Running"),
        JobState.DONE: _("Done"),
        JobState.DEAD: _("Failed"),
        JobKind.REACTION: _("Reaction to an event"),
        JobKind.TASK: _("Task"),
    }
)


class Job(HasId, HasCreated, Base):
    """One piece of work.

    ``fence`` grows with every claim: a worker that lost its lease can no longer finish the job.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "run_at", postgresql_where=text("state IN ('ready', 'running')")),
        Index("ix_job_state_created_at", "state", "created_at"),
    )

    kind: Mapped[JobKind]
    name: Mapped[str]
    queue: Mapped[str] = mapped_column(default="default", server_default="default")
    event_id: Mapped[UUID | None]
    args: Mapped[dict[str, Any]]
    state: Mapped[JobState] = mapped_column(default=JobState.READY)
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    fence: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    lease_until: Mapped[datetime | None]
    offered_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)
    error: Mapped[str | None]


def enqueue(
    session: Session,
    name: str,
    args: dict[str, Any],
    *,
    dedupe_key: str | None = None,
    run_at: datetime | None = None,
    queue: str = "default",
) -> None:
    """Have the task ``name`` done after this transaction commits.

    args: JSON-able, ids rather than data. dedupe_key: the same key is queued once, ever.
    """
    session.execute(
        insert(Job)
        .values(
            id=uuid7(),
            kind=JobKind.TASK,
            name=name,
            queue=queue,
            args=args,
            state=JobState.READY,
            run_at=run_at or clock.now(),
            dedupe_key=dedupe_key,
            created_at=clock.now(),
        )
        # naming the column would ask for the right to read other rows, which a tenant has not
        .on_conflict_do_nothing()
    )


class JobNotFailed(Conflict):
    code = "job_not_failed"


def in_state(session: Session, state: JobState, *, limit: int) -> Sequence[Job]:
    """Jobs of this state, newest first."""
    newest = select(Job).where(Job.state == state).order_by(Job.created_at.desc(), Job.id.desc())
    return session.scalars(newest.limit(limit)).all()


def retry(session: Session, job_id: UUID) -> Job:
    """Give a failed job all its attempts again. Raises NotFound, or JobNotFailed."""
    job = session.get(Job, job_id, with_for_update=True)
    if job is None:
        raise NotFound(_("There is no such job."))
    if job.state is not JobState.DEAD:
        raise JobNotFailed(_("Only a failed job can be tried again."), state=job.state)
    job.state = JobState.READY
    job.attempts = 0
    job.run_at = clock.now()
    job.offered_at = None
    return job
