"""What a seller sees of its customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.core.text import label
from marketplace.customers import queries, reading
from marketplace.customers.models import Customer, SegmentRule
from marketplace.customers.states import ChurnHint, StandardSegment
from marketplace.identity.permissions import Actor


@dataclass(frozen=True)
class CustomerView:
    """One customer with money as money and scores as they are written: 555."""

    id: UUID
    buyer_id: UUID
    name: str
    country: str
    orders: int
    foreign_orders: int
    value: Money
    lifetime_value: Money | None
    low_data: bool | None
    segment: str | None
    rfm: str | None
    churn: ChurnHint | None
    first_order_at: datetime | None
    last_order_at: datetime | None
    acquisition_cost: Money | None
    scored_at: datetime | None
    version: int


@dataclass(frozen=True)
class AnalyticsView:
    """The figures of one customer with what they were made of."""

    analytics: queries.Analytics

    @property
    def currency(self) -> str:
        return self.analytics.customer.currency

    @property
    def rfm(self) -> str | None:
        return rfm_of(self.analytics.customer)

    @property
    def segment(self) -> str | None:
        return self.analytics.customer.segment

    def __getattr__(self, name: str) -> Any:
        return getattr(self.analytics, name)


@dataclass(frozen=True)
class SegmentView:
    """A row of the segment table with the customers in it."""

    rule: SegmentRule
    customers: int
    value: Decimal

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rule, name)


@dataclass(frozen=True)
class SegmentsView:
    segments: Sequence[SegmentView]
    own: bool


def customer_view(entry: queries.Entry) -> CustomerView:
    """A customer for API and portal."""
    customer, buyer = entry.customer, entry.organisation

    def money(amount: Decimal | None) -> Money | None:
        return None if amount is None else Money(amount, customer.currency)

    return CustomerView(
        id=customer.id,
        buyer_id=customer.buyer_id,
        name=buyer.name,
        country=buyer.country,
        orders=customer.orders,
        foreign_orders=customer.foreign_orders,
        value=Money(customer.value, customer.currency),
        lifetime_value=money(customer.lifetime_value),
        low_data=customer.low_data,
        segment=customer.segment,
        rfm=rfm_of(customer),
        churn=customer.churn,
        first_order_at=customer.first_order_at,
        last_order_at=customer.last_order_at,
        acquisition_cost=money(customer.acquisition_cost),
        scored_at=customer.scored_at,
        version=customer.version,
    )


def rfm_of(customer: Customer) -> str | None:
    """The three scores side by side; None before the first scoring."""
    if customer.recency_score is None:
        return None
    return f"{customer.recency_score}{customer.frequency_score}{customer.monetary_score}"


def segments_view(session: Session, actor: Actor) -> SegmentsView:
    """The segment table with how many customers each row holds."""
    rows, counts = reading.segments(session, actor)
    return SegmentsView(
        [SegmentView(row, *counts.get(row.code, (0, Decimal(0)))) for row in rows],
        own=any(row.seller_id for row in rows),
    )


def segment_name(code: str | None) -> str:
    """The words of a standard segment; a seller's own segment bears its own name."""
    if code is None:
        return "—"
    return label(StandardSegment(code)) if code in set(StandardSegment) else code
