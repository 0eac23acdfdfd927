"""Tables of the graders of an RFQ, with their declarations, and of what each of them gave."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, Rate
from marketplace.rfq.evaluation.graders.states import Interest


class RfqGrader(Base):
    """A person who scores this RFQ. ``criterion_ids``: only those; nothing means all."""

    __tablename__ = "rfq_grader"
    __table_args__ = (
        Index(None, "person_id"),
        CheckConstraint("(interest IS NULL) = (declared_at IS NULL)", name="declared_once"),
        CheckConstraint(
            "(interest IS NOT DISTINCT FROM 'conflict') = (conflict_reason IS NOT NULL)",
            name="conflict_explained",
        ),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    buyer_id: Mapped[UUID]
    criterion_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    named_by: Mapped[UUID]
    named_at: Mapped[datetime]
    interest: Mapped[Interest | None]
    conflict_reason: Mapped[str | None]
    declared_at: Mapped[datetime | None]


class GraderScore(Base):
    """What one grader gave a bid for one criterion, and why."""

    __tablename__ = "grader_score"
    __table_args__ = (CheckConstraint("score >= 0 AND score < 1e13", name="score_finite"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    criterion_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_criterion.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"), primary_key=True)
    score: Mapped[Rate]
    comment: Mapped[str]
    scored_at: Mapped[datetime]
