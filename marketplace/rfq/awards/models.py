"""Tables of awards: what was given to whom, and how far each decision stands."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from marketplace.core.db import (
    Amount,
    Base,
    CurrencyCode,
    HasCreated,
    HasId,
    QuantityValue,
    UnitCode,
    UnitPrice,
)
from marketplace.rfq.awards.states import AwardState


class AwardStanding(Base):
    """What became of one award. It names nobody: whoever may see the RFQ may read it.

    The award itself is never changed. ``standstill_until`` is the last instant of the standstill;
    the decision's own where the award was final at once. ``dispute_clause`` as it was then.
    """

    __tablename__ = "award_standing"
    __table_args__ = (
        CheckConstraint(
            "state <> 'standstill' OR standstill_until IS NOT NULL", name="standstill_ends"
        ),
        Index(None, "rfq_id"),
        Index(
            "ix_award_standing_waiting",
            "standstill_until",
            postgresql_where=text("state = 'standstill'"),
        ),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    buyer_id: Mapped[UUID]
    state: Mapped[AwardState]
    decided_at: Mapped[datetime]
    standstill_until: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    dispute_clause: Mapped[str] = mapped_column(default="", server_default="")

    def is_over(self, now: datetime) -> bool:
        """Whether the standstill has ended by the clock, whoever has noticed it or not."""
        return self.standstill_until is None or now > self.standstill_until


class Award(HasId, HasCreated, Base):
    """A decision on an RFQ; ``evidence`` is the ranking as it stood when it was taken.

    ``reasons`` is what all bidders read. An award is never changed: what becomes of it is its
    ``standing``, and one that was withdrawn stays.
    """

    __tablename__ = "award"
    __table_args__ = (Index(None, "rfq_id"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    decided_by: Mapped[UUID]
    decided_at: Mapped[datetime]
    justification: Mapped[str]
    reasons: Mapped[str] = mapped_column(default="", server_default="")
    evidence: Mapped[dict[str, Any]]

    lines: Mapped[list["AwardLine"]] = relationship(
        lazy="raise", viewonly=True, order_by="AwardLine.number, AwardLine.bid_id"
    )
    standing: Mapped["AwardStanding"] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin=lambda: Award.id == foreign(AwardStanding.award_id),
        uselist=False,
    )


class AwardLine(Base):
    """A line of the RFQ, or a part of it, given to one supplier at the price of its bid."""

    __tablename__ = "award_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bid_id", "rfq_line_id"], ["bid_line.bid_id", "bid_line.rfq_line_id"]
        ),
        CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity_finite"),
        CheckConstraint("unit_price > 0 AND unit_price < 1e13", name="unit_price_finite"),
        CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
        Index(None, "supplier_id"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    rfq_line_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_line.id"), primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(primary_key=True)
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    lot_id: Mapped[UUID]
    number: Mapped[int]
    description: Mapped[str]
    quantity: Mapped[QuantityValue]
    unit: Mapped[UnitCode]
    unit_price: Mapped[UnitPrice]
    total: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    is_best: Mapped[bool] = mapped_column(server_default=text("false"))
