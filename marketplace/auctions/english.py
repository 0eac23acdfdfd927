"""What an English bid must be, and what proxies answer: pure decisions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from marketplace.auctions.models import AuctionEntry, AuctionLot
from marketplace.auctions.states import Beat
from marketplace.auctions.terms import AuctionTerms


@dataclass(frozen=True, slots=True)
class Proxy:
    """How low a bidder lets us go. ``order`` tells which of two equal ones was set first."""

    supplier_id: UUID
    floor: Decimal
    order: datetime


@dataclass(frozen=True, slots=True)
class Counter:
    """A bid that is given for a bidder."""

    supplier_id: UUID
    amount: Decimal


def ranked(entries: Iterable[AuctionEntry]) -> list[AuctionEntry]:
    """The lowest first; of equal ones that which was there earlier."""
    return sorted(entries, key=lambda entry: (entry.amount, entry.seq))


def ranks(entries: Iterable[AuctionEntry]) -> dict[UUID, int]:
    """The place of each bidder."""
    return {entry.supplier_id: place for place, entry in enumerate(ranked(entries), start=1)}


def highest_allowed(
    terms: AuctionTerms,
    lot: AuctionLot,
    own: AuctionEntry,
    entries: Iterable[AuctionEntry],
    currency: str,
) -> Decimal:
    """The highest bid that would be taken from this bidder now."""
    limit = own.amount - terms.decrement.at(own.amount, currency)
    if terms.beat is Beat.BEST:
        best = ranked(entries)[0].amount
        limit = min(limit, best - terms.decrement.at(best, currency))
    return limit if lot.first_price is None else min(limit, lot.first_price)


def answers(
    terms: AuctionTerms,
    lot: AuctionLot,
    entries: Sequence[AuctionEntry],
    proxies: Iterable[Proxy],
    currency: str,
) -> list[Counter]:
    """What proxies bid now, in order: nothing, one bid, or the end of a duel of two.

    The lowest proxy wins at the price of the second lowest less the decrement, or at its own floor
    where less is left between them; of equal floors the one that was set earlier. The second goes
    down to its floor. Proxies that cannot take the lead by the decrement stay silent.
    """
    leader = ranked(entries)[0]
    target = leader.amount - terms.decrement.at(leader.amount, currency)
    if lot.first_price is not None:
        target = min(target, lot.first_price)
    able = sorted(_able(leader, target, proxies), key=lambda proxy: (proxy.floor, proxy.order))
    if not any(proxy.supplier_id != leader.supplier_id for proxy in able):
        return []
    winner, others = able[0], able[1:]
    if not others:
        return [Counter(winner.supplier_id, target)]
    second = others[0]
    price = second.floor - terms.decrement.at(second.floor, currency)
    amounts = {entry.supplier_id: entry.amount for entry in entries}
    last = Counter(winner.supplier_id, min(max(winner.floor, price), target))
    given_up = second.floor > last.amount and second.floor < amounts[second.supplier_id]
    return [Counter(second.supplier_id, second.floor), last] if given_up else [last]


def _able(leader: AuctionEntry, target: Decimal, proxies: Iterable[Proxy]) -> Iterable[Proxy]:
    """Those who can take the lead, and the leader's own, which defends it."""
    for proxy in proxies:
        limit = leader.amount if proxy.supplier_id == leader.supplier_id else target
        if proxy.floor < limit or (proxy.floor == limit and limit == target):
            yield proxy


def standing_after(entry: AuctionEntry, kept: Mapping[int, Decimal]) -> tuple[Decimal, int]:
    """Amount and number of what counts for a bidder, out of the bids that were not withdrawn."""
    if not kept:
        return entry.opened_total, entry.opened_seq
    last = max(kept)
    return kept[last], last
