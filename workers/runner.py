"""One job: claim it, do it, mark it done.

A claim takes a lease and raises the fence. Every transaction of the job begins by locking its row
and comparing the fence, and the job is marked done in the transaction of its effects: whoever lost
the lease in between undoes what it did.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobKind, JobState
from marketplace.core.outbox import OutboxConsumed, OutboxMessage
from marketplace.core.text import speaking_of
from marketplace.identity.permissions import SYSTEM
from workers import retries, stored_events
from workers.registry import work_of
from workers.work import CallOut, InTransaction, JobTimedOut, StaleFence

# Renewed every few seconds while the worker lives (workers.leases).
LEASE = timedelta(seconds=30)

log = structlog.get_logger("workers")


class Outcome(StrEnum):
    DONE = "done"
    NOT_MINE = "not_mine"
    FAILED = "failed"


@dataclass(frozen=True)
class Claim:
    """The right to do a job, until somebody holds a higher fence."""

    job: Job
    fence: int


class Runner:
    """Does jobs over the connections of this process.

    held: told which claim is being worked on, and None when it is over.
    """

    def __init__(
        self,
        database: Database,
        held: Callable[[Claim | None], None] = lambda _claim: None,
    ) -> None:
        self.database = database
        self.held = held

    def run(self, job_id: UUID) -> Outcome:
        """Do this job if it is due and free. A failure is recorded and tried again later."""
        claim = self.claim(job_id)
        if claim is None:
            return Outcome.NOT_MINE
        named = structlog.contextvars.bound_contextvars(job_id=str(job_id), job=claim.job.name)
        # what an earlier job of this process was about words nothing here
        with named, speaking_of(""):
            self.held(claim)
            try:
                return self._attempt(claim)
            finally:
                self.held(None)

    def claim(self, job_id: UUID) -> Claim | None:
        """Take the job, or None when it is done, not due yet, or in other hands."""

        def take(session: Session) -> Claim | None:
            now = clock.now()
            free = (
                select(Job)
                .where(Job.id == job_id, Job.state == JobState.READY, Job.run_at <= now)
                .with_for_update(skip_locked=True)
            )
            job = session.scalar(free)
            if job is None:
                return None
            job.state = JobState.RUNNING
            job.attempts += 1
            job.fence += 1
            job.lease_until = now + LEASE
            return Claim(job, job.fence)

        return self.database.run(take)

    def perform(self, claim: Claim) -> None:
        """Do the work and mark it done. Raises whatever the work raises, and StaleFence."""
        work = work_of(claim.job)
        if isinstance(work, CallOut):
            self._call_out(claim, work)
        else:
            self.database.run(lambda session: _in_transaction(session, claim, work))

    def _attempt(self, claim: Claim) -> Outcome:
        try:
            self.perform(claim)
        except StaleFence:
            log.warning("job.lease_lost", fence=claim.fence)
            return Outcome.NOT_MINE
        except (Exception, JobTimedOut) as error:
            self._record_failure(claim, error)
            if isinstance(error, JobTimedOut):
                raise
            return Outcome.FAILED
        log.info("job.done", attempts=claim.job.attempts)
        return Outcome.DONE

    def _call_out(self, claim: Claim, work: CallOut) -> None:
        plan = self.database.run(lambda session: _prepare(session, claim, work))
        if plan is not None:
            outcome = work.call(plan)
            self.database.run(lambda session: _record(session, claim, work, outcome))

    def _record_failure(self, claim: Claim, error: BaseException) -> None:
        """Keep the reason; try again after a pause, or give up for somebody to look at it."""
        attempts = claim.job.attempts
        given_up = attempts >= retries.MAX_ATTEMPTS

        def record(session: Session) -> None:
            mine = update(Job).where(
                Job.id == claim.job.id, Job.fence == claim.fence, Job.state == JobState.RUNNING
            )
            session.execute(
                mine.values(
                    state=JobState.DEAD if given_up else JobState.READY,
                    run_at=clock.now() + retries.pause_after(attempts),
                    lease_until=None,
                    offered_at=None,
                    error=retries.describe(error),
                )
            )

        self.database.run(record)
        say = log.error if given_up else log.warning
        say("job.failed", attempts=attempts, given_up=given_up, reason=retries.describe(error))


def _in_transaction(session: Session, claim: Claim, work: InTransaction) -> None:
    job = _hold(session, claim)
    if _first_time(session, job):
        work(session, _subject(session, job), **_arguments(job))
    _finish(job)


def _prepare(session: Session, claim: Claim, work: CallOut) -> Any:
    job = _hold(session, claim)
    plan = work.prepare(session, _subject(session, job), **_arguments(job))
    if plan is None:
        _finish(job)
    return plan


def _record(session: Session, claim: Claim, work: CallOut, outcome: Any) -> None:
    job = _hold(session, claim)
    if _first_time(session, job):
        work.record(session, outcome)
    _finish(job)


def _hold(session: Session, claim: Claim) -> Job:
    """Lock the job's row for this transaction, which only the newest claim may do."""
    mine = select(Job).where(
        Job.id == claim.job.id, Job.fence == claim.fence, Job.state == JobState.RUNNING
    )
    job = session.scalar(mine.with_for_update())
    if job is None:
        raise StaleFence(f"{claim.job.name} was taken over by another worker.")
    return job


def _first_time(session: Session, job: Job) -> bool:
    """Leave the receipt of a reaction; False when it was there before."""
    if job.kind is not JobKind.REACTION:
        return True
    receipt = (
        insert(OutboxConsumed)
        .values(event_id=job.event_id, reaction=job.name, consumed_at=clock.now())
        .on_conflict_do_nothing()
        .returning(OutboxConsumed.event_id)
    )
    return session.scalar(receipt) is not None


def _subject(session: Session, job: Job) -> Any:
    """What the work is told first: a reaction its event, a task who acts."""
    if job.kind is JobKind.TASK:
        return SYSTEM
    message = session.get_one(OutboxMessage, job.event_id)
    return stored_events.read(message.name, message.payload)


def _arguments(job: Job) -> dict[str, Any]:
    return job.args if job.kind is JobKind.TASK else {}


def _finish(job: Job) -> None:
    job.state = JobState.DONE
    job.done_at = clock.now()
    job.lease_until = None
    job.error = None
