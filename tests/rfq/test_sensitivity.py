"""The weight of the price at which another bid wins: exact, and checked by ranking again there."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marketplace.rfq.evaluation import ranking, sensitivity
from marketplace.rfq.terms.asked import Criterion
from tests.rfq.test_ranking import PRICE, QUALITY, offer, terms


def weighed(price_weight):
    """The terms with another weight of the price; the rest shares what is left."""
    rest = Decimal(100) - Decimal(price_weight)
    return terms(replace(PRICE, weight=Decimal(price_weight)), replace(QUALITY, weight=rest))


def first_at(price_weight, offers):
    (lot,) = ranking.ranking(weighed(price_weight), offers)
    return lot.ranks[0].bid_id


class TestTurns:
    def test_under_a_certain_weight_the_better_one_wins(self):
        # the whole price and half of the rest, against half of the price and the whole rest
        offers = [offer(1, 60, 40, score=5), offer(2, 100, 100, score=10)]
        (lot,) = ranking.ranking(terms(), offers)
        found = sensitivity.of(lot)
        assert (found.price_weight, found.above) == (Decimal(60), None)
        assert found.below.exact == Fraction(50)
        assert found.below.price_weight == Decimal("50.00")
        assert found.below.rank.bid_id == offers[1].bid_id

    def test_over_a_certain_weight_the_cheaper_one_wins(self):
        offers = [offer(1, 60, 40, score=1), offer(2, 100, 100, score=10)]
        (lot,) = ranking.ranking(terms(), offers)
        found = sensitivity.of(lot)
        assert found.below is None
        assert found.above.exact == Fraction(9000, 140)
        assert found.above.price_weight == Decimal("64.29")
        assert found.above.rank.bid_id == offers[0].bid_id

    def test_the_nearest_turn_counts(self):
        offers = [
            offer(1, 50, 50, score=6),
            offer(2, 55, 55, score=8),
            offer(3, 100, 100, score=10),
        ]
        (lot,) = ranking.ranking(weighed(95), offers)
        found = sensitivity.of(lot)
        assert found.below.rank.bid_id == offers[1].bid_id
        assert first_at("94", offers) == offers[0].bid_id

    def test_the_best_at_everything_stays_first(self):
        offers = [offer(1, 50, 50, score=10), offer(2, 60, 60, score=9)]
        (lot,) = ranking.ranking(terms(), offers)
        found = sensitivity.of(lot)
        assert (found.below, found.above) == (None, None)


class TestEveryWeight:
    def test_of_two_criteria_mirrors_the_price(self):
        offers = [offer(1, 60, 40, score=5), offer(2, 100, 100, score=10)]
        (lot,) = ranking.ranking(terms(), offers)
        price, quality = sensitivity.of_each(lot)
        assert (price.below.exact, price.above) == (50, None)
        assert (quality.below, quality.above.exact) == (None, 50)
        assert quality.above.rank.bid_id == offers[1].bid_id

    def test_of_three_each_has_its_own(self):
        service = Criterion(UUID(int=23), 3, "Service", False, Decimal(20), 10)
        asked = terms(PRICE, replace(QUALITY, weight=Decimal(20)), service)
        offers = [offer(1, 60, 40, score=10), offer(2, 100, 100, score=2)]
        served = replace(
            offers[1], scores={**offers[1].scores, service.id: ranking.Score(Decimal(10), "")}
        )
        zero = replace(
            offers[0], scores={**offers[0].scores, service.id: ranking.Score(Decimal(0), "")}
        )
        (lot,) = ranking.ranking(asked, [zero, served])
        _price, quality, found = sensitivity.of_each(lot)
        # price and quality lead by 30 + 16 of 80 points, service trails by all of its own
        assert found.above.exact == Fraction(100 * 46, 46 + 80)
        assert found.above.rank.bid_id == served.bid_id
        assert quality.above is None


class TestNothingToWeigh:
    def test_one_bid(self):
        (lot,) = ranking.ranking(terms(), [offer(1, 60, 40, score=5)])
        assert sensitivity.of(lot) is None

    def test_missing_scores(self):
        offers = [offer(1, 60, 40, score=5), offer(2, 100, 100)]
        (lot,) = ranking.ranking(terms(), offers)
        assert sensitivity.of(lot) is None

    @pytest.mark.parametrize("is_price", [True, False])
    def test_the_price_is_all_or_nothing(self, is_price):
        alone = Criterion(QUALITY.id, 1, "Alone", is_price, Decimal(100), 10)
        offers = [offer(1, 60, 40, score=5), offer(2, 100, 100, score=10)]
        (lot,) = ranking.ranking(terms(alone), offers)
        assert sensitivity.of(lot) is None

    def test_a_bid_with_missing_lines_turns_nothing(self):
        offers = [offer(1, 60, 40, score=5), offer(2, 1, score=10)]
        (lot,) = ranking.ranking(terms(), offers)
        assert sensitivity.of(lot) is None


BIDS = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 10)), min_size=2, max_size=6, unique=True
)


@given(BIDS, st.integers(1, 99))
def test_the_winner_is_another_just_beyond_a_turn_and_the_same_just_before(bids, price_weight):
    offers = [offer(n, price, 0, score=score) for n, (price, score) in enumerate(bids)]
    (lot,) = ranking.ranking(weighed(price_weight), offers)
    found = sensitivity.of(lot)
    assume(found is not None)
    winner = lot.ranks[0].bid_id
    step = Decimal("0.000001")
    for turn, way in ((found.below, -1), (found.above, 1)):
        if turn is None:
            edge = step if way < 0 else 100 - step
            assert first_at(edge, offers) == winner
            continue
        at = Decimal(turn.exact.numerator) / Decimal(turn.exact.denominator)
        beyond, before = at + way * step, at - way * step
        if 0 < beyond < 100:
            assert first_at(beyond, offers) == turn.rank.bid_id
        if turn.exact != price_weight:
            assert first_at(before, offers) == winner
