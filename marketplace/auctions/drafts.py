"""What a buyer says when planning an auction."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from marketplace.auctions.states import AuctionType
from marketplace.auctions.terms import AuctionTerms
from marketplace.core.money import Money


@dataclass(frozen=True, slots=True)
class LotDraft:
    """Prices of one lot: of an English one the ceiling, of the others first, step and last."""

    lot_id: UUID
    first_price: Money | None = None
    step: Money | None = None
    last_price: Money | None = None


@dataclass(frozen=True, slots=True)
class AuctionDraft:
    """``lots`` empty: all lots. Suppliers in ``excluded`` are not asked."""

    type: AuctionType
    starts_at: datetime
    terms: AuctionTerms = field(default_factory=AuctionTerms)
    lots: tuple[LotDraft, ...] = ()
    excluded: tuple[UUID, ...] = ()
