"""The two shapes of work, and what a job may raise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

DEFAULT_QUEUE = "default"
CALLS_QUEUE = "calls"
SLOW_QUEUE = "slow"
# One worker process listens to one queue: only then does RQ move ids without losing any.
QUEUES = (DEFAULT_QUEUE, CALLS_QUEUE, SLOW_QUEUE)

InTransaction = Callable[..., Any]


@dataclass(frozen=True)
class CallOut:
    """Work that talks to the outside, between two transactions and in none.

    prepare(session, ...) reads and returns a plan, or None when there is nothing to do.
    call(plan) goes out; it may be repeated, so that it needs a key that stays the same.
    record(session, outcome) keeps the answer; it happens once.
    queue: where it waits; what takes long stands in nobody's way on the slow one.
    """

    prepare: Callable[..., Any]
    call: Callable[[Any], Any]
    record: Callable[[Session, Any], None]
    queue: str = CALLS_QUEUE


Work = InTransaction | CallOut


class StaleFence(Exception):
    """The lease went to another worker; whatever this one did is undone."""


class UnknownWork(Exception):
    """No function stands behind this name (any more)."""


class JobTimedOut(BaseException):
    """The time of a job is over. Not an Exception, so that no job can swallow it."""
