"""Supplier KPIs and the score made of them.

Every figure is a ratio of two counts; where the lower count is zero there is no figure and no
score, neither 0 nor 100 (field case: months without deliveries). Level and date of each figure:

- on time in full: quantity accepted on or before the due day of its line / quantity due, over
  completed orders. Counted by quantity, so a delivery in two parts that are both on time is on
  time;
- defects: rejected / received x 1,000,000 (ppm);
- price variance: mean over orders of (invoiced - agreed) / agreed, net; per order, because
  amounts of different currencies do not add up;
- response: RFQs answered with a bid / RFQs invited to, counted once the bids are opened;
- lead time: mean days from the order's issue to its last receipt; shown, not scored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from marketplace.core.text import _, register_labels

SHRINKAGE = 5
MILLION = Decimal(1_000_000)
HUNDRED = Decimal(100)
WORST_PPM = Decimal(50_000)
WORST_VARIANCE = Decimal("0.05")
ONE_PLACE = Decimal("0.1")


class Criterion(StrEnum):
    ON_TIME = "on_time"
    QUALITY = "quality"
    PRICE = "price"
    RESPONSE = "response"


WEIGHTS: dict[Criterion, int] = {
    Criterion.ON_TIME: 40,
    Criterion.QUALITY: 30,
    Criterion.PRICE: 15,
    Criterion.RESPONSE: 15,
}
register_labels(
    {
        Criterion.ON_TIME: _("On time in full"),
        Criterion.QUALITY: _("Quality"),
        Criterion.PRICE: _("Price kept"),
        Criterion.RESPONSE: _("Answers to events"),
    }
)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted for one supplier in one period."""

    orders: int = 0
    due_quantity: Decimal = Decimal(0)
    on_time_quantity: Decimal = Decimal(0)
    received_quantity: Decimal = Decimal(0)
    rejected_quantity: Decimal = Decimal(0)
    price_orders: int = 0
    price_variance: Decimal = Decimal(0)
    lead_time_orders: int = 0
    lead_time_days: Decimal = Decimal(0)
    invitations: int = 0
    responses: int = 0

    @property
    def observations(self) -> int:
        """n: completed orders and opened RFQs that stand behind the score."""
        return self.orders + self.invitations


@dataclass(frozen=True, slots=True)
class Figures:
    """The KPIs; None where there is nothing to divide by."""

    on_time_rate: Decimal | None
    defect_ppm: Decimal | None
    price_variance: Decimal | None
    response_rate: Decimal | None
    lead_time_days: Decimal | None


@dataclass(frozen=True, slots=True)
class Score:
    """A raw score with its sample; `complete` is False when criteria had no data."""

    raw: Decimal | None
    observations: int
    complete: bool
    parts: dict[Criterion, Decimal | None]


def figures_of(counts: Counts) -> Figures:
    """The KPIs of a period."""
    defects = _ratio(counts.rejected_quantity, counts.received_quantity)
    return Figures(
        on_time_rate=_ratio(counts.on_time_quantity, counts.due_quantity),
        defect_ppm=None if defects is None else defects * MILLION,
        price_variance=_ratio(counts.price_variance, Decimal(counts.price_orders)),
        response_rate=_ratio(Decimal(counts.responses), Decimal(counts.invitations)),
        lead_time_days=_ratio(counts.lead_time_days, Decimal(counts.lead_time_orders)),
    )


def score_of(counts: Counts) -> Score:
    """Weighted mean of the criteria that have data, from 0 to 100.

    The weights of criteria without data go to the others in proportion, and the score says so by
    not being complete. No data at all: no score.
    """
    figures = figures_of(counts)
    parts: dict[Criterion, Decimal | None] = {
        Criterion.ON_TIME: _scaled(figures.on_time_rate, Decimal(0), Decimal(1)),
        Criterion.QUALITY: _scaled(figures.defect_ppm, WORST_PPM, Decimal(0)),
        Criterion.PRICE: _scaled(figures.price_variance, WORST_VARIANCE, Decimal(0)),
        Criterion.RESPONSE: _scaled(figures.response_rate, Decimal(0), Decimal(1)),
    }
    known = {name: value for name, value in parts.items() if value is not None}
    weight = sum(WEIGHTS[name] for name in known)
    raw = sum((WEIGHTS[name] * value for name, value in known.items()), Decimal(0))
    return Score(
        raw=raw / weight if weight else None,
        observations=counts.observations,
        complete=len(known) == len(parts),
        parts=parts,
    )


def mean_score(scores: Sequence[Decimal | None]) -> Decimal | None:
    """The mean over the periods with data; the others do not count, in either direction."""
    known = [score for score in scores if score is not None]
    return sum(known, Decimal(0)) / len(known) if known else None


def shrunk(raw: Decimal, observations: int, peer_mean: Decimal | None) -> Decimal:
    """(n x raw + k x mean of the peers) / (n + k), k = 5: few observations weigh little.

    Without peers there is nothing to lean on, and the raw score stands.
    """
    if peer_mean is None:
        return raw.quantize(ONE_PLACE)
    score = (observations * raw + SHRINKAGE * peer_mean) / (observations + SHRINKAGE)
    return score.quantize(ONE_PLACE)


def peer_means(raw: Mapping[UUID, Decimal]) -> dict[UUID, Decimal | None]:
    """For each key the mean of all the others."""
    total, count = sum(raw.values(), Decimal(0)), len(raw)
    if count < 2:
        return dict.fromkeys(raw)
    return {key: (total - value) / (count - 1) for key, value in raw.items()}


def _ratio(numerator: Decimal, denominator: Decimal) -> Decimal | None:
    return numerator / denominator if denominator else None


def _scaled(value: Decimal | None, worst: Decimal, best: Decimal) -> Decimal | None:
    """0 at the worst, 100 at the best, straight in between and flat outside."""
    if value is None:
        return None
    share = (value - worst) / (best - worst)
    return min(max(share, Decimal(0)), Decimal(1)) * HUNDRED
