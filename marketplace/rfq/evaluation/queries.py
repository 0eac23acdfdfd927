"""Reads of what is ruled about opened bids."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.evaluation.graders import queries as grader_queries
from marketplace.rfq.evaluation.graders import rules as grading
from marketplace.rfq.evaluation.models import BidExclusion, BidScore, LowPriceInquiry


def exclusions(session: Session, rfq_id: UUID) -> dict[UUID, BidExclusion]:
    """The excluded bids by id. The caller has checked that the bids are opened."""
    rows = session.scalars(
        select(BidExclusion)
        .where(BidExclusion.rfq_id == rfq_id)
        .execution_options(populate_existing=True)
    )
    return {row.bid_id: row for row in rows}


def ruled_offers(
    session: Session, rfq_id: UUID, *, priced: bool
) -> list[tuple[BidOffer, BidExclusion | None]]:
    """What the opened bids say in the order of their arrival, with the ruling that excludes them.

    priced: without it no price is read, and every bid comes with no lines and no minimum.
    """
    query = (
        select(BidOffer, BidExclusion)
        .outerjoin(BidExclusion, BidExclusion.bid_id == BidOffer.bid_id)
        .where(BidOffer.rfq_id == rfq_id)
        .order_by(BidOffer.submitted_at, BidOffer.bid_id)
    )
    if priced:
        query = query.options(*bid_queries.PRICES)
    rows = session.execute(query, execution_options={"populate_existing": True})
    found: list[tuple[BidOffer, BidExclusion | None]] = [(row[0], row[1]) for row in rows]
    if not priced:
        for offer, _ruling in found:
            bid_queries.without_prices(offer)
    return found


def missing_scores(session: Session, rfq_id: UUID) -> int:
    """How many scores the bids in the race still need. The caller has checked `opened`."""
    judged = bid_queries.terms(session, rfq_id).judged
    excluded = exclusions(session, rfq_id)
    racing = [bid for bid in bid_queries.readable_bids(session, rfq_id) if bid.id not in excluded]
    graders = grader_queries.graders(session, rfq_id)
    if graders:
        return grading.missing(
            graders,
            {each.id for each in judged},
            {bid.id for bid in racing},
            grader_queries.scores(session, rfq_id),
        )
    given = [score for score in scores(session, rfq_id) if score.bid_id not in excluded]
    return len(judged) * len(racing) - len(given)


def exclusion(session: Session, rfq_id: UUID, bid_id: UUID) -> BidExclusion | None:
    """The exclusion of one bid. The caller has found the RFQ."""
    return session.scalar(
        select(BidExclusion).where(BidExclusion.rfq_id == rfq_id, BidExclusion.bid_id == bid_id)
    )


def own_exclusion(session: Session, actor: Actor, bid_id: UUID) -> BidExclusion | None:
    """Why the supplier's own bid was excluded; the database tells it once the RFQ has ended."""
    return session.scalar(
        select(BidExclusion).where(
            BidExclusion.bid_id == bid_id, BidExclusion.supplier_id == actor.organisation_id
        )
    )


def inquiries(session: Session, rfq_id: UUID) -> dict[UUID, LowPriceInquiry]:
    """What bidders were asked about low prices, by bid. The caller has checked `opened`."""
    rows = session.scalars(select(LowPriceInquiry).where(LowPriceInquiry.rfq_id == rfq_id))
    return {row.bid_id: row for row in rows}


def inquiry(session: Session, rfq_id: UUID, bid_id: UUID) -> LowPriceInquiry | None:
    """What one bidder was asked. The caller has checked that the bids are opened."""
    return session.scalar(
        select(LowPriceInquiry).where(
            LowPriceInquiry.rfq_id == rfq_id, LowPriceInquiry.bid_id == bid_id
        )
    )


def own_inquiry(
    session: Session, actor: Actor, rfq_id: UUID, alternative: int
) -> LowPriceInquiry | None:
    """What the supplier was asked about this bid of theirs."""
    return session.scalar(
        select(LowPriceInquiry)
        .join(Bid, Bid.id == LowPriceInquiry.bid_id)
        .where(
            LowPriceInquiry.rfq_id == rfq_id,
            LowPriceInquiry.supplier_id == actor.organisation_id,
            Bid.alternative == alternative,
        )
    )


def scores(session: Session, rfq_id: UUID) -> Sequence[BidScore]:
    """All scores. The caller has checked `opened`."""
    return session.scalars(
        select(BidScore)
        .join(BidOffer, BidOffer.bid_id == BidScore.bid_id)
        .where(BidOffer.rfq_id == rfq_id)
    ).all()
