"""At which weight of the price another bid would stand first, computed exactly.

If the price weighs w per cent and the other criteria share the rest as they do now, a bid has
w x price share + (100 - w) x share of the others points: a straight line. Where the line of another
bid crosses that of the first, the order turns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from marketplace.rfq.ranking import LotRanking, Points, Rank, shown

WHOLE = Fraction(100)


@dataclass(frozen=True, slots=True)
class Turn:
    """The weight of the price, in per cent, beyond which this other bid stands first."""

    exact: Fraction
    rank: Rank

    @property
    def price_weight(self) -> Decimal:
        return shown(self.exact)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How far the price weight may move either way before another bid wins. None: all the way."""

    price_weight: Decimal
    below: Turn | None
    above: Turn | None


def of(lot: LotRanking) -> Sensitivity | None:
    """None where there is nothing to weigh: one bid, missing scores, the price all or nothing."""
    placed = [rank for rank in lot.ranks if rank.place]
    if len(placed) < 2 or not lot.is_scored:
        return None
    price_weight = sum(part.criterion.weight for part in placed[0].points if _is_price(part))
    if not 0 < price_weight < WHOLE:
        return None
    crossings = list(_crossings(placed[0], placed[1:], Fraction(price_weight)))
    below = [each for each in crossings if each[1] > 0]
    above = [each for each in crossings if each[1] < 0]
    return Sensitivity(
        price_weight=Decimal(price_weight),
        below=_turn(max(below, key=lambda each: each[:2], default=None)),
        above=_turn(min(above, key=lambda each: each[:2], default=None)),
    )


def _crossings(
    first: Rank, others: Iterable[Rank], price_weight: Fraction
) -> Iterator[tuple[Fraction, Fraction, Rank]]:
    """Where the lead ends inside 0 to 100, with how fast it grows with the price weight."""
    for other in others:
        by_price = _share(first, price_weight, price=True) - _share(other, price_weight, price=True)
        rest = WHOLE - price_weight
        by_rest = _share(first, rest, price=False) - _share(other, rest, price=False)
        growth = by_price - by_rest
        if growth == 0:
            continue
        weight = -WHOLE * by_rest / growth
        if 0 < weight < WHOLE:
            yield weight, growth, other


def _share(rank: Rank, weight: Fraction, *, price: bool) -> Fraction:
    """Which part of the possible points the bid has for the price, or for all the rest."""
    points = sum((part.exact for part in rank.points if _is_price(part) is price), Fraction(0))
    return points / weight


def _is_price(part: Points) -> bool:
    return part.criterion.is_price


def _turn(crossing: tuple[Fraction, Fraction, Rank] | None) -> Turn | None:
    return None if crossing is None else Turn(crossing[0], crossing[2])
