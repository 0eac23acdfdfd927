"""Reads of how many suppliers bid for each lot, and of what was ruled where they were too few."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.awards import turnout_rules
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_rules import Turnout
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.terms.asked import Terms


def turnouts(session: Session, rfq: Rfq, terms: Terms) -> dict[UUID, Turnout]:
    """By lot, for the RFQ's buyer; none without prices, or while it is sealed who prices what.

    Reads no price, and nothing at all where one bid is enough. The caller has checked `opened`.
    """
    if rfq.prices_sealed or not terms.asks_prices:
        return {}
    if not terms.asks_for_several:
        return turnout_rules.turnouts(terms, {}, ())
    return turnout_rules.turnouts(terms, _bidders(session, rfq.id), rulings(session, rfq.id))


def rulings(session: Session, rfq_id: UUID) -> Sequence[LotRuling]:
    """What was ruled on lots with too few bids, oldest first. The caller has found the RFQ."""
    query = select(LotRuling).where(LotRuling.rfq_id == rfq_id)
    return session.scalars(query.order_by(LotRuling.created_at, LotRuling.id)).all()


def _bidders(session: Session, rfq_id: UUID) -> dict[UUID, int]:
    """How many suppliers in the race price a line of each lot."""
    rows = session.execute(
        select(RfqLine.lot_id, func.count(BidOffer.supplier_id.distinct()))
        .select_from(BidOffer)
        .join(BidLine, BidLine.bid_id == BidOffer.bid_id)
        .join(RfqLine, RfqLine.id == BidLine.rfq_line_id)
        .outerjoin(BidExclusion, BidExclusion.bid_id == BidOffer.bid_id)
        .where(BidOffer.rfq_id == rfq_id, BidExclusion.bid_id.is_(None))
        .group_by(RfqLine.lot_id)
    )
    return {row[0]: row[1] for row in rows}
