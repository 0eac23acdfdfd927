"""RFM, lifetime value and churn: the published figures, exactly."""

import csv
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.customers import rules
from marketplace.customers.rules import Purchases, Rfm, Segment
from marketplace.customers.states import ChurnHint

D = Decimal
CDNOW = Path(__file__).parent / "data" / "cdnow_1997_09_30.csv"
TODAY = date(2026, 11, 25)


@pytest.fixture(scope="module")
def population() -> tuple[list[int], list[int], list[Decimal]]:
    with CDNOW.open() as file:
        rows = list(csv.DictReader(file))
    return (
        [int(row["recency_days"]) for row in rows],
        [int(row["purchase_days"]) for row in rows],
        [D(row["amount"]) for row in rows],
    )


class TestCdnow:
    """2,357 customers on 1997-09-30: cut points and classes of the accuracy reference."""

    def test_cut_points(self, population) -> None:
        recency, frequency, amount = population
        assert rules.cut_points([D(days) for days in recency], 5) == [99, 198, 219, 242]
        assert rules.cut_points([D(count) for count in frequency], 5) == [1, 1, 2, 3]
        assert rules.cut_points(amount, 5) == [D("14.96"), D("27.99"), D("45.976"), D("93.722")]

    def test_classes(self, population) -> None:
        scores = rules.rfm_scores(*population)
        assert [Counter(s.recency for s in scores)[n] for n in range(1, 6)] == [
            466, 475, 453, 490, 473,
        ]  # fmt: skip
        assert [Counter(s.frequency for s in scores)[n] for n in range(1, 6)] == [
            1411, 0, 439, 214, 293,
        ]  # fmt: skip
        assert [Counter(s.monetary for s in scores)[n] for n in range(1, 6)] == [
            480, 464, 470, 471, 472,
        ]  # fmt: skip
        written = Counter(str(s) for s in scores)
        assert (written["555"], written["111"]) == (191, 146)


class TestScores:
    @given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
    def test_equal_customers_get_equal_scores_in_whatever_order(self, values: list[int]) -> None:
        scores = rules.rfm_scores(values, values, [D(v) for v in values])
        by_value: dict[int, set[Rfm]] = {}
        for value, rfm in zip(values, scores, strict=True):
            by_value.setdefault(value, set()).add(rfm)
        assert all(len(found) == 1 for found in by_value.values())
        backwards = rules.rfm_scores(values[::-1], values[::-1], [D(v) for v in values[::-1]])
        assert backwards[::-1] == scores

    @given(st.lists(st.integers(0, 1000), min_size=2, max_size=60))
    def test_more_is_never_scored_lower(self, values: list[int]) -> None:
        scores = rules.rfm_scores([0] * len(values), values, [D(v) for v in values])
        ordered = [
            rfm.frequency
            for _value, rfm in sorted(zip(values, scores, strict=True), key=lambda p: p[0])
        ]
        assert ordered == sorted(ordered)

    def test_a_small_population_is_parted_in_three(self) -> None:
        scores = rules.rfm_scores(list(range(24)), [1] * 24, [D(1)] * 24)
        assert {s.recency for s in scores} == {1, 3, 5}
        scores = rules.rfm_scores(list(range(25)), [1] * 25, [D(1)] * 25)
        assert {s.recency for s in scores} == {1, 2, 3, 4, 5}

    def test_nobody_is_nothing(self) -> None:
        assert rules.rfm_scores([], [], []) == []


class TestSegments:
    table = (
        Segment("champions", (4, 5), (4, 5), (4, 5)),
        Segment("recent", (4, 5), (1, 5), (1, 5)),
    )

    def test_the_first_row_that_holds_counts(self) -> None:
        assert rules.segment_of(Rfm(5, 5, 4), self.table) == "champions"
        assert rules.segment_of(Rfm(5, 1, 1), self.table) == "recent"
        assert rules.segment_of(Rfm(3, 5, 5), self.table) is None


class TestLifetimeValue:
    def test_the_basic_formula_exactly(self) -> None:
        assert rules.lifetime_value(D(50), D(6), D(4), D(120)) == 1080

    def test_after_a_year_the_observed_rate_counts(self) -> None:
        purchases = Purchases(12, D(600), TODAY - timedelta(days=731), TODAY)
        assert rules.orders_per_year(purchases, TODAY, D(99)) == 12 / (D(731) / D("365.25"))

    def test_a_new_customer_leans_on_the_others(self) -> None:
        """Two orders on the first day do not make 730 a year."""
        purchases = Purchases(2, D(100), TODAY, TODAY)
        assert rules.orders_per_year(purchases, TODAY, D(6)) == 8
        assert rules.orders_per_year(purchases, TODAY, None) == 2

    def test_the_value_is_rounded_once_and_shows_its_parts(self) -> None:
        purchases = Purchases(3, D("100.00"), TODAY, TODAY)
        value = rules.value_of(
            purchases, TODAY, currency="EUR", years=D(4), acquisition_cost=D(120), peers=None
        )
        assert (value.average_order, value.orders_per_year) == (D("33.33"), D("3.00"))
        assert (value.value, value.low_data) == (D("280.00"), True)

    def test_the_mean_rate_of_those_with_a_full_year(self) -> None:
        long = Purchases(8, D(1), TODAY - timedelta(days=1461), TODAY)
        short = Purchases(50, D(1), TODAY - timedelta(days=30), TODAY)
        assert rules.peer_rate([long, short], TODAY) == 2
        assert rules.peer_rate([short], TODAY) is None


class TestChurn:
    def test_the_usual_interval_is_the_mean_gap(self) -> None:
        days = [date(2026, 1, 1), date(2026, 1, 11), date(2026, 1, 31), date(2026, 1, 11)]
        assert rules.usual_interval(days) == 15
        assert rules.usual_interval(days[:1]) is None

    @pytest.mark.parametrize(
        ("silent", "hint"),
        [(15, "active"), (16, "slowing"), (25, "slowing"), (26, "at_risk"), (51, "lost")],
    )
    def test_silence_is_measured_by_the_customers_own_rhythm(self, silent: int, hint: str) -> None:
        last = TODAY - timedelta(days=silent)
        assert rules.churn_hint(5, D(10), last, TODAY) == hint

    def test_two_orders_say_nothing(self) -> None:
        assert rules.churn_hint(2, D(10), date(2020, 1, 1), TODAY) is ChurnHint.LOW_DATA


def test_months_end_with_the_present_one() -> None:
    assert rules.months_back(date(2026, 2, 14), 3) == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    assert rules.month_of(datetime(2026, 2, 28, 23, 59, tzinfo=UTC)) == date(2026, 2, 1)
