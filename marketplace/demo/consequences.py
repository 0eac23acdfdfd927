"""What follows from the past: the reactions that keep figures, without the letters.

A year of trade has long been told to everybody. So its events are worked off here, in the same
transaction: points, figures of suppliers and customers are counted, mail and notices are not made.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.jobs import Job, JobState
from marketplace.core.outbox import OutboxMessage
from marketplace.core.stored_events import restored
from marketplace.customers import reactions as customers
from marketplace.invoices import reactions as invoices
from marketplace.loyalty import reactions as loyalty
from marketplace.orders import reactions as orders
from marketplace.suppliers import reactions as suppliers

Reaction = Callable[[Session, Any], None]

FIGURES: dict[str, tuple[Reaction, ...]] = {
    "approvals.granted": (orders.take_over_approval,),
    "invoices.paid": (customers.note_paid_invoice, loyalty.note_paid_invoice),
    "invoices.submitted": (invoices.match_submitted,),
    "orders.completed": (loyalty.award_points, customers.count_order, suppliers.count_order),
    "orders.goods_received": (suppliers.note_receipt,),
    "orders.issued": (suppliers.note_issue,),
    "payments.captured": (invoices.follow_capture,),
    "rfq.awarded": (orders.draft_orders,),
    "rfq.bid_submitted": (suppliers.note_bid,),
    "rfq.opened": (suppliers.count_responses,),
    "rfq.published": (suppliers.note_invitations,),
    "suppliers.due_diligence_requested": (suppliers.carry_out_due_diligence,),
}


def work_off(session: Session) -> None:
    """React to everything that has happened and not been relayed, until nothing follows."""
    while True:
        session.flush()
        waiting = session.execute(
            select(OutboxMessage.id, OutboxMessage.name, OutboxMessage.payload)
            .where(OutboxMessage.relayed_at.is_(None))
            .order_by(OutboxMessage.seq)
        ).all()
        if not waiting:
            return
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.relayed_at.is_(None))
            .values(relayed_at=clock.now())
        )
        for _id, name, payload in waiting:
            for react in FIGURES.get(name, ()):
                react(session, restored(name, payload))


def forget_jobs(session: Session) -> None:
    """Calls to others that were asked for in the past have been made."""
    session.execute(
        update(Job)
        .where(Job.state == JobState.READY)
        .values(state=JobState.DONE, done_at=clock.now())
    )
    session.execute(text("ANALYZE"))
