"""Reads of openings and of bids that cannot be read. The caller has found the RFQ."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.opening.models import BidUnreadable, RfqOpening, RfqPriceOpening


def price_opening(session: Session, rfq_id: UUID) -> RfqPriceOpening | None:
    """The minutes of the prices. The caller has found the RFQ as its buyer."""
    return session.get(RfqPriceOpening, rfq_id)


def unreadable(session: Session, rfq_id: UUID) -> Sequence[BidUnreadable]:
    """What could not be read. The caller has checked `opened`."""
    return session.scalars(
        select(BidUnreadable)
        .where(BidUnreadable.rfq_id == rfq_id)
        .order_by(BidUnreadable.found_at, BidUnreadable.bid_id)
        .execution_options(populate_existing=True)
    ).all()


def numbers_of(session: Session, bid_ids: Collection[UUID]) -> dict[UUID, int]:
    """Which of their suppliers' bids these are, by id; 0: the main one."""
    rows = session.execute(select(Bid.id, Bid.alternative).where(Bid.id.in_(bid_ids)))
    return {row.id: row.alternative for row in rows}


def own_unreadable(session: Session, bid_id: UUID) -> BidUnreadable | None:
    """Why the supplier's own bid could not be read, if it could not."""
    return session.scalar(select(BidUnreadable).where(BidUnreadable.bid_id == bid_id).limit(1))


def opening(session: Session, rfq_id: UUID) -> RfqOpening | None:
    """The minutes. The caller has found the RFQ as its buyer."""
    return session.get(RfqOpening, rfq_id)
