"""At which weight of the price another bid would stand first, computed exactly.

If the price weighs w per cent and the other criteria share the rest as they do now, a bid has
w x price share + (100 - w) x share of the others points: a straight line, and so for every other
criterion. Where the line of another bid crosses that of the first, the order turns.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from uuid import UUID

from marketplace.core.shares import Share, shown, written
from marketplace.rfq.evaluation.ranking import LotRanking, Points, Rank
from marketplace.rfq.terms.asked import Criterion

WHOLE = Fraction(100)


@dataclass(frozen=True, slots=True)
class Turn:
    """The weight, in per cent, beyond which this other bid stands first."""

    exact: Fraction
    rank: Rank

    @property
    def weight(self) -> Decimal:
        return shown(self.exact)

    @property
    def price_weight(self) -> Decimal:
        return self.weight


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How far the price weight may move either way before another bid wins. None: all the way."""

    price_weight: Decimal
    below: Turn | None
    above: Turn | None


@dataclass(frozen=True, slots=True)
class CriterionTurns:
    """How far the weight of one criterion may move, the others sharing the rest as they do now."""

    criterion: Criterion
    below: Turn | None
    above: Turn | None


@dataclass(frozen=True, slots=True)
class SectionTurns:
    """The same for the weight of a section, its criteria keeping their importance."""

    name: str
    weight: Decimal
    below: Turn | None
    above: Turn | None


Weighed = Callable[[Points], bool]


def of(lot: LotRanking) -> Sensitivity | None:
    """None where there is nothing to weigh: one bid, missing scores, the price all or nothing."""
    found = _turns(lot, _is_price)
    if found is None:
        return None
    weight, below, above = found
    return Sensitivity(price_weight=written(weight), below=below, above=above)


def of_each(lot: LotRanking) -> list[CriterionTurns]:
    """The same for the weight of every criterion; empty where there is nothing to weigh."""
    placed = [rank for rank in lot.ranks if rank.place]
    turns = []
    for part in placed[0].points if placed else ():
        found = _turns(lot, partial(_is_of, part.criterion.id))
        if found is not None:
            _weight, below, above = found
            turns.append(CriterionTurns(part.criterion, below, above))
    return turns


def of_sections(lot: LotRanking) -> list[SectionTurns]:
    """The same for the weight of every section; empty where there is none."""
    placed = [rank for rank in lot.ranks if rank.place]
    names = [part.criterion.section for part in placed[0].points] if placed else []
    turns = []
    for name in dict.fromkeys(name for name in names if name is not None):
        found = _turns(lot, partial(_is_in, name))
        if found is not None:
            weight, below, above = found
            turns.append(SectionTurns(name, written(weight), below, above))
    return turns


def _turns(lot: LotRanking, weighed: Weighed) -> tuple[Share, Turn | None, Turn | None] | None:
    """The present weight of what is weighed, and the nearest turns below and above it."""
    placed = [rank for rank in lot.ranks if rank.place]
    if len(placed) < 2 or not lot.is_scored:
        return None
    weight = _weight(placed[0], weighed)
    if not 0 < weight < WHOLE:
        return None
    crossings = list(_crossings(placed[0], placed[1:], Fraction(weight), weighed))
    below = [each for each in crossings if each[1] > 0]
    above = [each for each in crossings if each[1] < 0]
    return (
        weight,
        _turn(max(below, key=lambda each: each[:2], default=None)),
        _turn(min(above, key=lambda each: each[:2], default=None)),
    )


def _weight(rank: Rank, weighed: Weighed) -> Share:
    """The sum of the weights: a decimal where each is one."""
    weights = [part.criterion.weight for part in rank.points if weighed(part)]
    exact = sum((Fraction(weight) for weight in weights), Fraction(0))
    decimals = [weight for weight in weights if isinstance(weight, Decimal)]
    return sum(decimals, Decimal(0)) if len(decimals) == len(weights) else exact


def _crossings(
    first: Rank, others: Iterable[Rank], weight: Fraction, weighed: Weighed
) -> Iterator[tuple[Fraction, Fraction, Rank]]:
    """Where the lead ends inside 0 to 100, with how fast it grows with the weight."""
    for other in others:
        by_weight = _lead(first, other, weight, weighed, inside=True)
        by_rest = _lead(first, other, WHOLE - weight, weighed, inside=False)
        growth = by_weight - by_rest
        if growth == 0:
            continue
        turn = -WHOLE * by_rest / growth
        if 0 < turn < WHOLE:
            yield turn, growth, other


def _lead(
    first: Rank, other: Rank, weight: Fraction, weighed: Weighed, *, inside: bool
) -> Fraction:
    """By which part of the possible points the first leads, in what is weighed or in the rest."""
    one, two = (
        sum((part.exact for part in rank.points if weighed(part) is inside), Fraction(0))
        for rank in (first, other)
    )
    return (one - two) / weight


def _is_price(part: Points) -> bool:
    return part.criterion.is_price


def _is_in(section: str, part: Points) -> bool:
    return part.criterion.section == section


def _is_of(criterion_id: UUID, part: Points) -> bool:
    return part.criterion.id == criterion_id


def _turn(crossing: tuple[Fraction, Fraction, Rank] | None) -> Turn | None:
    return None if crossing is None else Turn(crossing[0], crossing[2])
