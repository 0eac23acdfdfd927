"""Telling people what the clock brings: questions close, a deadline comes, bids can be opened."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, Role
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.terms.clocks import Moment

PORTION = 100

register_kind(
    "rfq_questions_closing",
    title=_("Questions close soon: %(title)s"),
    body=_("You can ask %(buyer)s about %(number)s until %(due_at)s."),
    button=_("Ask a question"),
)
register_kind(
    "rfq_deadline_soon",
    title=_("Deadline soon: %(title)s"),
    body=_("Bids for %(number)s of %(buyer)s are accepted until %(due_at)s."),
    button=_("Read more"),
)
register_kind(
    "rfq_bids_to_open",
    title=_("Deadline passed: %(title)s"),
    body=_("The deadline of %(number)s has passed. The bids can be opened."),
    button=_("Open the bids"),
)


def look_at_clocks(session: Session, _actor: Actor) -> None:
    """Tell what has come since each RFQ was looked at last; the rest is for the next time."""
    now = clock.now()
    due = session.scalars(
        select(Rfq)
        .where(Rfq.next_check <= now)
        .order_by(Rfq.next_check, Rfq.id)
        .limit(PORTION)
        .with_for_update(skip_locked=True)
    ).all()
    for rfq in due:
        for at, moment in rfq.moments:
            if rfq.next_check is not None and rfq.next_check <= at <= now:
                _tell(session, rfq, moment, at)
    for rfq in due:
        # beside the version: nobody's open form is outdated by it
        session.execute(
            update(Rfq).where(Rfq.id == rfq.id).values(next_check=rfq.next_moment(now)),
            execution_options={"synchronize_session": False},
        )
        session.expire(rfq, ["next_check"])


def _tell(session: Session, rfq: Rfq, moment: Moment, at: datetime) -> None:
    buyer = identity_queries.organisation(session, rfq.buyer_id)
    is_buyers = moment is Moment.BIDS_TO_OPEN
    told: Iterable[UUID] = (
        [rfq.buyer_id] if is_buyers else sorted(queries.interested_ids(session, rfq.id))
    )
    is_about_questions = moment is Moment.QUESTIONS_CLOSING
    for org_id in told:
        notify(
            session,
            org_id=org_id,
            kind=f"rfq_{moment}",
            url=f"/rfqs/{rfq.id}{'/bids' if is_buyers else ''}",
            roles=[Role.BUYER if is_buyers else Role.SUPPLIER],
            params={
                **rfq.named,
                "buyer": buyer.name,
                "due_at": rfq.questions_due_at if is_about_questions else rfq.bids_due_at,
            },
            occurred_at=at,
            dedupe_key=f"rfq_{moment}:{rfq.id}:{at.isoformat()}",
        )
