"""Two bids in another order because of a third one: the published example, and by ranking again."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace.rfq.evaluation import ranking, reversals
from tests.rfq.test_ranking import QUALITY, offer, terms

OUT_OF_HUNDRED = terms(
    terms().criteria[0],
    replace(QUALITY, max_score=100),
)


def ranked(*offers):
    (lot,) = ranking.ranking(OUT_OF_HUNDRED, offers)
    return lot


A, B, C = offer(1, 100, 0, score=71), offer(2, 120, 0, score=95), offer(3, 80, 0, score=10)


def test_the_example_of_the_literature():
    """Lowest ÷ total at 60 to 40: A before B by 88.4 to 88, until C comes in at 80."""
    two, three = ranked(A, B), ranked(A, B, C)
    assert [(r.bid_id, r.total_points) for r in two.ranks] == [
        (A.bid_id, Decimal("88.40")),
        (B.bid_id, Decimal("88.00")),
    ]
    assert [(r.bid_id, r.total_points) for r in three.ranks] == [
        (B.bid_id, Decimal("78.00")),
        (A.bid_id, Decimal("76.40")),
        (C.bid_id, Decimal("64.00")),
    ]
    assert reversals.of(two) == []
    (found,) = reversals.of(three)
    assert (found.without.bid_id, found.ahead.bid_id, found.behind.bid_id) == (
        C.bid_id,
        A.bid_id,
        B.bid_id,
    )


def test_a_lowest_bid_that_has_its_like_turns_nothing():
    twin = offer(4, 80, 0, score=9)
    assert reversals.of(ranked(A, B, C, twin)) == []


def test_nothing_is_said_before_all_is_scored_or_of_bids_with_missing_lines():
    unscored, gaps = offer(3, 80, 0), offer(3, 80, score=10)
    assert reversals.of(ranked(A, B, unscored)) == []
    assert reversals.of(ranked(A, B, gaps)) == []


@given(
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 100)), min_size=1, max_size=5, unique=True
    )
)
def test_it_names_exactly_the_pairs_that_a_new_ranking_turns(bids):
    offers = [offer(n, price, 0, score=score) for n, (price, score) in enumerate(bids)]
    lot = ranked(*offers)
    named = {
        (found.without.bid_id, found.ahead.bid_id, found.behind.bid_id)
        for found in reversals.of(lot)
    }
    place = {rank.bid_id: rank.place for rank in lot.ranks}
    turned = set()
    for dropped in offers:
        again = ranked(*(each for each in offers if each is not dropped)).ranks
        for index, ahead in enumerate(again):
            turned |= {
                (dropped.bid_id, ahead.bid_id, behind.bid_id)
                for behind in again[index + 1 :]
                if place[ahead.bid_id] > place[behind.bid_id] and ahead.exact > behind.exact
            }
    assert named == turned
