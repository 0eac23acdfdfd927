"""What is ruled where a lot has fewer bids than it asks for."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.rfq.awards.turnout_states import TooFewRuling


class LotRuling(HasId, HasCreated, Base):
    """One ruling about one lot; a further one follows where the bids become fewer still."""

    __tablename__ = "rfq_lot_ruling"
    __table_args__ = (
        Index(None, "rfq_id"),
        CheckConstraint("bidders < wanted", name="too_few"),
        CheckConstraint("(outcome = 'republish') = (copy_id IS NOT NULL)", name="copied"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_lot.id"))
    buyer_id: Mapped[UUID]
    outcome: Mapped[TooFewRuling]
    wanted: Mapped[int]
    bidders: Mapped[int]
    reason: Mapped[str]
    # the draft that asks for the lot again
    copy_id: Mapped[UUID | None]
    ruled_by: Mapped[UUID]
