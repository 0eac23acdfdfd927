"""Tables of the evaluation: scores, and what is ruled about opened bids."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, Rate
from marketplace.rfq.evaluation.states import ExclusionGround, LowPriceRuling


class BidExclusion(Base):
    """A bid that is out of the race, and why. The supplier reads it once the RFQ has ended."""

    __tablename__ = "bid_exclusion"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    ground: Mapped[ExclusionGround]
    criterion_id: Mapped[UUID | None] = mapped_column(ForeignKey("rfq_criterion.id"))
    reason: Mapped[str]
    excluded_by: Mapped[UUID]
    excluded_at: Mapped[datetime]


class LowPriceInquiry(Base):
    """A bidder is asked to justify a total that is abnormally low, answers, and the buyer rules."""

    __tablename__ = "low_price_inquiry"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    question: Mapped[str]
    asked_by: Mapped[UUID]
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_by: Mapped[UUID | None]
    answered_at: Mapped[datetime | None]
    outcome: Mapped[LowPriceRuling | None]
    reason: Mapped[str | None]
    ruled_by: Mapped[UUID | None]
    ruled_at: Mapped[datetime | None]


class BidScore(Base):
    """What a judge gave a bid for one criterion, and why."""

    __tablename__ = "bid_score"
    __table_args__ = (CheckConstraint("score >= 0 AND score < 1e13", name="score_finite"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_criterion.id"), primary_key=True)
    score: Mapped[Rate]
    comment: Mapped[str]
    scored_by: Mapped[UUID]
    scored_at: Mapped[datetime]
