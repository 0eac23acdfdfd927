"""What is announced about abnormally low prices: that one is asked about, and the answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class LowPriceAsked(Event):
    """A bidder is asked to justify an abnormally low price."""

    name: ClassVar[str] = "rfq.low_price_asked"

    rfq_id: UUID
    buyer_id: UUID
    bid_id: UUID
    supplier_id: UUID
    due_at: datetime
    asked_at: datetime


@event
@dataclass(frozen=True)
class LowPriceAnswered(Event):
    name: ClassVar[str] = "rfq.low_price_answered"

    rfq_id: UUID
    buyer_id: UUID
    bid_id: UUID
    supplier_id: UUID
    answered_at: datetime
