"""Totals so low that the bidder is asked to justify them. Two tests, each exact.

A total is flagged that lies at least 40 % below the mean of the other totals, or at least 30 %
below the next one. Both need two bids.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

BELOW_MEAN = Fraction(40, 100)
BELOW_NEXT = Fraction(30, 100)


@dataclass(frozen=True, slots=True)
class Flag:
    """How far a total lies below the others, as shares, and which of the tests it meets."""

    total: Fraction
    mean_of_others: Fraction
    below_mean: Fraction
    next_total: Fraction | None
    below_next: Fraction
    by_mean: bool
    by_next: bool


def flags(totals: Mapping[UUID, Decimal | Fraction]) -> dict[UUID, Flag]:
    """The flagged ones of these totals, by bid."""
    if len(totals) < 2:
        return {}
    exact = {bid_id: Fraction(total) for bid_id, total in totals.items()}
    ordered = sorted(exact.values())
    sum_of_all = sum(ordered, Fraction(0))
    found = {bid_id: _measured(total, ordered, sum_of_all) for bid_id, total in exact.items()}
    return {bid_id: flag for bid_id, flag in found.items() if flag.by_mean or flag.by_next}


def _measured(total: Fraction, ordered: Sequence[Fraction], sum_of_all: Fraction) -> Flag:
    """ordered: all totals, this one among them, lowest first."""
    mean = (sum_of_all - total) / (len(ordered) - 1)
    after = bisect_left(ordered, total) + 1
    following = ordered[after] if after < len(ordered) else None
    below_mean = _below(total, mean)
    below_next = _below(total, following) if following is not None else Fraction(0)
    return Flag(
        total=total,
        mean_of_others=mean,
        below_mean=below_mean,
        next_total=following,
        below_next=below_next,
        by_mean=below_mean >= BELOW_MEAN,
        by_next=below_next >= BELOW_NEXT,
    )


def _below(total: Fraction, other: Fraction) -> Fraction:
    return 1 - total / other if other else Fraction(0)
