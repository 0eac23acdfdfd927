"""RFM scores, lifetime value and the churn hint: values in, values out, all in Decimal."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from marketplace.core.money import rounded_amount
from marketplace.customers.states import ChurnHint

DAYS_PER_YEAR = Decimal("365.25")
FULL_SCALE = 5
SMALL_POPULATION = 25
SMALL_SCALE = 3
FEW_ORDERS = 3
SLOW_AFTER = Decimal("1.5")
AT_RISK_AFTER = Decimal("2.5")
LOST_AFTER = Decimal(5)


@dataclass(frozen=True)
class Rfm:
    """Scores from 1 to 5; 5 is the most recent, the most frequent, the largest."""

    recency: int
    frequency: int
    monetary: int

    def __str__(self) -> str:
        return f"{self.recency}{self.frequency}{self.monetary}"


@dataclass(frozen=True)
class Purchases:
    """What one customer has done up to a day."""

    orders: int
    revenue: Decimal
    first_on: date
    last_on: date

    @property
    def average(self) -> Decimal:
        """Average order value, not rounded."""
        return self.revenue / self.orders if self.orders else Decimal(0)


@dataclass(frozen=True)
class Segment:
    """One row of the segment table: ranges of scores, both ends included."""

    code: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int]

    def holds(self, scores: Rfm) -> bool:
        """Whether these scores lie inside the row."""
        return (
            self.recency[0] <= scores.recency <= self.recency[1]
            and self.frequency[0] <= scores.frequency <= self.frequency[1]
            and self.monetary[0] <= scores.monetary <= self.monetary[1]
        )


@dataclass(frozen=True)
class LifetimeValue:
    """The value with everything that went into it, so that a reader can work it out again."""

    average_order: Decimal
    orders_per_year: Decimal
    years: Decimal
    acquisition_cost: Decimal
    value: Decimal
    low_data: bool


def cut_points(values: Sequence[Decimal], classes: int) -> list[Decimal]:
    """The values that part a population into classes: linear quantiles, as spreadsheets do it."""
    ordered = sorted(values)
    last = len(ordered) - 1
    cuts = []
    for index in range(1, classes):
        place = Decimal(last * index) / classes
        low = int(place)
        high = min(low + 1, last)
        cuts.append(ordered[low] + (ordered[high] - ordered[low]) * (place - low))
    return cuts


def score_of(value: Decimal, cuts: Sequence[Decimal]) -> int:
    """1 plus the number of cut points below the value.

    Equal values always get equal scores; a value on a cut point belongs to the lower class. So
    classes may be empty, which is honest: NTILE would part equal customers by row order.
    """
    return 1 + bisect_left(cuts, value)


def rfm_scores(
    recency_days: Sequence[int], frequency: Sequence[int], monetary: Sequence[Decimal]
) -> list[Rfm]:
    """Scores of a whole population, in its order.

    Fewer than 25 customers are parted into three classes, shown on the same scale as 1, 3 and 5:
    five classes of four customers would pretend to know more than there is.
    """
    if not recency_days:
        return []
    classes = FULL_SCALE if len(recency_days) >= SMALL_POPULATION else SMALL_SCALE
    stretch = (FULL_SCALE - 1) // (classes - 1)

    def scores(values: Sequence[Decimal]) -> list[int]:
        cuts = cut_points(values, classes)
        return [1 + (score_of(value, cuts) - 1) * stretch for value in values]

    recent = [FULL_SCALE + 1 - s for s in scores([Decimal(days) for days in recency_days])]
    often = scores([Decimal(count) for count in frequency])
    much = scores(monetary)
    return [Rfm(*triple) for triple in zip(recent, often, much, strict=True)]


def segment_of(scores: Rfm, table: Sequence[Segment]) -> str | None:
    """The first row that holds the scores; None when the table leaves a gap."""
    return next((row.code for row in table if row.holds(scores)), None)


def lifetime_value(
    average_order: Decimal, orders_per_year: Decimal, years: Decimal, acquisition_cost: Decimal
) -> Decimal:
    """Average order value x orders per year x years of the relation - acquisition cost."""
    return average_order * orders_per_year * years - acquisition_cost


def years_between(first_on: date, today: date) -> Decimal:
    """The length of a relation in years of 365.25 days."""
    return Decimal((today - first_on).days) / DAYS_PER_YEAR


def orders_per_year(purchases: Purchases, today: date, peer_rate: Decimal | None) -> Decimal:
    """How often the customer orders in a year.

    After a full year: what was observed. Before: the observed orders join one year of the
    seller's other customers, so that a customer who ordered twice this week is not taken for
    one who orders a hundred times a year. Without others: the orders count for a whole year.
    """
    span = years_between(purchases.first_on, today)
    if span >= 1:
        return purchases.orders / span
    if peer_rate is None:
        return Decimal(purchases.orders)
    return (purchases.orders + peer_rate) / (span + 1)


def peer_rate(population: Sequence[Purchases], today: date) -> Decimal | None:
    """Mean orders per year of those who have been customers for a full year."""
    rates = [
        p.orders / years_between(p.first_on, today)
        for p in population
        if years_between(p.first_on, today) >= 1
    ]
    return sum(rates, Decimal(0)) / len(rates) if rates else None


def value_of(
    purchases: Purchases,
    today: date,
    *,
    currency: str,
    years: Decimal,
    acquisition_cost: Decimal,
    peers: Decimal | None,
) -> LifetimeValue:
    """Lifetime value of one customer, rounded once, at its end."""
    per_year = orders_per_year(purchases, today, peers)
    value = lifetime_value(purchases.average, per_year, years, acquisition_cost)
    return LifetimeValue(
        average_order=rounded_amount(purchases.average, currency),
        orders_per_year=per_year.quantize(Decimal("0.01")),
        years=years,
        acquisition_cost=acquisition_cost,
        value=rounded_amount(value, currency),
        low_data=years_between(purchases.first_on, today) < 1,
    )


def usual_interval(ordered_on: Sequence[date]) -> Decimal | None:
    """Mean days between orders; None for fewer than two days of ordering."""
    days = sorted(set(ordered_on))
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    return Decimal(sum(gaps)) / len(gaps) if gaps else None


def churn_hint(orders: int, interval: Decimal | None, last_on: date, today: date) -> ChurnHint:
    """How long the customer has been silent, against its own usual interval."""
    if interval is None or orders < FEW_ORDERS:
        return ChurnHint.LOW_DATA
    silence = Decimal((today - last_on).days) / max(interval, Decimal(1))
    for limit, hint in (
        (LOST_AFTER, ChurnHint.LOST),
        (AT_RISK_AFTER, ChurnHint.AT_RISK),
        (SLOW_AFTER, ChurnHint.SLOWING),
    ):
        if silence > limit:
            return hint
    return ChurnHint.ACTIVE


def months_back(today: date, count: int) -> list[date]:
    """The first days of the last `count` months, oldest first, this month included."""
    months = [today.replace(day=1)]
    while len(months) < count:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[::-1]


def month_of(at: datetime) -> date:
    """The month in which something happened, by UTC."""
    return at.date().replace(day=1)
