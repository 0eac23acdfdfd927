"""What happens by the clock: {task name: when and what}. Times are UTC.

A task takes (session, actor), works in small portions, and may run twice or late. A slot is the
instant at which a task is due; the job that stands for it is unique, so that several schedulers,
a restart or a clock that goes back make no second one. Of several missed slots only the newest is
made up for: every task here looks at the present state and not at the time that has passed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from croniter import croniter
from sqlalchemy.orm import Session

from marketplace.auctions import closing as auctions
from marketplace.core import jobs
from marketplace.customers import scoring as customers
from marketplace.loyalty import reactions as loyalty
from marketplace.payments import gateway
from marketplace.payments import reactions as payments
from marketplace.remedies import reactions as remedies
from marketplace.rfq.notices import clock as clock_notices
from marketplace.rfq.sealing.officers import reactions as officers
from marketplace.suppliers import reactions as suppliers
from marketplace.suppliers import runs, scorecards
from workers import housekeeping
from workers.work import CALLS_QUEUE, DEFAULT_QUEUE, CallOut, Work


@dataclass(frozen=True)
class Scheduled:
    cron: str
    work: Work
    queue: str = DEFAULT_QUEUE

    def slot(self, now: datetime) -> datetime:
        """The newest instant, up to now, at which this is due."""
        if croniter.match(self.cron, now):
            return now.replace(second=0, microsecond=0)
        slot: datetime = croniter(self.cron, now).get_prev(datetime)
        return slot


SCHEDULE: Mapping[str, Scheduled] = {
    "auctions.close_ended": Scheduled("* * * * *", auctions.close_ended),
    "payments.reconcile": Scheduled(
        "*/5 * * * *",
        CallOut(
            payments.prepare_reconciliation,
            gateway.received_since,
            payments.record_reconciliation,
        ),
        CALLS_QUEUE,
    ),
    "jobs.forget_old": Scheduled("17 3 * * *", housekeeping.forget_old_jobs),
    "customers.rescore": Scheduled("23 2 * * *", customers.rescore_all),
    "rfq.forget_waiting_shares": Scheduled("*/5 * * * *", officers.forget_waiting_shares),
    "loyalty.expire_lots": Scheduled("*/15 * * * *", loyalty.expire_lots),
    "remedies.conclude_due": Scheduled("* * * * *", remedies.conclude_due),
    "remedies.remind_of_overdue": Scheduled("13 * * * *", remedies.remind_of_overdue),
    "rfq.look_at_clocks": Scheduled("* * * * *", clock_notices.look_at_clocks),
    "suppliers.compute_scorecards": Scheduled("41 2 * * *", scorecards.compute),
    "suppliers.rescreen_changed": Scheduled("7 * * * *", runs.rescreen_changed),
    "suppliers.warn_of_expiring_certificates": Scheduled(
        "11 5 * * *", suppliers.warn_of_expiring_certificates
    ),
}


def enqueue_slot(session: Session, name: str, slot: datetime) -> None:
    """Have this slot's run in the queue of record, once however often it is asked for."""
    jobs.enqueue(
        session,
        name,
        {},
        dedupe_key=f"schedule:{name}@{slot.isoformat()}",
        run_at=slot,
        queue=SCHEDULE[name].queue,
    )
