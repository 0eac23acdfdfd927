"""Bids that leave lines out: as offered, by common lines, and filled; never for the award."""

from decimal import Decimal
from fractions import Fraction

import pytest

from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.evaluation.missing_rules import LineView
from marketplace.rfq.http import missing_views
from marketplace.rfq.services import evaluation
from marketplace.rfq.terms.offering import OfferKind
from tests.clients import words
from tests.factories.awards import PRICE_ALONE, bids_of
from tests.factories.bids import a_price, make_opened, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line


def pieces(number):
    return Quantity(Decimal(number), "C62")


LINES = [
    a_line(quantity=pieces(10)),
    a_line(quantity=pieces(4)),
    a_line(quantity=pieces(3), reference_price=Money(Decimal(7), "EUR")),
]


@pytest.fixture
def opened(session):
    """The second bid leaves out line 2, the third line 3."""
    return make_opened(
        session,
        ["10", "20", "30"],
        ["9", None, "25"],
        ["11", "22", None],
        lines=LINES,
        criteria=PRICE_ALONE,
    )


def seen(sourcing, view):
    compared = evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)
    return missing_views.lots(sourcing.session, compared, view)


def totals(sourcing, view):
    (lot,) = seen(sourcing, view)
    by_bid = {bid.bid_id: bid for bid in lot.bids}
    return [by_bid[bid].total for bid in bids_of(sourcing)]


class TestViews:
    def test_as_offered_marks_nobody_as_lowest(self, opened):
        assert totals(opened, LineView.OFFERED) == [270, 165, 198]
        (lot,) = seen(opened, LineView.OFFERED)
        assert [bid.missing for bid in lot.bids] == [(), (2,), (3,)]
        assert [(bid.is_lowest, bid.above) for bid in lot.bids] == [(False, None)] * 3

    def test_by_the_lines_that_everybody_priced(self, opened):
        assert totals(opened, LineView.COMMON) == [100, 90, 110]
        (lot,) = seen(opened, LineView.COMMON)
        assert lot.lines == (1,)
        assert [(bid.is_lowest, bid.above) for bid in lot.bids] == [
            (False, Decimal("11.1")),
            (True, Decimal("0.0")),
            (False, Decimal("22.2")),
        ]

    def test_filled_with_the_highest_price(self, opened):
        assert totals(opened, LineView.HIGHEST) == [270, 253, 288]
        (lot,) = seen(opened, LineView.HIGHEST)
        filled = [(each.line.number, each.unit_price, each.amount) for each in lot.bids[1].filled]
        assert filled == [(2, 22, 88)]

    def test_filled_with_the_average_price_exactly(self, opened):
        assert totals(opened, LineView.AVERAGE) == [270, 249, Fraction(561, 2)]

    def test_filled_with_the_estimate_where_there_is_one(self, opened):
        assert totals(opened, LineView.ESTIMATE) == [270, None, 219]
        (lot,) = seen(opened, LineView.ESTIMATE)
        assert [bid.unfilled for bid in lot.bids] == [(), (2,), ()]
        assert [bid.is_lowest for bid in lot.bids] == [False, False, True]

    def test_the_rest_of_a_part_is_filled(self, session):
        sourcing = make_sourcing(
            session,
            lines=LINES[:1],
            criteria=PRICE_ALONE,
            allows=[OfferKind.PARTIAL_QUANTITIES],
        )
        sourcing.submit_lines(0, a_price(sourcing.lines[0], "5", part="4"))
        sourcing.submit_lines(1, a_price(sourcing.lines[0], "8"))
        sourcing.open()
        assert totals(sourcing, LineView.HIGHEST) == [68, 80]
        assert totals(sourcing, LineView.OFFERED) == [20, 80]
        (lot,) = seen(sourcing, LineView.COMMON)
        assert lot.lines == ()

    def test_whole_bids_need_no_views(self, session):
        sourcing = make_opened(session, ["10", "1"], ["11", "2"], criteria=PRICE_ALONE)
        assert [seen(sourcing, view) for view in LineView] == [[]] * 5

    def test_the_ranking_stays_as_it_was_offered(self, opened):
        compared = evaluation.read(opened.session, opened.buyer, opened.rfq.id)
        assert [(rank.place, rank.total) for rank in compared.lots[0].ranks] == [
            (1, 270),
            (None, 165),
            (None, 198),
        ]


class TestDoors:
    def test_the_api_tells_every_view(self, api, session, opened):
        url = f"/rfqs/{opened.rfq.id}/evaluation/missing-lines"
        found = {each["view"]: each["lots"] for each in api(opened.buyer).get(url).json["views"]}
        assert list(found) == ["offered", "common", "highest", "average", "estimate"]
        third = found["average"][0]["bids"][2]
        assert (third["total"], third["exact_total"], third["missing_lines"]) == (
            {"amount": "280.50", "currency": "EUR"}, "561/2", [3],
        )  # fmt: skip
        (filled,) = third["filled"]
        assert (filled["number"], filled["exact_unit_price"], filled["amount"]["amount"]) == (
            3, "55/2", "82.50",
        )  # fmt: skip
        assert found["estimate"][0]["bids"][1]["total"] is None
        assert api(make_actor(session)).get(url).status_code == 404
        assert api(make_actor(session, OrgKind.SUPPLIER)).get(url).status_code in (403, 404)

    def test_hidden_prices_stay_hidden(self, api, session):
        blind = make_opened(session, ["10", None], ["20", "4"], blind_scoring=True)
        answer = api(blind.buyer).get(f"/rfqs/{blind.rfq.id}/evaluation/missing-lines")
        assert (answer.status_code, answer.json["code"]) == (409, "prices_hidden")

    def test_the_page_offers_the_views_and_marks_what_is_filled(self, portal, opened):
        browser, url = portal(opened.buyer), f"/rfqs/{opened.rfq.id}/evaluation"
        plain = browser.get(url)
        assert f'href="{url}?lines=average#missing"' in plain.text
        assert "filled with €" not in words(plain)
        filled = words(browser.get(f"{url}?lines=average"))
        assert "filled with €82.50" in filled
        assert "partly filled" in filled
        assert browser.get(f"{url}?lines=nonsense").status_code == 200
