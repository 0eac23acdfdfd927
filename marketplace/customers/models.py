"""Tables of customer relations. Every row belongs to the seller."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion, Rate
from marketplace.customers.states import ChurnHint, InteractionKind


class Customer(HasId, HasVersion, HasCreated, Base):
    """One buying organisation as one seller sees it.

    Sums are net of refunds and in the seller's currency; orders in another currency are counted
    apart, because no rate is on file for them. Scores are those of the last nightly run.
    """

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("seller_id", "buyer_id"),
        Index(None, "seller_id", "segment"),
        Index(None, "seller_id", "last_order_at"),
    )

    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    currency: Mapped[CurrencyCode]
    orders: Mapped[int] = mapped_column(default=0, server_default="0")
    foreign_orders: Mapped[int] = mapped_column(default=0, server_default="0")
    revenue: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
    refunded: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
    first_order_at: Mapped[datetime | None]
    last_order_at: Mapped[datetime | None]
    acquisition_cost: Mapped[Amount | None]
    recency_score: Mapped[int | None] = mapped_column(SmallInteger)
    frequency_score: Mapped[int | None] = mapped_column(SmallInteger)
    monetary_score: Mapped[int | None] = mapped_column(SmallInteger)
    segment: Mapped[str | None]
    lifetime_value: Mapped[Amount | None]
    low_data: Mapped[bool | None]
    churn: Mapped[ChurnHint | None]
    scored_at: Mapped[datetime | None]

    @property
    def value(self) -> Decimal:
        """What the customer has brought: completed orders less refunds."""
        return self.revenue - self.refunded


class CustomerOrder(Base):
    """One completed order of a customer: what the sums above were made of."""

    __tablename__ = "customer_order"
    __table_args__ = (
        Index(None, "customer_id", "ordered_at"),
        CheckConstraint("refunded BETWEEN 0 AND net", name="refunded"),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    seller_id: Mapped[UUID]
    number: Mapped[str]
    net: Mapped[Amount]
    refunded: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
    currency: Mapped[CurrencyCode]
    ordered_at: Mapped[datetime]
    completed_at: Mapped[datetime]


class CustomerInvoice(Base):
    """Which order a paid invoice belongs to, for refunds that name the invoice alone."""

    __tablename__ = "customer_invoice"

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    gross: Mapped[Amount]


class CustomerRefund(Base):
    """Receipt of one refund: it counts once."""

    __tablename__ = "customer_refund"

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    net: Mapped[Amount]


class Interaction(HasId, HasCreated, Base):
    """Something that was said or done with a customer."""

    __tablename__ = "customer_interaction"
    __table_args__ = (Index(None, "customer_id", "held_on", "id"),)

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    seller_id: Mapped[UUID]
    kind: Mapped[InteractionKind]
    held_on: Mapped[date]
    subject: Mapped[str]
    notes: Mapped[str] = mapped_column(default="", server_default="")
    follow_up_on: Mapped[date | None]
    person_id: Mapped[UUID | None]


class SegmentRule(HasId, Base):
    """One row of the segment table. Rows without a seller are those everybody starts with."""

    __tablename__ = "customer_segment_rule"
    __table_args__ = (
        UniqueConstraint("seller_id", "position", postgresql_nulls_not_distinct=True),
        CheckConstraint(
            "recency_from BETWEEN 1 AND recency_to AND recency_to <= 5"
            " AND frequency_from BETWEEN 1 AND frequency_to AND frequency_to <= 5"
            " AND monetary_from BETWEEN 1 AND monetary_to AND monetary_to <= 5",
            name="ranges",
        ),
    )

    seller_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    position: Mapped[int]
    code: Mapped[str]
    recency_from: Mapped[int] = mapped_column(SmallInteger)
    recency_to: Mapped[int] = mapped_column(SmallInteger)
    frequency_from: Mapped[int] = mapped_column(SmallInteger)
    frequency_to: Mapped[int] = mapped_column(SmallInteger)
    monetary_from: Mapped[int] = mapped_column(SmallInteger)
    monetary_to: Mapped[int] = mapped_column(SmallInteger)


class SellerSettings(HasVersion, Base):
    """What a seller assumes for lifetime value."""

    __tablename__ = "customer_seller_settings"
    __table_args__ = (
        CheckConstraint("relation_years > 0 AND relation_years <= 50", name="relation_years"),
        CheckConstraint("acquisition_cost >= 0 AND acquisition_cost < 1e13", name="cost"),
    )

    seller_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    currency: Mapped[CurrencyCode]
    relation_years: Mapped[Rate] = mapped_column(default=Decimal(4), server_default="4")
    acquisition_cost: Mapped[Amount] = mapped_column(default=Decimal(0), server_default="0")
