"""Bundles: lines that come together at a better price, or not at all."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any, Protocol
from uuid import UUID

from marketplace.core.money import Money, rounded_amount

MAX_BUNDLES = 8
UNIT = Decimal("0.000001")


class Asked(Protocol):
    """A line as far as bundles need it."""

    @property
    def id(self) -> UUID: ...
    @property
    def lot_id(self) -> UUID: ...
    @property
    def quantity(self) -> Decimal: ...


@dataclass(frozen=True)
class Bundle:
    """Lines and whole lots that come together, for a price or with a discount in per cent."""

    name: str
    line_ids: tuple[UUID, ...] = ()
    lot_ids: tuple[UUID, ...] = ()
    price: Money | None = None
    percent: Decimal | None = None

    def covers(self, line: Asked) -> bool:
        return line.id in self.line_ids or line.lot_id in self.lot_ids

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "line_ids": [str(each) for each in self.line_ids],
            "lot_ids": [str(each) for each in self.lot_ids],
            "price": [str(self.price.amount), self.price.currency] if self.price else None,
            "percent": None if self.percent is None else str(self.percent),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Bundle":
        price, percent = data["price"], data["percent"]
        return cls(
            data["name"],
            tuple(UUID(each) for each in data["line_ids"]),
            tuple(UUID(each) for each in data["lot_ids"]),
            Money(Decimal(price[0]), price[1]) if price else None,
            None if percent is None else Decimal(percent),
        )


@dataclass(frozen=True, slots=True)
class BundledLine:
    """What a line costs within a bundle: unit price times quantity is the total, to the cent."""

    unit_price: Decimal
    total: Decimal


@dataclass(frozen=True)
class BundleOffer:
    """A bundle with the prices of its lines; ``single`` is what they cost one by one."""

    bundle: Bundle
    lines: Mapping[UUID, BundledLine]
    single: Decimal
    line_ids: frozenset[UUID] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "line_ids", frozenset(self.lines))

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines.values()), Decimal(0))

    @property
    def saving(self) -> Decimal:
        return self.single - self.total


def offer_of(
    bundle: Bundle, asked: Iterable[Asked], unit_prices: Mapping[UUID, Decimal], currency: str
) -> BundleOffer | None:
    """The prices of a bundle's lines; None where one has no price, or no unit prices come to it.

    unit_prices: of the whole quantity of each line that is offered whole.
    """
    lines = [line for line in asked if bundle.covers(line)]
    if not lines or any(line.id not in unit_prices for line in lines):
        return None
    single = {line.id: _line(line, unit_prices[line.id], currency) for line in lines}
    whole = sum((each.total for each in single.values()), Decimal(0))
    if bundle.percent is not None:
        share = 1 - Fraction(bundle.percent) / 100
    elif bundle.price is not None:
        share = Fraction(bundle.price.amount) / Fraction(whole)
    else:
        return None
    found = {
        line.id: _line(line, _unit(Fraction(single[line.id].unit_price) * share), currency)
        for line in lines
    }
    rest = Decimal(0)
    if bundle.price is not None:
        rest = bundle.price.amount - sum((each.total for each in found.values()), Decimal(0))
    if rest and not _place_rest(lines, found, rest, currency):
        return None
    offer = BundleOffer(bundle, found, whole)
    return offer if all(each.unit_price > 0 for each in found.values()) else None


def applied(offers: Sequence[BundleOffer], whole: Collection[UUID]) -> tuple[BundleOffer, ...]:
    """The bundles that hold when these lines are awarded whole: those that save the most.

    A line counts in one bundle only; of equal savings the bundles named first stand.
    """
    given = frozenset(whole)
    possible = [offer for offer in offers if offer.line_ids <= given]
    return max(_disjoint(possible), key=lambda each: sum(offer.saving for offer in each))


def _disjoint(offers: Sequence[BundleOffer]) -> Iterator[tuple[BundleOffer, ...]]:
    for count in range(len(offers) + 1):
        for chosen in combinations(offers, count):
            lines = [line for offer in chosen for line in offer.line_ids]
            if len(lines) == len(set(lines)):
                yield chosen


def _line(line: Asked, unit_price: Decimal, currency: str) -> BundledLine:
    return BundledLine(unit_price, rounded_amount(line.quantity * unit_price, currency))


def _unit(price: Fraction) -> Decimal:
    return (Decimal(price.numerator) / Decimal(price.denominator)).quantize(UNIT, ROUND_HALF_UP)


def _place_rest(
    lines: Sequence[Asked], found: dict[UUID, BundledLine], rest: Decimal, currency: str
) -> bool:
    """Give what rounding left over to the smallest line whose unit price can carry it."""
    for line in sorted(lines, key=lambda each: each.quantity):
        total = found[line.id].total + rest
        candidate = _line(line, _unit(Fraction(total) / Fraction(line.quantity)), currency)
        if total > 0 and candidate.total == total:
            found[line.id] = candidate
            return True
    return False
