"""What auctions announce. Prices stay out: who may read them, asks for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class AuctionBidPlaced(Event):
    """Told to the buyer and to the bidder whose bid it is."""

    name: ClassVar[str] = "auctions.bid_placed"

    auction_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    lot_id: UUID
    bid_id: UUID
    seq: int
    placed_at: datetime


@event
@dataclass(frozen=True)
class AuctionCancelled(Event):
    name: ClassVar[str] = "auctions.cancelled"

    auction_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    cancelled_at: datetime


@event
@dataclass(frozen=True)
class AuctionClosed(Event):
    """The result has become the prices of the bids."""

    name: ClassVar[str] = "auctions.closed"

    auction_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    closed_at: datetime


@event
@dataclass(frozen=True)
class AuctionPlanned(Event):
    name: ClassVar[str] = "auctions.planned"

    auction_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    starts_at: datetime
    planned_at: datetime
