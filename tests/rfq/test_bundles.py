"""Bundles, all or nothing: priced to the cent, refused, compared, awarded, taken by scenarios."""

from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.core.money import Money
from marketplace.orders.services import drafting as order_drafting
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import AwardInvalid, Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.bids import bundling
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.bundling import Bundle
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.services import awarding, bid_drafts, bid_templates, evaluation
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import CriterionKind
from marketplace.scenarios import problems, views
from marketplace.scenarios.model import Objective
from marketplace.scenarios.question import Offered
from marketplace.scenarios.reading import basis
from marketplace.scenarios.solver import solve
from tests.clients import words
from tests.factories.bids import KEYS, a_price, make_sourcing
from tests.factories.rfq import a_line
from tests.rfq import sheet_files as files

D = Decimal
PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, D(100))]


@pytest.fixture
def sourcing(session):
    """Three lines of a hundred pieces in two lots; bids may bundle."""
    return make_sourcing(
        session,
        allows=[OfferKind.BUNDLES, OfferKind.PARTIAL_QUANTITIES],
        criteria=PRICE_ALONE,
        lots=[LotDraft("Bolts"), LotDraft("Nuts")],
        lines=[a_line(), a_line(description="Washer"), a_line(description="Nut", lot=2)],
    )


def euros(amount):
    return Money(D(amount), "EUR")


def refused(sourcing, *bundles, lines=None, complete=True):
    terms = bid_queries.terms(sourcing.session, sourcing.rfq.id)
    own = lines or [a_price(line, "10") for line in sourcing.lines]
    content = BidContent(lines=tuple(own), bundles=bundles)
    with pytest.raises(bid_rules.BidInvalid) as refusal:
        bid_rules.check_content(terms, content, complete=complete)
    return {(error.pointer, error.code) for error in refusal.value.errors}


def asked(sourcing):
    return bid_queries.terms(sourcing.session, sourcing.rfq.id).lines


def make_bundled(sourcing):
    """The first: 10, 20, 30 a piece, lines 1 and 3 for 3500.01; the second: 9, 21, 31."""
    one, two, three = sourcing.lines
    sourcing.submit_lines(
        0,
        *(
            a_price(line, price)
            for line, price in zip(sourcing.lines, ("10", "20", "30"), strict=True)
        ),
        bundles=(Bundle("Ends", (one.id, three.id), price=euros("3500.01")),),
    )
    sourcing.submit_lines(1, a_price(one, "9"), a_price(two, "21"), a_price(three, "31"))
    sourcing.open()
    return [bid.id for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)]


def award(sourcing, *choices):
    return awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, "cheaper")


class TestPrices:
    @pytest.mark.parametrize("price", ["3500.01", "0.03", "1234.57", "3999.99"])
    def test_lines_come_to_the_price_to_the_cent(self, sourcing, price):
        lines = asked(sourcing)
        bundle = Bundle("All", tuple(line.id for line in lines), price=euros(price))
        units = {line.id: D("13.333333") for line in lines}
        found = bundling.offer_of(bundle, lines, units, "EUR")
        assert found.total == D(price)
        for line in lines:
            own = found.lines[line.id]
            assert (line.quantity * own.unit_price).quantize(D("0.01")) == own.total

    def test_what_no_unit_price_comes_to_is_none(self, sourcing):
        line = asked(sourcing)[0]
        lines = [
            AskedLine(each.id, each.number, line.lot_id, "", D(10_000_000), "C62")
            for each in asked(sourcing)
        ]
        bundle = Bundle("All", lot_ids=(line.lot_id,), price=euros("100.01"))
        units = {each.id: D("0.01") for each in lines}
        assert bundling.offer_of(bundle, lines, units, "EUR") is None

    def test_a_line_counts_once_where_it_saves_most(self, sourcing):
        one, two, three = (line.id for line in asked(sourcing))
        units = dict.fromkeys((one, two, three), D(10))
        named = [
            Bundle("Pair", (one, two), percent=D(5)),
            Bundle("All", (one, two, three), percent=D(4)),
            Bundle("Other", (two, three), percent=D(5)),
        ]
        offers = [bundling.offer_of(each, asked(sourcing), units, "EUR") for each in named]
        held = bundling.applied(offers, {one, two, three})
        assert [(each.bundle.name, each.saving) for each in held] == [("All", D(120))]
        assert bundling.applied(offers, {one, two})[0].bundle.name == "Pair"
        assert bundling.applied(offers, {one, three}) == ()


class TestRules:
    def test_every_fault_is_named(self, sourcing):
        one, two, three = (line.id for line in sourcing.lines)
        assert refused(
            sourcing,
            Bundle("A", (one, two)),
            Bundle("A", (one,), percent=D(5)),
            Bundle("C", (one, two), percent=D(100)),
            Bundle("D", (one, two), price=Money(D(5), "USD")),
            Bundle("E", (one, three), price=euros(2000)),
        ) == {
            ("/bundles/0", "price_or_percent"),
            ("/bundles/1/name", "name_not_own"),
            ("/bundles/1/line_ids", "too_few_lines"),
            ("/bundles/2/percent", "out_of_range"),
            ("/bundles/3/price/currency", "wrong_currency"),
            ("/bundles/4", "not_cheaper"),
        }

    def test_its_lines_are_priced_whole_before_it_is_submitted(self, sourcing):
        one, two, _three = sourcing.lines
        bundle = Bundle("A", (one.id, two.id), percent=D(5))
        lines = [a_price(one, "10", part="50")]
        assert refused(sourcing, bundle, lines=lines) == {("/bundles/0/line_ids", "not_priced")}

    def test_an_rfq_that_does_not_say_so_takes_none(self, session):
        strict = make_sourcing(session)
        one, two = strict.lines
        bundle = Bundle("A", (one.id, two.id), percent=D(5))
        assert refused(strict, bundle) == {("/bundles", "bundles_not_allowed")}


class TestAward:
    def test_choosing_the_bundle_gives_its_price_to_the_cent(self, sourcing):
        first, second = make_bundled(sourcing)
        _one, two, _three = sourcing.lines
        decided = award(sourcing, Choice(first, bundle=1), Choice(second, line_id=two.id))
        totals = {line.number: line.total for line in decided.lines}
        assert totals[1] + totals[3] == D("3500.01")
        assert totals[2] == D(2100)
        record = award_queries.award(sourcing.session, decided.id)
        made = order_drafting.create_from_award(sourcing.session, sourcing.buyer, record)
        assert sorted(order.net for order in made) == [D(2100), D("3500.01")]

    def test_its_price_holds_for_all_of_it_only(self, sourcing):
        first, second = make_bundled(sourcing)
        one, _two, three = sourcing.lines
        decided = award(sourcing, Choice(first, line_id=three.id), Choice(second, line_id=one.id))
        assert [line.total for line in decided.lines] == [D(900), D(3000)]

    def test_an_unknown_bundle_is_refused(self, sourcing):
        first, second = make_bundled(sourcing)
        for choice in (Choice(second, bundle=1), Choice(first, bundle=2)):
            with pytest.raises(AwardInvalid) as refusal:
                award(sourcing, choice)
            assert refusal.value.errors[0].code == "unknown_bundle"
        with pytest.raises(AwardInvalid) as refusal:
            award(sourcing, Choice(second, line_id=sourcing.lines[0].id), Choice(first, bundle=1))
        assert {error.code for error in refusal.value.errors} == {"over_awarded"}
        assert sourcing.session.scalar(select(func.count()).select_from(Award)) == 0

    def test_a_bundle_within_a_lot_counts_in_its_ranking(self, sourcing):
        one, two, _three = sourcing.lines
        lot = sourcing.lots[0].id
        bundle = Bundle("Lot", lot_ids=(lot,), percent=D(10))
        sourcing.submit_lines(0, a_price(one, "10"), a_price(two, "10"), bundles=(bundle,))
        sourcing.submit_lines(1, a_price(one, "9.5"), a_price(two, "9.5"))
        sourcing.open()
        found = evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        assert [rank.total for rank in found.lots[0].ranks] == [D(1800), D(1900)]


class TestScenario:
    def test_takes_a_bundle_as_one_offer(self, sourcing):
        first, second = make_bundled(sourcing)
        one, two, three = (line.id for line in sourcing.lines)
        compared = basis(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        assert Offered((one, three), first) in question.offered
        found = solve(question.problem, (), seconds=10)
        assert found.objective == D("5500.01")
        pairs = [{"line_id": str(line), "bid_id": str(first)} for line in (one, two, three)]
        shown = views._awards(pairs, compared)
        assert sum(line.total.amount for line in shown) == D("5500.01")
        assert problems.cheapest_possible(compared) <= D("5500.01")
        assert second not in {question.offered[index].bid_id for index in found.chosen}


class TestSpreadsheet:
    def test_comes_back_as_the_same_bid(self, session, sourcing):
        supplier = sourcing.suppliers[0]
        one, _two, three = sourcing.lines
        content = BidContent(
            lines=tuple(a_price(line, "10") for line in sourcing.lines),
            bundles=(
                Bundle("Ends", (one.id, three.id), price=euros("1500.50")),
                Bundle("Lot", lot_ids=(sourcing.lots[0].id,), percent=D("2.5")),
            ),
        )
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, content)
        made = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        plan = bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, made, files.NAME)
        assert (plan.content, plan.changes, plan.others) == (content, [], [])

        def fill(book):
            page = book.worksheets[2]
            page["B2"] = "1; 9"
            page["E3"] = 120

        with pytest.raises(bid_rules.Invalid) as refusal:
            bid_templates.preview(
                session, supplier, KEYS, sourcing.rfq.id, files.edited(made, fill), files.NAME
            )
        found = {(cell["cell"], cell["code"]) for cell in refusal.value.data["cells"]}
        assert found == {("B2", "unknown_number"), ("E3", "out_of_range")}


class TestPortalAndApi:
    def form(self, sourcing, **over):
        values = {}
        for row, line in enumerate(sourcing.lines):
            values |= {
                f"lines.{row}.line_id": str(line.id),
                f"lines.{row}.unit_price.currency": "EUR",
                f"lines.{row}.unit_price.amount": "10",
            }
        return values | {"then": "check"} | over

    def test_a_bid_with_a_bundle_from_form_to_award(self, portal, sourcing):
        one, two, _three = sourcing.lines
        client, root = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}"
        over = {
            "bundles.1.name": "Pair",
            "bundles.1.line_ids": [str(one.id), str(two.id)],
            "bundles.1.price.currency": "EUR",
            "bundles.1.price.amount": "2500",
        }
        saved = client.post(f"{root}/bids/edit", self.form(sourcing, **over))
        assert saved.status_code == 303
        refused = client.post(f"{root}/bids/submit", {"version": "1"})
        assert refused.status_code == 422
        assert "Its lines cost no more one by one." in words(refused)
        over["bundles.1.price.amount"] = "1900"
        assert client.post(f"{root}/bids/edit", self.form(sourcing, **over)).status_code == 303
        assert "lines 1, 2, €1,900.00" in words(client.get(f"{root}/bids/check"))
        sent = client.post(f"{root}/bids/submit", {"version": "2"})
        assert sent.status_code == 303
        bad = {**over, "bundles.1.price.amount": "1900", "bundles.1.percent": "5"}
        answer = client.post(f"{root}/bids/edit", self.form(sourcing, version="3", **bad))
        assert answer.status_code == 422
        assert "either a price for the bundle or a discount" in words(answer)
        sourcing.open()
        buyer = portal(sourcing.buyer)
        shown = words(buyer.get(f"{root}/evaluation"))
        for said in ("Pair", "€2,000.00", "€1,900.00"):
            assert said in shown
        (bid,) = bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
        choice = {f"bundle.{bid.id}.1": "1"}
        checked = words(buyer.post(f"{root}/award/check", choice))
        assert "in the bundle Pair" in checked
        assert "€1,900.00 to" in checked
        assert buyer.post(f"{root}/award", choice | {"justification": "ok"}).status_code == 303

    def test_the_api_says_it_as_data(self, api, sourcing):
        one, two, _three = sourcing.lines
        supplier, root = api(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}"
        bundle = {
            "name": "Pair",
            "line_ids": [str(one.id), str(two.id)],
            "lot_ids": [],
            "price": None,
            "percent": "5",
        }
        lines = [
            {"line_id": str(line.id), "unit_price": {"amount": "10.00", "currency": "EUR"}}
            for line in sourcing.lines
        ]
        body = {"lines": lines, "bundles": [bundle], "submit": True}
        sent = supplier.post(f"{root}/bids", json=body)
        assert sent.status_code == 201
        assert sent.json["content"]["bundles"] == [bundle]
        sourcing.open()
        buyer = api(sourcing.buyer)
        (found,) = buyer.get(f"{root}/evaluation").json["bundles"]
        assert (found["number"], found["name"]) == (1, "Pair")
        assert found["single"] == {"amount": "2000.00", "currency": "EUR"}
        assert found["total"] == {"amount": "1900.00", "currency": "EUR"}
        version = buyer.get(root).json["version"]
        made = buyer.post(
            f"{root}/award",
            json={"choices": [{"bid_id": sent.json["id"], "bundle": 1}], "justification": "ok"},
            version=version,
        )
        assert [line["total"]["amount"] for line in made.json["lines"]] == ["950.00", "950.00"]
