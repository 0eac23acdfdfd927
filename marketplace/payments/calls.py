"""Queueing work that talks to the provider: on the queue where waiting stands in nobody's way."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core import clock, jobs
from marketplace.payments import rules
from marketplace.payments.models import Payment

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


def ask_for_page(session: Session, payment: Payment) -> None:
    """Queue the request for the payment page; once per round of failures."""
    enqueue(
        session,
        "open_checkout",
        {"payment_id": str(payment.id)},
        dedupe_key=f"checkout:{payment.id}:{payment.failures}",
        run_at=clock.now() + rules.pause_after(payment.failures) if payment.failures else None,
    )
