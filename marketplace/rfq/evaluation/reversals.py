"""Ranks that depend on a third bid: a known weakness of price points measured by other bids.

Bids set the measure for each other. Where one of them is out of the race itself, two others may
stand in another order only because it was handed in. The buyer is told, and decides with that in
mind; the published formula stays what was published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from uuid import UUID

from marketplace.rfq.evaluation.ranking import LotRanking, Points, Rank
from marketplace.rfq.scoring.formulas import FAMILIES, Measure, measure, share


@dataclass(frozen=True, slots=True)
class Reversal:
    """Without one bid, ``ahead`` would stand before ``behind``; with it, behind."""

    without: Rank
    ahead: Rank
    behind: Rank


def of(lot: LotRanking) -> list[Reversal]:
    """Every pair whose order would turn if one other bid had not come. Empty while unscored."""
    placed = [rank for rank in lot.ranks if rank.place]
    if not lot.is_scored:
        return []
    return [found for dropped in placed for found in _without(dropped, placed)]


def _without(dropped: Rank, placed: Sequence[Rank]) -> Iterator[Reversal]:
    """placed: best first, so that of each pair the first one is ahead now."""
    others = [rank for rank in placed if rank is not dropped]
    totals = [rank.measured for rank in others]
    measures = {
        part.criterion.id: measure(part.criterion.formula, totals)
        for part in dropped.points
        if part.criterion.is_price and FAMILIES[part.criterion.formula.kind].is_relative
    }
    points = {rank.bid_id: _points(rank, measures) for rank in others}
    if all(points[one.bid_id] >= points[after.bid_id] for one, after in pairwise(others)):
        return
    for now_ahead, now_behind in combinations(others, 2):
        if points[now_behind.bid_id] > points[now_ahead.bid_id]:
            yield Reversal(without=dropped, ahead=now_behind, behind=now_ahead)


def _points(rank: Rank, measures: Mapping[UUID, Measure | None]) -> Fraction:
    return sum((_exact(part, rank, measures) for part in rank.points), Fraction(0))


def _exact(part: Points, rank: Rank, measures: Mapping[UUID, Measure | None]) -> Fraction:
    """The points if only these had come; those of an absolute formula stay."""
    by = measures.get(part.criterion.id)
    if by is None:
        return part.exact
    return Fraction(part.criterion.weight) * share(part.criterion.formula, rank.measured, by)
