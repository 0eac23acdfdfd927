"""Renews the lease of the job that this process works on, for as long as the process lives."""

import threading
from contextlib import suppress
from types import TracebackType

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.jobs import Job, JobState
from workers.runner import LEASE, Claim

RENEW_EVERY_SECONDS = 5.0


class LeaseKeeper:
    """A thread beside the work. A renewal that fails is tried again; the fence protects anyway."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.claim: Claim | None = None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def hold(self, claim: Claim | None) -> None:
        """This is being worked on now; None when nothing is."""
        self.claim = claim

    def _keep(self) -> None:
        while not self.over.wait(RENEW_EVERY_SECONDS):
            claim = self.claim
            if claim is not None:
                with suppress(SQLAlchemyError):
                    renew(self.database, claim)

    def __enter__(self) -> "LeaseKeeper":
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over.set()
        self.thread.join()


def renew(database: Database, claim: Claim) -> None:
    """Hold the job for another lease, if it is still ours.

    While a transaction of the job is open, its lock on the row does the same.
    """
    mine = (
        select(Job)
        .where(Job.id == claim.job.id, Job.fence == claim.fence, Job.state == JobState.RUNNING)
        .with_for_update(skip_locked=True)
    )
    with database.transaction() as session:
        job = session.scalar(mine)
        if job is not None:
            job.lease_until = clock.now() + LEASE
