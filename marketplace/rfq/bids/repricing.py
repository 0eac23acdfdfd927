"""New prices for the lines of a lot, out of one new total for the lot, and never above it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from uuid import UUID

from marketplace.core.money import Money, allocate, rounded_amount
from marketplace.rfq.terms.asked import AskedLine

STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class LotTotal:
    """What a bid asks for a whole lot from now on."""

    bid_id: UUID
    lot_id: UUID
    amount: Decimal


@dataclass(frozen=True, slots=True)
class LotPlace:
    """Where a round has left a bid in a lot, and at which price."""

    bid_id: UUID
    lot_id: UUID
    place: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class RoundResult:
    """How a further round has ended: new totals, and the places of all who took part."""

    rfq_id: UUID
    source_id: UUID
    totals: Sequence[LotTotal]
    places: Sequence[LotPlace]


@dataclass(frozen=True, slots=True)
class NewPrice:
    """The new price of one line."""

    line_id: UUID
    unit_price: Decimal
    total: Decimal


def scaled(
    lines: Sequence[tuple[AskedLine, Decimal]], amount: Decimal, currency: str
) -> list[NewPrice]:
    """Prices for the lines, whose totals were the given ones, that come to ``amount`` or less.

    The amount is split in proportion to the old totals, to the cent. A unit price is the part
    divided by the quantity, cut to six places; so its total is the part itself for quantities up
    to 5,000 and may stay a little below it for larger ones, but is never above. What is cut off is
    given back, unit price by unit price, as far as it fits.
    """
    weights = [total for _asked, total in lines]
    parts = allocate(Money(amount, currency), weights if any(weights) else [1] * len(lines))
    prices = [
        _priced(asked, max(_cut(part.amount / asked.quantity), STEP), currency)
        for (asked, _total), part in zip(lines, parts, strict=True)
    ]
    left = amount - sum((price.total for price in prices), Decimal(0))
    for place, (asked, _total) in enumerate(lines):
        raised = _priced(asked, prices[place].unit_price + STEP, currency)
        if raised.total - prices[place].total <= left and raised.total > prices[place].total:
            left -= raised.total - prices[place].total
            prices[place] = raised
    return _lowered(lines, prices, -left, currency)


def _lowered(
    lines: Sequence[tuple[AskedLine, Decimal]],
    prices: list[NewPrice],
    excess: Decimal,
    currency: str,
) -> list[NewPrice]:
    """Take back what the least possible unit prices of nearly worthless lines have added."""
    dearest = sorted(range(len(prices)), key=lambda place: -prices[place].total)
    for place in dearest:
        if excess <= 0:
            break
        asked, price = lines[place][0], prices[place]
        lower = _cut(max(price.total - excess, Decimal(0)) / asked.quantity)
        prices[place] = _priced(asked, max(lower, STEP), currency)
        excess -= price.total - prices[place].total
    return prices


def total_at(asked: AskedLine, unit_price: Decimal, currency: str) -> Decimal:
    """What the whole line comes to; fixed, and so rounded, here."""
    return rounded_amount(asked.quantity * unit_price, currency)


def _priced(asked: AskedLine, unit_price: Decimal, currency: str) -> NewPrice:
    return NewPrice(asked.id, unit_price, total_at(asked, unit_price, currency))


def _cut(value: Decimal) -> Decimal:
    return value.quantize(STEP, ROUND_FLOOR)
