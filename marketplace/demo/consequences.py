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
from marketplace.remedies import reactions as remedies
from marketplace.suppliers import reactions as suppliers

LAST_DONE = "demo_last_event"
Reaction = Callable[[Session, Any], None]

FIGURES: dict[str, tuple[Reaction, ...]] = {
    "approvals.granted": (orders.take_over_approval,),
    "invoices.paid": (customers.note_paid_invoice, loyalty.note_paid_invoice),
    "invoices.submitted": (invoices.match_submitted,),
    "orders.completed": (loyalty.award_points, customers.count_order, suppliers.count_order),
    "orders.goods_received": (suppliers.note_receipt,),
    "orders.issued": (suppliers.note_issue,),
    "payments.captured": (invoices.follow_capture,),
    "rfq.award_decided": (remedies.write_letters,),
    "rfq.awarded": (orders.draft_orders,),
    "rfq.bid_submitted": (suppliers.note_bid,),
    "rfq.opened": (suppliers.count_responses,),
    "rfq.published": (suppliers.note_invitations,),
    "suppliers.due_diligence_requested": (suppliers.carry_out_due_diligence,),
}


def work_off(session: Session, *, told: bool = True) -> None:
    """React to everything that has happened since the last call, until nothing follows.

    told: nobody needs to hear of it any more. Otherwise the workers will find these events, do the
    same once more to no effect, and write the letters.
    """
    while True:
        session.flush()
        waiting = session.execute(
            select(OutboxMessage.seq, OutboxMessage.name, OutboxMessage.payload)
            .where(OutboxMessage.relayed_at.is_(None), OutboxMessage.seq > _done(session))
            .order_by(OutboxMessage.seq)
        ).all()
        if not waiting:
            return
        session.info[LAST_DONE] = waiting[-1].seq
        if told:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.seq.in_([row.seq for row in waiting]))
                .values(relayed_at=clock.now())
            )
        for _seq, name, payload in waiting:
            for react in FIGURES.get(name, ()):
                react(session, restored(name, payload))


def _done(session: Session) -> int:
    last: int = session.info.get(LAST_DONE, 0)
    return last


def forget_jobs(session: Session) -> None:
    """Calls to others that were asked for in the past have been made."""
    session.execute(
        update(Job)
        .where(Job.state == JobState.READY)
        .values(state=JobState.DONE, done_at=clock.now())
    )
    session.execute(text("ANALYZE"))
