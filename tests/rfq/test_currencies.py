"""Bids in several currencies at one frozen set of rates (OPEN-20): 8,000 USD and 1,000,000 JPY."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest
from sqlalchemy import func, select

from marketplace.auctions.errors import MixedCurrencies
from marketplace.auctions.models import Auction
from marketplace.core.errors import Conflict, Invalid
from marketplace.core.money import Money, Quantity
from marketplace.orders.models import Order
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.addenda.wanted import Wanted, WantedConditions
from marketplace.rfq.asking import queries
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.bundling import Bundle
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.offer_models import BidMoney
from marketplace.rfq.bids.parts import joined, split
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation.missing_rules import LineView
from marketplace.rfq.http import missing_views
from marketplace.rfq.services import (
    addenda,
    awarding,
    bid_drafts,
    bid_templates,
    drafting,
    evaluation,
    publishing,
    templates,
)
from marketplace.rfq.terms.drafts import Address, CriterionDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import Conversion, ExchangeRate
from marketplace.rfq.terms.states import CriterionKind, RfqState
from marketplace.scenarios import problems, views
from marketplace.scenarios.model import Objective
from marketplace.scenarios.reading import basis
from marketplace.scenarios.solver import solve
from tests.factories.auctions import make_auction
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq, make_supplier
from tests.rfq import sheet_files as files

D = Decimal
PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, D(100))]
JPY = ExchangeRate("JPY", D("159.2915"), date(2026, 1, 5), "Bank of Japan")
TND = ExchangeRate("TND", D("3.1"), date(2026, 1, 5), "BCT")
ONE_PIECE = Quantity(D(1), "C62")
THREE = Quantity(D(3), "C62")
ELEVEN = [
    ExchangeRate(code, D(1))
    for code in ("EUR", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "JPY", "CAD", "TND")
]


def make_dollars(session, **overrides):
    """One machine, asked for in USD; bids may be in JPY too."""
    usual = {
        "currency": "USD",
        "rates": [JPY],
        "criteria": PRICE_ALONE,
        "lines": [a_line(description="Press", quantity=ONE_PIECE)],
    }
    return make_sourcing(session, **(usual | overrides))


def yen(line, price):
    return PricedLine(line.id, D(price), "JPY")


def dollars(line, price):
    return PricedLine(line.id, D(price), "USD")


def submit_both(sourcing):
    """8,000 USD of the first, 1,000,000 JPY of the second; the ids of the bids."""
    (line,) = sourcing.lines
    sourcing.submit_lines(0, dollars(line, "8000"))
    sourcing.submit_lines(1, yen(line, "1000000"), currency="JPY")
    sourcing.open()
    return [bid.id for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)]


def refused(terms, content, *, complete=True):
    with pytest.raises(bid_rules.BidInvalid) as refusal:
        bid_rules.check_content(terms, content, complete=complete)
    return {(error.pointer, error.code) for error in refusal.value.errors}


def read(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


class TestRates:
    def test_a_value_is_exact_and_rounded_only_to_be_shown(self):
        found = Conversion("JPY", "USD", Fraction("159.2915"))
        assert found.exact(D(1_000_000)) == Fraction(10_000_000_000, 1_592_915)
        assert found.shown(D(1_000_000)) == Money(D("6277.80"), "USD")
        assert found.shown(D(1)) == Money(D("0.006278"), "USD")
        assert found.shown_beside(None) is None
        assert Conversion("USD", "USD").shown_beside(D(5)) is None

    @pytest.mark.parametrize(
        ("rates", "expected"),
        [
            ([replace(JPY, currency="USD")], {("/rates/0/currency", "own_currency")}),
            ([JPY, JPY], {("/rates/1/currency", "duplicate_currency")}),
            ([replace(JPY, rate=D("1e10"))], {("/rates/0/rate", "out_of_range")}),
            ([replace(JPY, rate=D(0))], {("/rates/0/rate", "out_of_range")}),
            (
                ELEVEN,
                {("/rates", "too_many")},
            ),
        ],
    )  # fmt: skip
    def test_what_cannot_be_taken(self, session, rates, expected):
        buyer = make_actor(session)
        with pytest.raises(Invalid) as refusal:
            make_rfq(session, buyer, currency="USD", rates=rates)
        assert {(e.pointer, e.code) for e in refusal.value.errors} == expected
        rfq = make_rfq(session, buyer, currency="USD", rates=[JPY])
        with pytest.raises(Invalid):
            drafting.update(session, buyer, rfq.id, {"rates": rates})

    def test_another_currency_of_the_rfq_needs_other_rates(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, currency="USD", rates=[JPY])
        with pytest.raises(Invalid) as refusal:
            drafting.update(session, buyer, rfq.id, {"currency": "EUR"})
        assert [(e.pointer, e.code) for e in refusal.value.errors] == [
            ("/currency", "currency_in_use")
        ]
        changed = drafting.update(
            session, buyer, rfq.id, {"currency": "EUR", "rates": [replace(JPY, rate=D(170))]}
        )
        assert (changed.currency, changed.rates[0].rate) == ("EUR", D(170))

    def test_a_draft_may_lack_them_but_is_not_published_so(self, session):
        buyer = make_actor(session)
        days = [ExchangeRate("JPY"), replace(TND, as_of=date(2999, 1, 1))]
        rfq = make_rfq(
            session, buyer, currency="USD", rates=days, supplier_ids=[make_supplier(session).id]
        )
        found = publishing.check(session, buyer, rfq.id).readiness
        assert {(e.pointer, e.code) for e in found.reasons} == {
            ("/rates/0/rate", "required"),
            ("/rates/0/as_of", "required"),
            ("/rates/0/source", "required"),
            ("/rates/1/as_of", "in_the_future"),
        }
        with pytest.raises(Invalid) as refusal:
            publishing.publish(session, buyer, rfq.id)
        assert refusal.value.code == "rfq_not_ready"
        assert queries.get_own(session, buyer, rfq.id).state is RfqState.DRAFT

    def test_a_request_for_information_has_none(self, session):
        buyer = make_actor(session)
        with pytest.raises(Invalid) as refusal:
            make_rfq(session, buyer, kind=RfqKind.RFI, criteria=[], lines=[], rates=[JPY])
        found = {(e.pointer, e.code) for e in refusal.value.errors}
        assert found == {("/rates", "not_for_this_kind")}

    def test_an_old_rate_is_doubted(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, currency="USD", rates=[replace(JPY, as_of=date(2020, 1, 1))])
        codes = [e.code for e in publishing.check(session, buyer, rfq.id).readiness.warnings]
        assert "old_rate" in codes

    def test_copies_and_templates_keep_the_currencies_and_ask_for_fresh_rates(self, session):
        sourcing = make_dollars(session, rates=[JPY, TND])
        copied = drafting.copy(session, sourcing.buyer, sourcing.rfq.id)
        kept = templates.save(session, sourcing.buyer, sourcing.rfq.id, "Presses")
        used = templates.use(session, sourcing.buyer, kept.id)
        for rfq in (copied, used):
            assert rfq.rates == [ExchangeRate("JPY"), ExchangeRate("TND")]
            found = publishing.check(session, sourcing.buyer, rfq.id).readiness
            assert ("/rates/1/rate", "required") in {(e.pointer, e.code) for e in found.reasons}

    def test_the_set_is_published_and_no_addendum_changes_it(self, session):
        sourcing = make_dollars(session)
        terms = bid_queries.terms(session, sourcing.rfq.id)
        assert terms.rates == (JPY,)
        with pytest.raises(Conflict):
            drafting.update(session, sourcing.buyer, sourcing.rfq.id, {"rates": [TND]})
        wanted = Wanted(conditions=WantedConditions("Heavier", 30, Address()))
        written = addenda.write(session, sourcing.buyer, sourcing.rfq.id, wanted, "Heavier")
        addenda.publish(session, sourcing.buyer, sourcing.rfq.id, written.id)
        assert bid_queries.terms(session, sourcing.rfq.id).rates == (JPY,)

    def test_terms_without_rates_are_written_as_before(self, session):
        sourcing = make_sourcing(session)
        assert "rates" not in bid_queries.terms(session, sourcing.rfq.id).to_json()
        assert "currency" not in BidContent().to_json()


class TestBid:
    def test_names_its_currency_once(self, session):
        sourcing = make_dollars(session, allows=list(OfferKind), lines=[a_line(), a_line()])
        terms = bid_queries.terms(session, sourcing.rfq.id)
        one, two = sourcing.lines
        assert refused(terms, BidContent((dollars(one, "1"),), currency="EUR")) == {
            ("/currency", "currency_not_allowed"),
            ("/lines/0/unit_price/currency", "wrong_currency"),
        }
        assert refused(terms, BidContent((yen(one, "100"),))) == {
            ("/lines/0/unit_price/currency", "wrong_currency")
        }
        assert refused(terms, BidContent((yen(one, "1"), dollars(two, "1")), currency="JPY")) == {
            ("/lines/1/unit_price/currency", "wrong_currency")
        }
        lines = (yen(one, "100"), yen(two, "100"))
        content = BidContent(lines, currency="JPY", minimum_order=Money(D(5), "USD"))
        assert refused(terms, content) == {("/minimum_order/currency", "wrong_currency")}
        content = replace(content, minimum_order=Money(D("5.5"), "JPY"))
        assert refused(terms, content) == {("/minimum_order/amount", "too_many_decimals")}
        bundles = (
            Bundle("A", (one.id, two.id), price=Money(D(15000), "USD")),
            Bundle("B", (one.id, two.id), price=Money(D("15000.5"), "JPY")),
        )
        assert refused(terms, BidContent(lines, currency="JPY", bundles=bundles)) == {
            ("/bundles/0/price/currency", "wrong_currency"),
            ("/bundles/1/price/amount", "too_many_decimals"),
        }

    def test_an_rfq_in_one_currency_takes_no_other(self, session):
        sourcing = make_sourcing(session)
        terms = bid_queries.terms(session, sourcing.rfq.id)
        own = sourcing.content("1")
        assert refused(terms, replace(own, currency="USD")) == {
            ("/currency", "currency_not_allowed"),
            ("/lines/0/unit_price/currency", "wrong_currency"),
        }
        bid_rules.check_content(terms, replace(own, currency="EUR"), complete=True)

    def test_totals_are_rounded_by_its_own_currency(self, session):
        lines = [a_line(quantity=THREE)]
        sourcing = make_dollars(session, rates=[JPY, TND], suppliers=3, lines=lines)
        (line,) = sourcing.lines
        for number, code in enumerate(("USD", "JPY", "TND")):
            priced = PricedLine(line.id, D("100.3335"), code)
            sourcing.submit_lines(number, priced, currency=code)
        sourcing.open()
        totals = session.scalars(select(BidLine.total).order_by(BidLine.total)).all()
        assert totals == [D(301), D("301.00"), D("301.001")]
        kept = session.scalars(select(BidMoney.currency).order_by(BidMoney.currency)).all()
        assert kept == ["JPY", "TND", "USD"]

    def test_it_lies_in_the_envelope_with_the_prices(self):
        technical, prices = split(BidContent(currency="JPY"))
        assert ("currency" in technical, prices["currency"]) == (False, "JPY")
        assert joined(technical, prices) == BidContent(currency="JPY")

    def test_nothing_is_told_before_the_opening(self, session):
        sourcing = make_dollars(session)
        sourcing.submit_lines(0, yen(sourcing.lines[0], "1000000"), currency="JPY")
        assert session.scalar(select(func.count()).select_from(BidMoney)) == 0

    def test_is_hidden_with_the_prices_under_blind_scoring(self, session, api):
        sourcing = make_dollars(session, blind_scoring=True, criteria=None)
        submit_both(sourcing)
        client, root = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        shown = client.get(f"{root}/evaluation")
        assert [(bid["currency"], bid["total"]) for bid in shown.json["bids"]] == [(None, None)] * 2
        one = client.get(f"{root}/bids/{shown.json['bids'][1]['bid_id']}").json
        assert (one["content"]["currency"], one["content"]["total"]) == (None, None)


class TestComparison:
    def test_the_yen_are_best_at_6277_80_dollars(self, session):
        sourcing = make_dollars(session)
        usd, jpy = submit_both(sourcing)
        found = read(sourcing)
        ranks = found.lots[0].ranks
        assert [(rank.bid_id, rank.place, rank.total) for rank in ranks] == [
            (jpy, 1, D(1_000_000)), (usd, 2, D(8000)),
        ]  # fmt: skip
        exact = Fraction(10_000_000_000, 1_592_915)
        assert [rank.compared for rank in ranks] == [exact, Fraction(8000)]
        assert ranks[0].conversion.shown(ranks[0].total) == Money(D("6277.80"), "USD")
        assert ranks[0].exact == 100
        assert ranks[1].exact == 100 * exact / 8000
        points = [rank.points[0] for rank in ranks]
        assert [(part.value, part.reference) for part in points] == [
            (D("6277.80"), D("6277.80")), (D(8000), D("6277.80")),
        ]  # fmt: skip
        cells = found.cells[sourcing.lines[0].id]
        assert [(c.bid_id, c.is_best, c.is_worst, c.above_best) for c in cells] == [
            (usd, False, True, D("27.4")), (jpy, True, False, D("0.0")),
        ]  # fmt: skip
        assert found.is_mixed

    def test_values_that_only_look_alike_are_no_tie(self, session):
        """159.2915 JPY are 1 USD exactly; 159 JPY are 1.00 USD to look at, and less."""
        sourcing = make_dollars(session, suppliers=3)
        (line,) = sourcing.lines
        sourcing.submit_lines(0, dollars(line, "10000"))
        sourcing.submit_lines(1, yen(line, "1592915"), currency="JPY")
        sourcing.submit_lines(2, yen(line, "1592914"), currency="JPY")
        sourcing.open()
        ranks = read(sourcing).lots[0].ranks
        assert [rank.total for rank in ranks] == [D(1592914), D(10000), D(1592915)]
        assert [rank.tied for rank in ranks] == [False, True, True]

    def test_low_prices_are_compared_by_value(self, session):
        sourcing = make_dollars(session)
        (line,) = sourcing.lines
        sourcing.submit_lines(0, dollars(line, "8000"))
        sourcing.submit_lines(1, yen(line, "700000"), currency="JPY")
        sourcing.open()
        (found,) = low_price_rules.flagged(read(sourcing).lots)
        assert (found.total, found.flag.total) == (D(700000), Fraction(7_000_000_000, 1_592_915))

    def test_missing_lines_are_filled_by_value(self, session):
        sourcing = make_dollars(session, lines=[a_line(quantity=ONE_PIECE)] * 2)
        one, two = sourcing.lines
        sourcing.submit_lines(0, dollars(one, "8000"))
        lines = (yen(one, "1000000"), yen(two, "1592915"))
        sourcing.submit_lines(1, *lines, currency="JPY")
        sourcing.open()
        (seen,) = missing_views.lots(session, read(sourcing), LineView.HIGHEST)
        exact = Fraction(10_000_000_000, 1_592_915)
        assert [bid.total for bid in seen.bids] == [Fraction(18000), exact + 10000]
        assert [bid.is_lowest for bid in seen.bids] == [False, True]

    def test_without_rates_nothing_is_converted(self, session):
        sourcing = make_sourcing(session)
        sourcing.submit(0, "10", "20")
        sourcing.open()
        found = read(sourcing)
        assert not found.is_mixed
        assert found.lots[0].ranks[0].points[0].value == D(3000)


class TestAward:
    def test_lines_letters_and_orders_are_in_the_currency_of_the_bid(self, session, drain):
        sourcing = make_dollars(session)
        _usd, jpy = submit_both(sourcing)
        decided = awarding.award(
            session, sourcing.buyer, sourcing.rfq.id, [Choice(jpy, lot_id=sourcing.lots[0].id)]
        )
        (line,) = decided.lines
        assert (line.total, line.currency, line.is_best) == (D(1_000_000), "JPY", True)
        best, other = decided.evidence["lots"][0]["ranks"]
        assert (best["total"], best["currency"], best["converted"]) == (
            "1000000.0000",
            "JPY",
            "6277.80",
        )
        assert best["exact_converted"] == "2000000000/318583"
        assert "currency" not in other
        drain()
        (order,) = session.scalars(select(Order)).all()
        assert (order.net, order.currency) == (D(1_000_000), "JPY")
        letters = {each.supplier_id: each for each in session.scalars(select(AwardLetter))}
        winner, loser = (
            letters[each.org_id].content["lots"][0] for each in reversed(sourcing.suppliers)
        )
        assert [(b["total"], b["currency"], b["converted"]) for b in winner["bids"]] == [
            ("1000000.0000", "JPY", "6277.80")
        ]
        assert ["currency" in b or "converted" in b for b in loser["bids"]] == [False]
        (told,) = loser["winners"]
        assert (D(told["total"]), told["currency"], told["converted"]) == (
            D(1_000_000),
            "JPY",
            "6277.80",
        )

    def test_a_part_is_rounded_by_the_currency_of_its_bid(self, session):
        lines = [a_line(quantity=THREE)]
        sourcing = make_dollars(session, lines=lines, allows=[OfferKind.PARTIAL_QUANTITIES])
        (line,) = sourcing.lines
        sourcing.submit_lines(0, yen(line, "100.5"), currency="JPY")
        sourcing.open()
        (bid,) = bid_queries.readable_bids(session, sourcing.rfq.id)
        choice = Choice(bid.id, line_id=line.id, quantity=Quantity(D(1), "C62"))
        decided = awarding.award(
            session, sourcing.buyer, sourcing.rfq.id, [choice], "one is enough"
        )
        assert [(each.total, each.currency) for each in decided.lines] == [(D(101), "JPY")]


class TestScenario:
    def test_costs_are_converted_exactly_and_awards_shown_as_bid(self, session):
        lines = [a_line(quantity=ONE_PIECE), a_line(quantity=ONE_PIECE)]
        sourcing = make_dollars(session, lines=lines, allows=[OfferKind.MINIMUM_ORDER])
        one, two = sourcing.lines
        sourcing.submit_lines(0, dollars(one, "8000"), dollars(two, "50"))
        least = Money(D(1_000_000), "JPY")
        sourcing.submit_lines(
            1, yen(one, "1000000"), yen(two, "10000"), currency="JPY", minimum_order=least
        )
        sourcing.open()
        compared = basis(session, sourcing.buyer, sourcing.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        assert [option.cost for option in question.problem.options] == [
            D(8000), D(50), Fraction(10_000_000_000, 1_592_915), Fraction(100_000_000, 1_592_915),
        ]  # fmt: skip
        found = solve(question.problem, question.given, seconds=10)
        # one from Japan, which just comes to the minimum, the other in dollars
        assert found.objective == Fraction(10_000_000_000, 1_592_915) + 50
        usd, jpy = (bid.id for bid in bid_queries.readable_bids(session, sourcing.rfq.id))
        pairs = [
            {"line_id": str(one.id), "bid_id": str(jpy)},
            {"line_id": str(two.id), "bid_id": str(usd)},
        ]
        shown = views._awards(pairs, compared)
        assert [(line.total, line.converted_total) for line in shown] == [
            (Money(D(1_000_000), "JPY"), Money(D("6277.80"), "USD")), (Money(D(50), "USD"), None),
        ]  # fmt: skip
        assert [row[1] for row in views.lines_per_supplier(shown)] == [
            Money(D(1_000_000), "JPY"), Money(D(50), "USD"),
        ]  # fmt: skip
        assert problems.cheapest_possible(compared) == D("6327.80")


class TestAuction:
    def test_several_currencies_are_refused(self, session):
        sourcing = make_dollars(session)
        submit_both(sourcing)
        with pytest.raises(MixedCurrencies) as refusal:
            make_auction(session, sourcing=sourcing)
        assert refusal.value.code == "mixed_currencies"
        assert session.scalar(select(func.count()).select_from(Auction)) == 0

    def test_one_other_currency_is_the_auction_s(self, session):
        sourcing = make_dollars(session)
        (line,) = sourcing.lines
        for number, price in enumerate(("1000000", "1100000")):
            sourcing.submit_lines(number, yen(line, price), currency="JPY")
        sourcing.open()
        make_auction(session, sourcing=sourcing)
        assert session.scalars(select(Auction.currency)).all() == ["JPY"]


class TestSpreadsheet:
    def test_the_currency_is_chosen_in_the_second_sheet(self, session):
        sourcing = make_dollars(session)
        supplier, (line,) = sourcing.suppliers[0], sourcing.lines
        made = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        total = (
            openpyxl.load_workbook(io.BytesIO(made))
            .worksheets[0]
            .cell(files.FIRST_ROW, files.COLUMN["total"])
        )
        assert """IF(OR('Whole bid'!$C$2="JPY"),0,2))""" in total.value
        filled = files.whole(files.priced(made, "¥1000000"), currency="jpy")
        plan = bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, filled, files.NAME)
        assert plan.content == BidContent((yen(line, "1000000"),), currency="JPY")
        assert [(str(c.field), c.old, c.new) for c in plan.others] == [("Currency", "USD", "JPY")]
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, plan.content)
        again = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        plan = bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, again, files.NAME)
        assert (plan.content.currency, plan.changes, plan.others) == ("JPY", [], [])

    @pytest.mark.parametrize(
        ("price", "currency", "code"),
        [("1000", "EUR", "currency_not_allowed"), ("$8000", "JPY", "wrong_currency")],
    )
    def test_other_currencies_are_refused_at_their_cells(self, session, price, currency, code):
        sourcing = make_dollars(session)
        supplier = sourcing.suppliers[0]
        made = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        filled = files.whole(files.priced(made, price), currency=currency)
        with pytest.raises(Invalid) as refusal:
            bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, filled, files.NAME)
        assert [cell["code"] for cell in refusal.value.data["cells"]] == [code]


def test_grades_do_not_wait_for_rates(session):
    """Quality and price in several currencies: points of the price by value, the rest by score."""
    sourcing = make_dollars(session, criteria=None)
    usd, jpy = submit_both(sourcing)
    sourcing.score({usd: "100", jpy: "50"})
    first, second = read(sourcing).lots[0].ranks
    exact = Fraction(10_000_000_000, 1_592_915)
    assert (first.bid_id, first.exact) == (usd, 40 + 60 * exact / 8000)
    assert (second.bid_id, second.exact) == (jpy, Fraction(80))
