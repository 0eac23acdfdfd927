"""Comparing bids that leave lines out: as offered, by what everybody priced, or filled in.

For looking only: ranking and award rest on what was offered. What is missing is filled with the
highest or the mean price of the bids that have one, or with the buyer's own estimate; a part that
is offered keeps its price, and the rest of the line is filled.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from uuid import UUID

from marketplace.core.text import _, register_labels
from marketplace.rfq.evaluation.ranking import Offer, above
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.asked_lots import AskedLot


class LineView(StrEnum):
    """How lines that a bid leaves out are treated."""

    OFFERED = "offered"
    COMMON = "common"
    HIGHEST = "highest"
    AVERAGE = "average"
    ESTIMATE = "estimate"

    @property
    def fills(self) -> bool:
        return self not in (LineView.OFFERED, LineView.COMMON)


register_labels(
    {
        LineView.OFFERED: _("As offered"),
        LineView.COMMON: _("Only lines that everybody priced"),
        LineView.HIGHEST: _("Missing lines filled with the highest price"),
        LineView.AVERAGE: _("Missing lines filled with the average price"),
        LineView.ESTIMATE: _("Missing lines filled with your estimate"),
    }
)


@dataclass(frozen=True, slots=True)
class FilledLine:
    """What a bid does not offer, with the price that stands in for it."""

    line: AskedLine
    quantity: Decimal
    unit_price: Fraction

    @property
    def amount(self) -> Fraction:
        return Fraction(self.quantity) * self.unit_price


@dataclass(frozen=True, slots=True)
class SeenBid:
    """A bid in a lot as the view shows it. ``total`` is None where a line could not be filled."""

    bid_id: UUID
    supplier_id: UUID
    total: Fraction | None
    missing: tuple[int, ...] = ()
    filled: tuple[FilledLine, ...] = ()
    unfilled: tuple[int, ...] = ()
    is_lowest: bool = False
    above: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SeenLot:
    """A lot in which a bid leaves something out. ``lines``: the numbers that the totals are of."""

    lot: AskedLot
    view: LineView
    lines: tuple[int, ...]
    bids: tuple[SeenBid, ...]


# the price of one unit of a line; None where there is none
PriceOf = Callable[[AskedLine], Fraction | None]


def seen(
    terms: Terms,
    offers: Sequence[Offer],
    view: LineView,
    estimates: Mapping[UUID, Decimal],
) -> list[SeenLot]:
    """The lots in which a bid leaves something out, bid by bid in the order of their arrival.

    estimates: the buyer's price of one unit, by line.
    """
    found = []
    for lot in terms.lots:
        lines = terms.lines_of(lot.id)
        bidding = [offer for offer in offers if any(line.id in offer.prices for line in lines)]
        if any(gaps(offer, lines) for offer in bidding):
            found.append(_seen(lot, lines, bidding, view, estimates))
    return found


def gaps(offer: Offer, lines: Iterable[AskedLine]) -> list[AskedLine]:
    """The lines that the bid does not offer, or not as a whole."""
    return [
        line
        for line in lines
        if line.id not in offer.prices or offer.prices[line.id].part is not None
    ]


def _seen(
    lot: AskedLot,
    lines: Sequence[AskedLine],
    bidding: Sequence[Offer],
    view: LineView,
    estimates: Mapping[UUID, Decimal],
) -> SeenLot:
    if view is LineView.COMMON:
        lines = [line for line in lines if not any(gaps(offer, [line]) for offer in bidding)]
    price = _price(view, bidding, estimates)
    bids = [_bid(offer, lines, price if view.fills else None) for offer in bidding]
    if view is not LineView.OFFERED and lines:
        bids = _compared(bids)
    return SeenLot(lot, view, tuple(line.number for line in lines), tuple(bids))


def _bid(offer: Offer, lines: Sequence[AskedLine], price: PriceOf | None) -> SeenBid:
    left_out = gaps(offer, lines)
    found = SeenBid(
        offer.bid_id,
        offer.supplier_id,
        offer.worth_of(lines),
        missing=tuple(line.number for line in left_out),
    )
    if price is None:
        return found
    filled, unfilled = [], []
    for line in left_out:
        unit_price = price(line)
        if unit_price is None:
            unfilled.append(line.number)
        else:
            filled.append(FilledLine(line, _rest(offer, line), unit_price))
    total = offer.worth_of(lines) + sum((each.amount for each in filled), Fraction(0))
    return replace(
        found,
        total=None if unfilled else total,
        filled=tuple(filled),
        unfilled=tuple(unfilled),
    )


def _rest(offer: Offer, line: AskedLine) -> Decimal:
    """How much of the line the bid does not offer."""
    price = offer.prices.get(line.id)
    return line.quantity - (price.part or Decimal(0)) if price else line.quantity


def _price(view: LineView, bidding: Sequence[Offer], estimates: Mapping[UUID, Decimal]) -> PriceOf:
    def estimated(line: AskedLine) -> Fraction | None:
        return Fraction(estimates[line.id]) if line.id in estimates else None

    def of_bids(line: AskedLine) -> Fraction | None:
        prices = [offer.prices[line.id].compared for offer in bidding if line.id in offer.prices]
        if not prices:
            return None
        if view is LineView.HIGHEST:
            return max(prices)
        return sum(prices, Fraction(0)) / len(prices)

    return estimated if view is LineView.ESTIMATE else of_bids


def _compared(bids: Iterable[SeenBid]) -> list[SeenBid]:
    bids = list(bids)
    lowest = min((bid.total for bid in bids if bid.total is not None), default=None)
    if lowest is None:
        return bids
    return [
        replace(bid, is_lowest=bid.total == lowest, above=above(bid.total, lowest))
        if bid.total is not None
        else bid
        for bid in bids
    ]
