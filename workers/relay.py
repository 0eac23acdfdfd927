"""Events become jobs; jobs that are due are offered.

The first step is PostgreSQL alone, in one transaction. An offer is only a hint to a worker: one
that gets lost is made again, one that is made twice finds the job claimed.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.core.ids import uuid7
from marketplace.core.jobs import Job, JobKind, JobState
from marketplace.core.outbox import OutboxMessage
from workers.registry import CALLS, job_name, queue_of
from workers.subscriptions import SUBSCRIPTIONS

EVENTS_AT_ONCE = 200
# An offer that nobody took up within this time is taken for lost.
OFFER_HOLDS = timedelta(seconds=20)


def relay(database: Database) -> int:
    """Turn waiting events into jobs, one per reaction; the number of events."""
    return database.run(_relay_some)


def _relay_some(session: Session) -> int:
    waiting = (
        select(OutboxMessage.id, OutboxMessage.name)
        .where(OutboxMessage.relayed_at.is_(None))
        .order_by(OutboxMessage.seq)
        .limit(EVENTS_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    events = [(event_id, name) for event_id, name in session.execute(waiting)]
    if not events:
        return 0
    rows = [row for event_id, name in events for row in _reactions_to(event_id, name)]
    if rows:
        session.execute(insert(Job).on_conflict_do_nothing(index_elements=["dedupe_key"]), rows)
    relayed = OutboxMessage.id.in_([event_id for event_id, _name in events])
    session.execute(update(OutboxMessage).where(relayed).values(relayed_at=clock.now()))
    return len(events)


def _reactions_to(event_id: UUID, name: str) -> list[dict[str, object]]:
    now = clock.now()
    return [
        {
            "id": uuid7(),
            "kind": JobKind.REACTION,
            "name": job_name(name, reaction),
            "queue": queue_of(work),
            "event_id": event_id,
            "args": {},
            "state": JobState.READY,
            "run_at": now,
            "dedupe_key": f"{event_id}:{reaction}",
            "created_at": now,
        }
        for reaction, work in SUBSCRIPTIONS.get(name, {}).items()
    ]


def offer(database: Database, queue: str, limit: int) -> list[UUID]:
    """Jobs of this queue that are due and not on offer, oldest first; they are on offer now."""

    def mark(session: Session) -> list[UUID]:
        now = clock.now()
        due = (
            select(Job.id)
            .where(
                _queue_of_job() == queue,
                Job.state == JobState.READY,
                Job.run_at <= now,
                or_(Job.offered_at.is_(None), Job.offered_at < now - OFFER_HOLDS),
            )
            .order_by(Job.run_at, Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(session.scalars(due))
        if ids:
            session.execute(update(Job).where(Job.id.in_(ids)).values(offered_at=now))
        return ids

    return database.run(mark)


def _queue_of_job() -> ColumnElement[str]:
    """Where a job runs: calls to the outside on their own queue, others where they were put."""
    return case(CALLS, value=Job.name, else_=Job.queue)


def take_back_offers(database: Database, ids: Sequence[UUID] | None = None) -> None:
    """Offer these jobs again at the next turn; without ids, all that wait."""

    def take_back(session: Session) -> None:
        offered = update(Job).where(Job.state == JobState.READY, Job.offered_at.is_not(None))
        chosen = offered if ids is None else offered.where(Job.id.in_(ids))
        session.execute(chosen.values(offered_at=None))

    database.run(take_back)
