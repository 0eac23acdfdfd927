"""Tables of what suppliers did: one fact per order and per invitation, counts, scorecards."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, QuantityValue

ScoreValue = Annotated[Decimal, mapped_column(Numeric(5, 1))]


class OrderFact(Base):
    """What one order says about its supplier.

    Issue and last receipt arrive before the order completes, in any order; ``completed_at`` set
    means counted, once.
    """

    __tablename__ = "supplier_order_fact"
    __table_args__ = (Index(None, "supplier_id", "completed_at"), Index(None, "buyer_id"))

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID]
    buyer_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(default="", server_default="")
    issued_at: Mapped[datetime | None]
    last_received_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    lead_time_days: Mapped[QuantityValue | None]
    currency: Mapped[CurrencyCode | None]
    due_quantity: Mapped[QuantityValue | None]
    on_time_quantity: Mapped[QuantityValue | None]
    received_quantity: Mapped[QuantityValue | None]
    rejected_quantity: Mapped[QuantityValue | None]
    agreed_net: Mapped[Amount | None]
    invoiced_net: Mapped[Amount | None]


class RfqFact(Base):
    """The gate of one RFQ: every event about its invitations locks this row first.

    ``opened_at`` set: the bids are open, so that answers may be counted.
    """

    __tablename__ = "supplier_rfq_fact"

    rfq_id: Mapped[UUID] = mapped_column(primary_key=True)
    buyer_id: Mapped[UUID]
    opened_at: Mapped[datetime | None]


class InvitationFact(Base):
    """Whether an invited supplier answered an RFQ.

    Nobody but the worker may read this table: before the opening it would tell who has bid.
    """

    __tablename__ = "supplier_invitation_fact"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("supplier_rfq_fact.rfq_id"), primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    invited: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    bid_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    counted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    counted_response: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

    @property
    def responded(self) -> bool:
        """Whether a bid stood: submitted, and not withdrawn afterwards."""
        if self.bid_at is None:
            return False
        return self.withdrawn_at is None or self.bid_at > self.withdrawn_at


class KpiMonth(Base):
    """Counts of one supplier with one buyer in one month."""

    __tablename__ = "supplier_kpi_month"
    __table_args__ = (
        Index(None, "buyer_id", "supplier_id"),
        Index(None, "month"),
        CheckConstraint("orders >= 0 AND responses <= invitations", name="counts"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"), primary_key=True)
    buyer_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(default=0, server_default="0")
    due_quantity: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    on_time_quantity: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    received_quantity: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    rejected_quantity: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    price_orders: Mapped[int] = mapped_column(default=0, server_default="0")
    price_variance: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    lead_time_orders: Mapped[int] = mapped_column(default=0, server_default="0")
    lead_time_days: Mapped[QuantityValue] = mapped_column(default=0, server_default="0")
    invitations: Mapped[int] = mapped_column(default=0, server_default="0")
    responses: Mapped[int] = mapped_column(default=0, server_default="0")


class Scorecard(HasId, HasCreated, Base):
    """A supplier's figures and score of one period.

    ``months`` is 1 for a month and 12 for the year that ends with it. A figure that arrives late
    makes the next version; the old one stays.
    """

    __tablename__ = "supplier_scorecard"
    __table_args__ = (
        UniqueConstraint("supplier_id", "months", "period", "version"),
        Index(None, "period", "months"),
    )

    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("supplier.id"))
    period: Mapped[date]
    months: Mapped[int]
    version: Mapped[int]
    observations: Mapped[int]
    buyers: Mapped[int]
    raw: Mapped[ScoreValue | None]
    score: Mapped[ScoreValue | None]
    complete: Mapped[bool]
    figures: Mapped[dict[str, Any]]
    digest: Mapped[str]
