"""When lots are open and what is called now: computed from stored times, and from them alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from marketplace.auctions.models import Auction, AuctionEntry, AuctionLot
from marketplace.auctions.states import AuctionState, AuctionType, LotOrder, LotPhase
from marketplace.auctions.terms import AuctionTerms

ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when a lot takes bids; the end is included."""

    starts_at: datetime
    ends_at: datetime

    def phase(self, lot: AuctionLot, at: datetime) -> LotPhase:
        if lot.skipped:
            return LotPhase.SKIPPED
        if at < self.starts_at:
            return LotPhase.WAITING
        is_over = at > self.ends_at or lot.ended_at is not None
        return LotPhase.OVER if is_over else LotPhase.OPEN


def schedule(
    auction: Auction,
    terms: AuctionTerms,
    lots: Sequence[AuctionLot],
    entries: Mapping[UUID, Sequence[AuctionEntry]],
) -> dict[UUID, Window]:
    """The window of each lot. In a sequence, what one takes longer or shorter moves the next."""
    windows: dict[UUID, Window] = {}
    shift = ZERO
    for lot in lots:
        starts_at, planned_end = lot.starts_at + shift, lot.ends_at + shift
        ends_at = planned_end + timedelta(milliseconds=lot.extra_ms)
        if auction.type is AuctionType.JAPANESE and not lot.skipped:
            ends_at = min(ends_at, _end_of_following(starts_at, terms, entries[lot.id]))
        if lot.ended_at is not None:
            ends_at = min(ends_at, lot.ended_at)
        windows[lot.id] = Window(starts_at, ends_at)
        if terms.lot_order is LotOrder.SEQUENCE:
            shift += ends_at - planned_end
    return windows


def _end_of_following(
    starts_at: datetime, terms: AuctionTerms, entries: Sequence[AuctionEntry]
) -> datetime:
    """A Japanese lot is over at the end of the first level that fewer than two bidders accept."""
    accepted = sorted((entry.level for entry in entries), reverse=True)
    return starts_at + terms.level_time * (accepted[1] + 1)


def clock_of(auction: Auction, now: datetime) -> datetime:
    """The auction's own time, which stands still while it is paused."""
    return auction.paused_at or now


def state_at(auction: Auction, windows: Mapping[UUID, Window], now: datetime) -> AuctionState:
    """What the auction is at this moment."""
    if auction.state is not AuctionState.PLANNED:
        return auction.state
    if now < auction.starts_at:
        return AuctionState.PLANNED
    if all(now > window.ends_at for window in windows.values()):
        return AuctionState.ENDED
    return AuctionState.RUNNING


def levels_of(lot: AuctionLot) -> int:
    """How many prices are called at most."""
    if lot.first_price is None or lot.step is None or lot.last_price is None:
        return 0
    span = abs(lot.last_price - lot.first_price)
    whole, rest = divmod(span, lot.step)
    return int(whole) + 1 + (1 if rest else 0)


def price_of(auction_type: AuctionType, lot: AuctionLot, level: int) -> Decimal:
    """The price of a called level, 0 being the first: up to the cap, or down to the last price."""
    assert lot.first_price is not None  # noqa: S101 - lots with levels have all three prices
    assert lot.step is not None  # noqa: S101
    assert lot.last_price is not None  # noqa: S101
    if auction_type is AuctionType.DUTCH:
        return min(lot.first_price + lot.step * level, lot.last_price)
    return max(lot.first_price - lot.step * level, lot.last_price)


def level_at(terms: AuctionTerms, window: Window, at: datetime) -> int:
    """The number of the level that is called at this moment of an open lot.

    The instant at which a level ends belongs to it, as the end belongs to the lot.
    """
    return max(-((window.starts_at - at) // terms.level_time) - 1, 0)
