"""One line to several suppliers: letters, evidence and orders tell each of their own part."""

from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.core.money import Quantity
from marketplace.identity.permissions import SYSTEM
from marketplace.orders.models import Order, OrderLine
from marketplace.remedies import reactions
from marketplace.remedies.models import AwardLetter
from marketplace.remedies.states import LetterKind
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.services import awarding
from marketplace.rfq.terms.offering import OfferKind
from tests.factories.awards import PRICE_ALONE, after, bids_of
from tests.factories.bids import a_price, make_sourcing

D = Decimal


@pytest.fixture
def split(session, drain):
    """100 bolts: 60 at 9.90 to the first, 40 at 10.50 to the second; the third gets nothing."""
    sourcing = make_sourcing(
        session,
        suppliers=3,
        allows=tuple(OfferKind),
        criteria=PRICE_ALONE,
        standstill_days=10,
    )
    one, two = sourcing.lines
    sourcing.submit_lines(0, a_price(one, "9.9", part="60"), a_price(two, "2"))
    sourcing.submit_lines(
        1, a_price(one, "12", breaks={"40": "10.5", "100": "10"}), a_price(two, "3")
    )
    sourcing.submit_lines(2, a_price(one, "77.77"), a_price(two, "8"))
    sourcing.open()
    first, second, _third = bids_of(sourcing)
    decided = awarding.award(
        session,
        sourcing.buyer,
        sourcing.rfq.id,
        [
            Choice(first, line_id=one.id, quantity=Quantity(D(60), "C62")),
            Choice(second, line_id=one.id, quantity=Quantity(D(40), "C62")),
            Choice(first, line_id=two.id),
        ],
        "Both are needed",
    )
    drain()
    letters = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
    return sourcing, decided, [letters[supplier.org_id] for supplier in sourcing.suppliers]


class TestLetters:
    def test_each_winner_reads_its_own_part_and_that_of_the_other(self, split):
        _sourcing, _decided, (first, second, _third) = split
        assert (first.kind, second.kind) == (LetterKind.PARTLY_WON, LetterKind.PARTLY_WON)
        (lot,) = first.content["lots"]
        assert [(line["number"], D(line["quantity"]), D(line["total"])) for line in lot["won"]] == [
            (1, D(60), D(594)), (2, D(100), D(200)),
        ]  # fmt: skip
        assert [(w["lines"], D(w["total"])) for w in lot["winners"]] == [([1], D(420))]
        assert (lot["bids"][0]["place"], lot["bids"][0]["partial_lines"]) == (None, [1])
        (lot,) = second.content["lots"]
        assert [(line["number"], D(line["quantity"]), D(line["total"])) for line in lot["won"]] == [
            (1, D(40), D(420)),
        ]  # fmt: skip
        assert [(w["lines"], D(w["total"])) for w in lot["winners"]] == [([1, 2], D(794))]

    def test_the_loser_reads_of_both_winners(self, split):
        _sourcing, _decided, (first, second, third) = split
        assert third.kind is LetterKind.LOST
        (lot,) = third.content["lots"]
        assert [(w["lines"], D(w["total"])) for w in lot["winners"]] == [
            ([1, 2], D(794)), ([1], D(420)),
        ]  # fmt: skip
        assert all("77.77" not in str(each.content) for each in (first, second))


class TestOrders:
    def test_each_winner_gets_an_order_of_its_part_once_the_award_is_final(
        self, session, split, drain
    ):
        sourcing, decided, _letters = split
        assert session.scalars(select(Order)).all() == []
        standing = award_queries.standing(session, sourcing.rfq.id, decided.id)
        with after(standing):
            assert reactions.conclude_due(session, SYSTEM) == 1
        drain()
        orders = session.execute(
            select(Order.supplier_id, OrderLine.rfq_line_id, OrderLine.quantity, OrderLine.net)
            .join(OrderLine, OrderLine.order_id == Order.id)
            .where(Order.award_id == decided.id)
        )
        first, second, _third = (supplier.org_id for supplier in sourcing.suppliers)
        one, two = (line.id for line in sourcing.lines)
        assert {tuple(row) for row in orders} == {
            (first, one, D(60), D(594)),
            (first, two, D(100), D(200)),
            (second, one, D(40), D(420)),
        }

    def test_the_evidence_keeps_every_bid_as_it_was_ranked(self, split):
        _sourcing, decided, _letters = split
        ranks = decided.evidence["lots"][0]["ranks"]
        assert [(rank["place"], rank["partial_lines"]) for rank in ranks] == [
            (1, []), (2, []), (None, [1]),
        ]  # fmt: skip
