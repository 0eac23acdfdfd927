"""Tables of those who take part: whom an RFQ asks, their questions, and that they bid."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId, HasVersion
from marketplace.rfq.terms.bid_states import BidState


class RfqInvitation(HasCreated, Base):
    """One supplier who was asked. It reaches them when the RFQ is published: ``invited_at``."""

    __tablename__ = "rfq_invitation"
    __table_args__ = (Index(None, "supplier_id", "rfq_id"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"), primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    buyer_id: Mapped[UUID]
    invited_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]


class RfqQuestion(HasId, Base):
    """A question, which all bidders read once it is answered. It does not know who asked."""

    __tablename__ = "rfq_question"
    __table_args__ = (Index(None, "rfq_id", "asked_at"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    buyer_id: Mapped[UUID]
    body: Mapped[str]
    asked_at: Mapped[datetime]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[UUID | None]


class RfqQuestionAsker(Base):
    """Who asked: a table of its own, so that only the asker's organisation can read it."""

    __tablename__ = "rfq_question_asker"
    __table_args__ = (Index(None, "supplier_id"),)

    question_id: Mapped[UUID] = mapped_column(
        ForeignKey("rfq_question.id", ondelete="CASCADE"), primary_key=True
    )
    supplier_id: Mapped[UUID]


class Bid(HasId, HasVersion, HasCreated, Base):
    """A bid of a supplier; ``number`` is its last submitted version, 0 before the first.

    ``alternative`` is 0 for the main bid, and counts the others that the supplier offers beside.
    """

    __tablename__ = "bid"
    __table_args__ = (
        UniqueConstraint("rfq_id", "supplier_id", "alternative"),
        CheckConstraint("alternative BETWEEN 0 AND 9", name="alternative_sane"),
        Index(None, "supplier_id", "created_at", "id"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    alternative: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    state: Mapped[BidState]
    number: Mapped[int] = mapped_column(server_default="0", default=0)
    submitted_at: Mapped[datetime | None]
