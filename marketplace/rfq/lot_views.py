"""The lots of an RFQ as one reader gets them: how they stand, and what may be done."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.rfq import bid_queries, lot_queries, lot_rules, views
from marketplace.rfq.models import money_of
from marketplace.rfq.services import lots
from marketplace.web.shown import Shown


def whole(session: Session, actor: Actor, rfq_id: UUID) -> Shown:
    """The RFQ in short with its lots. How many bid is the buyer's to know, after the opening."""
    now = clock.now()
    rfq, rows = lots.read(session, actor, rfq_id)
    is_buyer = rfq.buyer_id == actor.org_id
    standings = {each.award_id: each for each in bid_queries.standings(session, rfq_id)}
    counts = None
    if is_buyer and rfq.opened_at is not None:
        counts = lot_queries.bid_counts(session, rfq_id)
    summary = views.summary(rfq, actor, now)
    return Shown(
        summary,
        summary.actions,
        lots=[
            Shown(
                lot,
                lot_rules.actions_for(lot, rfq, rfq.state_at(now), actor),
                estimate=money_of(lot.estimated_value, rfq.currency) if is_buyer else None,
                award_state=standings[lot.award_id].state if lot.award_id else None,
                bids=None if counts is None else counts[lot.id],
            )
            for lot in rows
        ],
    )
