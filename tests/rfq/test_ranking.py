"""Ranking and comparison: exact figures, ties, gaps, and no influence of the order of rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.core import shares
from marketplace.rfq.evaluation import ranking
from marketplace.rfq.evaluation.ranking import Offer, Price, Score
from marketplace.rfq.terms.asked import AskedLine, Criterion, Terms
from marketplace.rfq.terms.asked_lots import AskedLot

NOON = datetime(2026, 3, 10, 11, tzinfo=UTC)
LOT = UUID(int=1)
LINES = (UUID(int=11), UUID(int=12))
PRICE = Criterion(UUID(int=21), 1, "Price", is_price=True, weight=Decimal(60), max_score=100)
QUALITY = Criterion(UUID(int=22), 2, "Quality", is_price=False, weight=Decimal(40), max_score=10)


def terms(*criteria):
    return Terms(
        currency="EUR",
        lots=(AskedLot(LOT, 1, "Bolts"),),
        lines=tuple(
            AskedLine(line, number, LOT, f"Line {number}", Decimal(1), "C62")
            for number, line in enumerate(LINES, start=1)
        ),
        criteria=criteria or (PRICE, QUALITY),
    )


def offer(number, *prices, score=None, minutes=0):
    return Offer(
        bid_id=UUID(int=100 + number),
        supplier_id=UUID(int=200 + number),
        submitted_at=NOON + timedelta(minutes=minutes),
        prices={
            line: Price(Decimal(price), Decimal(price))
            for line, price in zip(LINES, prices, strict=False)
            if price is not None
        },
        scores={} if score is None else {QUALITY.id: Score(Decimal(score), "")},
    )


class TestRanking:
    def test_follows_the_published_formula(self):
        (lot,) = ranking.ranking(terms(), [offer(1, 60, 40, score=5), offer(2, 100, 100, score=10)])
        first, second = lot.ranks
        assert (first.bid_id.int, first.total_points) == (101, Decimal("80.00"))
        assert (second.bid_id.int, second.total_points) == (102, Decimal("70.00"))

    def test_thirds_are_compared_exactly_and_rounded_for_display_alone(self):
        (lot,) = ranking.ranking(terms(PRICE), [offer(1, 1, 0), offer(2, 3, 0)])
        assert lot.ranks[1].exact == Fraction(20)
        assert shares.shown(Fraction(200, 3)) == Decimal("66.67")
        assert shares.shown(Fraction(1, 200)) == Decimal("0.01")

    def test_a_bid_with_a_gap_is_listed_without_place_and_does_not_lower_the_reference(self):
        (lot,) = ranking.ranking(terms(PRICE), [offer(1, 1, None), offer(2, 50, 50)])
        ranked, gap = lot.ranks
        assert (ranked.bid_id.int, ranked.place, ranked.exact) == (102, 1, 60)
        assert (gap.bid_id.int, gap.place, gap.missing, gap.points) == (101, None, (2,), ())

    def test_of_a_tie_the_earlier_submission_stands_first(self):
        later, earlier = offer(1, 1, 1, minutes=2), offer(2, 1, 1, minutes=1)
        (lot,) = ranking.ranking(terms(PRICE), [later, earlier])
        assert [(rank.bid_id.int, rank.place, rank.tied) for rank in lot.ranks] == [
            (102, 1, True),
            (101, 2, True),
        ]

    def test_knows_when_scores_are_missing(self):
        (lot,) = ranking.ranking(terms(), [offer(1, 1, 1, score=1), offer(2, 1, 1)])
        assert not lot.is_scored

    def test_a_lot_that_nobody_bid_for_is_empty(self):
        (lot,) = ranking.ranking(terms(), [])
        assert (lot.ranks, lot.first, lot.is_scored) == ((), None, True)


class TestComparison:
    def test_marks_best_worst_and_distance(self):
        cells = ranking.comparison(
            terms(), [offer(1, 8), offer(2, 10), offer(3, 12, minutes=1), offer(4)]
        )[LINES[0]]
        by_bid = {cell.bid_id.int: cell for cell in cells}
        assert by_bid[101].is_best
        assert by_bid[101].above_best == 0
        assert by_bid[102].above_best == Decimal("25.0")
        assert by_bid[103].is_worst
        assert by_bid[104].price is None
        assert not by_bid[104].is_best

    def test_equal_best_prices_are_all_marked_as_tied(self):
        cells = ranking.comparison(terms(), [offer(1, 8), offer(2, 8), offer(3, 9)])[LINES[0]]
        assert [(cell.is_best, cell.is_tied) for cell in cells] == [
            (True, True), (True, True), (False, False),
        ]  # fmt: skip

    def test_one_bid_alone_is_best_and_not_worst(self):
        (cell,) = ranking.comparison(terms(), [offer(1, 8)])[LINES[0]]
        assert (cell.is_best, cell.is_worst, cell.is_tied) == (True, False, False)


offers = st.lists(
    st.builds(
        offer,
        st.integers(1, 10_000),
        st.one_of(st.none(), st.integers(1, 6)),
        st.one_of(st.none(), st.integers(1, 6)),
        score=st.one_of(st.none(), st.integers(0, 10)),
        minutes=st.integers(0, 2),
    ),
    max_size=8,
    unique_by=lambda made: made.bid_id,
)


@given(offers, st.randoms())
def test_the_order_of_rows_never_matters(made, random):
    shuffled = list(made)
    random.shuffle(shuffled)
    assert ranking.ranking(terms(), made) == ranking.ranking(terms(), shuffled)
    assert ranking.comparison(terms(), made) == ranking.comparison(terms(), shuffled)


@given(offers)
def test_places_are_distinct_and_follow_the_points(made):
    (lot,) = ranking.ranking(terms(), made)
    placed = [rank for rank in lot.ranks if rank.place]
    assert [rank.place for rank in placed] == list(range(1, len(placed) + 1))
    assert all(0 <= rank.exact <= 100 for rank in placed)
    for better, worse in pairwise(placed):
        assert (-better.exact, better.submitted_at) <= (-worse.exact, worse.submitted_at)
        assert better.tied == any(r.exact == better.exact for r in placed if r is not better)


@pytest.mark.parametrize("unknown", [uuid4()])
def test_a_price_for_a_line_that_was_not_asked_counts_for_nothing(unknown):
    strange = offer(1, 1, 1)
    strange.prices[unknown] = Price(Decimal(1), Decimal(1))
    (lot,) = ranking.ranking(terms(PRICE), [strange])
    assert lot.ranks[0].total == 2
