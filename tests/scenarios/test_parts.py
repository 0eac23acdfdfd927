"""Lines that suppliers share: from the scenario to the award of quantities."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import select

from marketplace.rfq.awards.models import AwardLine
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.evaluation.ranking import Price
from marketplace.rfq.services import bidding
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.offering import OfferKind, QuantityBreak
from marketplace.rfq.terms.rates import AS_IT_IS, Conversion
from marketplace.scenarios import problems
from marketplace.scenarios.model import Objective, PriceBreak
from marketplace.scenarios.parts import DividedLine, parts_of
from marketplace.scenarios.reading import basis
from marketplace.scenarios.solver import solve
from tests.clients import words
from tests.factories.bids import KEYS, a_price, make_sourcing
from tests.factories.scenarios import PRICE_ALONE, bids_of, make_scenario

D = Decimal
SHARED = (OfferKind.PARTIAL_QUANTITIES, OfferKind.QUANTITY_BREAKS)


@pytest.fixture
def sourcing(session):
    return make_sourcing(session, allows=SHARED, criteria=PRICE_ALONE)


def asked(sourcing, quantity: str) -> AskedLine:
    line = sourcing.lines[0]
    return AskedLine(line.id, 1, line.lot_id, "", D(quantity), "C62")


def price(unit_price: str, part: str | None = None, **more) -> Price:
    return Price(D(unit_price), D(0), part=D(part) if part else None, **more)


def open_shared(sourcing) -> list[str]:
    """60 of the first line at 7, the rest dearer elsewhere; three decimals, to be rounded."""
    one, two = sourcing.lines
    sourcing.submit_lines(0, a_price(one, "7.005", part="61"), a_price(two, "2"))
    sourcing.submit_lines(1, a_price(one, "12.005"), a_price(two, "3"))
    sourcing.open()
    return [str(bid) for bid in bids_of(sourcing)]


def test_a_line_is_split_as_finely_as_its_quantities_are_said(sourcing):
    assert parts_of(asked(sourcing, "100"), []) == 100
    assert parts_of(asked(sourcing, "100"), [price("1", "60")]) == 100
    assert parts_of(asked(sourcing, "7.5"), [price("1")]) == 75
    assert parts_of(asked(sourcing, "7.5"), [price("1", "2.25")]) == 750


def test_an_offer_of_a_part_with_breaks_is_an_option(sourcing):
    breaks = (QuantityBreak(D(50), D(8)), QuantityBreak(D(80), D(7)))
    offered = price("8", "60", base=D(10), breaks=breaks)
    line = DividedLine(asked(sourcing, "100"), offered, AS_IT_IS, 100)
    option = line.option("a", Fraction(0))
    assert (option.cost, option.min_share, option.max_share) == (
        1000,
        Fraction(1, 100),
        Fraction(3, 5),
    )
    # the last one begins above what is offered
    assert option.breaks == (PriceBreak(Fraction(1, 2), D(800)),)
    assert line.quantity(Fraction(3, 5)) == 60


def test_parts_are_rounded_in_their_own_currency_and_then_converted(sourcing):
    yen = Conversion("JPY", "EUR", Fraction(160))
    line = DividedLine(asked(sourcing, "10"), price("0.55"), yen, 10)
    assert line.option("a", Fraction(0)).cost == Fraction(55, 10) / 160
    # 3 × 0.55 = 1.65 yen, which is paid as 2
    assert line.worth(Fraction(3, 10)) == Fraction(2, 160)


def test_what_all_bids_together_do_not_offer_is_left_out(sourcing):
    one, two = sourcing.lines
    sourcing.submit_lines(0, a_price(one, "7", part="60"), a_price(two, "2"))
    sourcing.submit_lines(1, a_price(one, "12", part="39"))
    sourcing.open()
    compared = basis(sourcing.session, sourcing.buyer, sourcing.rfq.id)
    assert problems.left_out(compared) == [1]
    question = problems.question_of(compared, Objective.COST, [])
    assert question.problem.items == (str(two.id),)
    assert [each.lines for each in question.offered] == [(two.id,)]


def test_a_shared_line_goes_from_the_scenario_into_the_award(api, session, sourcing, drain):
    first, second = open_shared(sourcing)
    made = make_scenario(sourcing)
    drain()
    client = api(sourcing.buyer)
    url = f"/rfqs/{sourcing.rfq.id}/scenarios/{made.id}"
    solved = client.get(url).json
    # 61 × 7.005 = 427.305, 39 × 12.005 = 468.195, 100 × 2
    assert solved["total"] == {"amount": "1095.51", "currency": "EUR"}
    assert (solved["objective_value"], solved["state"]) == ("1095.51", "solved")
    parts = [
        (each["number"], each["bid_id"], each["quantity"], each["total"]["amount"])
        for each in solved["awards"]
    ]
    assert sorted(parts) == sorted(
        [
            (1, first, {"value": "61", "unit": "C62"}, "427.31"),
            (1, second, {"value": "39", "unit": "C62"}, "468.20"),
            (2, first, {"value": "100", "unit": "C62"}, "200.00"),
        ]
    )
    choices = client.post(f"{url}/propose").json["choices"]
    given = client.post(
        f"/rfqs/{sourcing.rfq.id}/award",
        json={"choices": choices, "justification": "Both together are the cheapest"},
    )
    assert given.status_code == 201, given.json
    lines = session.execute(select(AwardLine.quantity, AwardLine.total)).all()
    assert sorted(lines) == [(39, D("468.20")), (61, D("427.31")), (100, 200)]


def test_a_shared_line_fills_in_the_award_page(portal, sourcing, drain):
    first, second = open_shared(sourcing)
    made = make_scenario(sourcing)
    drain()
    browser = portal(sourcing.buyer)
    url = f"/rfqs/{sourcing.rfq.id}/scenarios"
    assert "61 pieces" in words(browser.get(f"{url}/{made.id}"))
    page = browser.get(f"{url}/{made.id}/award").text
    line = sourcing.lines[0].id
    assert f'name="share.{line}.{first}"' in page
    for bid, quantity in ((first, "61"), (second, "39")):
        field = page.split(f'name="share.{line}.{bid}"')[1].split(">")[0]
        assert f'value="{quantity}"' in field
    assert "left out" not in words(browser.get(url))


def test_the_list_names_what_is_left_out(portal, sourcing):
    one, two = sourcing.lines
    sourcing.submit_lines(0, a_price(one, "7", part="60"), a_price(two, "2"))
    sourcing.open()
    page = words(portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/scenarios"))
    assert "Line 1 is left out: all bids together do not offer the whole of it." in page
    assert len(bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)) == 1


def test_a_line_is_not_shared_by_two_bids_of_one_supplier(session):
    allows = (*SHARED, OfferKind.ALTERNATIVES)
    sourcing = make_sourcing(session, allows=allows, max_alternatives=1, criteria=PRICE_ALONE)
    one = sourcing.lines[0]
    for alternative, lines, name in (
        (0, a_price(one, "7", part="50"), ""),
        (1, a_price(one, "8", part="50"), "Recycled"),
    ):
        bidding.submit(
            session,
            sourcing.suppliers[0],
            KEYS,
            sourcing.rfq.id,
            sourcing.due_at - timedelta(days=2),
            BidContent(lines=(lines,), name=name),
            alternative=alternative,
        )
    sourcing.submit_lines(1, a_price(one, "20"))
    sourcing.open()
    compared = basis(session, sourcing.buyer, sourcing.rfq.id)
    question = problems.question_of(compared, Objective.COST, [])
    assert question.problem.exclusive == (frozenset({0, 1}),)
    # the two halves of the first together would cost 750
    assert solve(question.problem, (), seconds=10).objective == 50 * 7 + 50 * 20
