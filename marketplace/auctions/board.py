"""An auction with everything that a decision or a page needs, read at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from marketplace.auctions import timing
from marketplace.auctions.english import ranked
from marketplace.auctions.models import Auction, AuctionEntry, AuctionLot
from marketplace.auctions.states import AuctionState, AuctionType, LotPhase
from marketplace.auctions.terms import AuctionTerms
from marketplace.auctions.timing import Window
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.terms.states import RfqState


@dataclass(frozen=True)
class Board:
    """``now`` is the database's time. Not changed, but its rows are: derive after each change."""

    rfq: Rfq
    auction: Auction
    lots: Sequence[AuctionLot]
    entries_of: dict[UUID, list[AuctionEntry]]
    now: datetime

    @cached_property
    def terms(self) -> AuctionTerms:
        return AuctionTerms.from_json(self.auction.terms)

    @property
    def currency(self) -> str:
        return self.auction.currency

    @property
    def at(self) -> datetime:
        """The auction's own time."""
        return timing.clock_of(self.auction, self.now)

    def is_held_by(self, actor: Actor) -> bool:
        """Whether the actor belongs to the buyer."""
        return self.auction.buyer_id == actor.org_id

    def windows(self) -> dict[UUID, Window]:
        return timing.schedule(self.auction, self.terms, self.lots, self.entries_of)

    @property
    def state(self) -> AuctionState:
        if self.rfq.state is not RfqState.OPENED and self.auction.state in _UNDECIDED:
            return AuctionState.CANCELLED
        return timing.state_at(self.auction, self.windows(), self.now)

    def phase(self, lot: AuctionLot) -> LotPhase:
        """Where a lot stands; over for all once the auction has ended in whatever way."""
        if lot.skipped:
            return LotPhase.SKIPPED
        if self.state not in (AuctionState.PLANNED, AuctionState.RUNNING, AuctionState.PAUSED):
            return LotPhase.OVER
        return self.windows()[lot.id].phase(lot, self.at)

    def lot(self, lot_id: UUID) -> AuctionLot:
        """By the id of the lot of the RFQ, or NotFound."""
        for lot in self.lots:
            if lot.lot_id == lot_id and not lot.skipped:
                return lot
        raise NotFound(_("There is no such lot in this auction."))

    def entry(self, lot: AuctionLot, supplier_id: UUID | None) -> AuctionEntry | None:
        """The bidder's entry in the lot, if they take part in it."""
        return next(
            (each for each in self.entries_of[lot.id] if each.supplier_id == supplier_id), None
        )

    def best(self, lot: AuctionLot) -> AuctionEntry:
        """Who is first now."""
        return self.ranked(lot)[0]

    def ranked(self, lot: AuctionLot) -> list[AuctionEntry]:
        """The bidders of the lot in their order; who took a Dutch lot is its first."""
        order = ranked(self.entries_of[lot.id])
        if self.auction.type is AuctionType.DUTCH:
            order.sort(key=lambda entry: entry.seq <= 0)
        return order


_UNDECIDED = (AuctionState.PLANNED, AuctionState.PAUSED)
