"""Queueing work that talks to the provider: on the queue where waiting stands in nobody's way."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core import jobs

QUEUE = "calls"


def enqueue(
    session: Session,
    task: str,
    args: dict[str, Any],
    *,
    dedupe_key: str | None = None,
    run_at: datetime | None = None,
) -> None:
    """Have ``payments.<task>`` done after this transaction commits."""
    jobs.enqueue(
        session, f"payments.{task}", args, dedupe_key=dedupe_key, run_at=run_at, queue=QUEUE
    )
