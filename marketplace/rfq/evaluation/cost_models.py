"""What buyers enter about the costs of opened bids."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base


class BidCost(Base):
    """The buyer's amount for one cost of one bid, in the currency of the RFQ, with its reason.

    term_id: a cost of the published terms, which are JSON.
    """

    __tablename__ = "bid_cost"
    __table_args__ = (
        Index(None, "rfq_id"),
        CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
    )

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    term_id: Mapped[UUID] = mapped_column(primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    amount: Mapped[Amount]
    reason: Mapped[str]
    entered_by: Mapped[UUID]
    entered_at: Mapped[datetime]
