"""Reads about the lots of an RFQ: which bids are for which of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, select, union
from sqlalchemy.orm import Session

from marketplace.core.gathering import gathered, objects
from marketplace.rfq.asking.models import RfqLine, RfqLot
from marketplace.rfq.awards.models import AwardLine, AwardStanding
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.sealing.models import RfqSeal
from marketplace.rfq.terms.asked import Terms

_SEAL_WITH_LOTS = select(
    RfqSeal, gathered(RfqLot, RfqLot.rfq_id == RfqSeal.rfq_id, RfqLot.number.asc())
).where(RfqSeal.rfq_id == bindparam("rfq_id"))


def terms_with_lots(session: Session, rfq_id: UUID) -> tuple[Terms, Sequence[RfqLot]]:
    """The published content, and how each lot stands now, in one statement.

    The lots are to be shown, not to be changed. The caller has found the RFQ.
    """
    session.flush()
    row = session.execute(_SEAL_WITH_LOTS, {"rfq_id": rfq_id}).one()
    return Terms.from_json(row.RfqSeal.terms), objects(RfqLot, row.rfq_lot)


def lots_of_bids(session: Session, rfq_id: UUID) -> dict[UUID, set[UUID]]:
    """The lots that each opened bid names or prices, for the system.

    Of bids that were excluded before their prices were opened only the named lots are known.
    """
    priced = (
        select(BidOffer.bid_id, RfqLine.lot_id)
        .join(BidLine, BidLine.bid_id == BidOffer.bid_id)
        .join(RfqLine, RfqLine.id == BidLine.rfq_line_id)
        .where(BidOffer.rfq_id == rfq_id)
    )
    named = select(BidOffer.bid_id, func.unnest(BidOffer.lot_ids).label("lot_id")).where(
        BidOffer.rfq_id == rfq_id
    )
    found: dict[UUID, set[UUID]] = {}
    for row in session.execute(union(priced, named)):
        found.setdefault(row.bid_id, set()).add(row.lot_id)
    return found


def bidders_for(session: Session, rfq_id: UUID, lot_ids: Collection[UUID]) -> set[UUID]:
    """Whose opened bids are for one of these lots, or for lots that are unknown."""
    lots = lots_of_bids(session, rfq_id)
    return {
        bid.supplier_id
        for bid in bid_queries.readable_bids(session, rfq_id)
        if bid.id not in lots or not lots[bid.id].isdisjoint(lot_ids)
    }


def bid_counts(session: Session, rfq_id: UUID) -> Counter[UUID]:
    """How many opened bids that are not excluded each lot has, for the RFQ's buyer."""
    excluded = evaluation_queries.exclusions(session, rfq_id)
    lots = lots_of_bids(session, rfq_id)
    return Counter(
        lot_id for bid_id, own in lots.items() if bid_id not in excluded for lot_id in own
    )


def awarded_lots(session: Session, award_id: UUID) -> set[UUID]:
    """The lots of which the award gives something away."""
    return set(session.scalars(select(AwardLine.lot_id).where(AwardLine.award_id == award_id)))


def winning_bids(session: Session, rfq_id: UUID) -> set[UUID]:
    """The bids that get something by a decision that stands."""
    return set(
        session.scalars(
            select(AwardLine.bid_id)
            .join(AwardStanding, AwardStanding.award_id == AwardLine.award_id)
            .where(AwardStanding.rfq_id == rfq_id, AwardStanding.state != AwardState.WITHDRAWN)
        )
    )


def in_standstill(session: Session, rfq_id: UUID) -> bool:
    """Whether an award of the RFQ is not final yet."""
    query = select(AwardStanding.award_id).where(
        AwardStanding.rfq_id == rfq_id, AwardStanding.state == AwardState.STANDSTILL
    )
    return session.scalar(query.limit(1)) is not None
