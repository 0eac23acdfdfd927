"""Quantity breaks, parts of lines and minimum orders: said, refused, compared, awarded."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import openpyxl
import pytest
from sqlalchemy import func, select

from marketplace.core.money import Money, Quantity
from marketplace.core.tabular.values import BadValue, DecimalSign, number
from marketplace.orders.models import Order, OrderLine
from marketplace.orders.services import drafting as order_drafting
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.choices import AwardInvalid, Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.bids.models import BidDraft
from marketplace.rfq.bids.totals import line_total
from marketplace.rfq.services import awarding, bid_drafts, bid_templates, drafting, evaluation
from marketplace.rfq.terms.asked import Terms
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.offering import OfferKind, QuantityBreak, price_at, read_breaks, written
from marketplace.rfq.terms.states import CriterionKind
from marketplace.scenarios import problems
from marketplace.scenarios.model import Objective
from marketplace.scenarios.reading import basis
from marketplace.scenarios.solver import Status, solve
from tests.clients import words
from tests.factories.bids import KEYS, a_price, make_sourcing
from tests.rfq import sheet_files as files
from tests.rfq.sheet_files import FIRST_ROW

D = Decimal
PRICE_ALONE = [CriterionDraft("Price", CriterionKind.PRICE, D(100))]
ALL = (OfferKind.MINIMUM_ORDER, OfferKind.PARTIAL_QUANTITIES, OfferKind.QUANTITY_BREAKS)


@pytest.fixture
def sourcing(session):
    return make_sourcing(session, allows=ALL, criteria=PRICE_ALONE)


def codes(refusal):
    return {(error.pointer, error.code) for error in refusal.value.errors}


def refused(sourcing, *lines, complete=True, **over):
    terms = bid_queries.terms(sourcing.session, sourcing.rfq.id)
    with pytest.raises(bid_rules.BidInvalid) as refusal:
        bid_rules.check_content(terms, BidContent(lines=lines, **over), complete=complete)
    return codes(refusal)


def pieces(value):
    return Quantity(D(value), "C62")


def read(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def award(sourcing, *choices):
    return awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, "as planned")


class TestBreaks:
    def test_the_price_of_all_units_follows_the_quantity(self):
        breaks = (QuantityBreak(D(10), D("9.5")), QuantityBreak(D(50), D(8)))
        found = [price_at(D(10), breaks, D(each)) for each in ("1", "9.99", "10", "49", "50", "99")]
        assert found == [D(10), D(10), D("9.5"), D("9.5"), D(8), D(8)]

    def test_what_is_written_is_read_again_in_either_notation(self):
        breaks = (QuantityBreak(D(1000), D("9.125")), QuantityBreak(D("1500.5"), D(9)))
        assert written(breaks) == "1000: 9.1250; 1500.5: 9"
        for sign in ".,":
            assert read_breaks(written(breaks, sign), number) == breaks

    @pytest.mark.parametrize("text", ["100", "100:", "a: b", "1: 2: 3", "1,000: 9"])
    def test_what_is_not_clear_is_refused(self, text):
        with pytest.raises(BadValue):
            read_breaks(text, number)

    def test_a_known_sign_makes_thousands_clear(self):
        found = read_breaks("1,000: 9.5", lambda text: number(text, DecimalSign.POINT))
        assert found == (QuantityBreak(D(1000), D("9.5")),)


def test_no_more_is_offered_than_is_asked_for_now(sourcing):
    """A bid that stands after an addendum has lowered the quantity."""
    asked = bid_queries.terms(sourcing.session, sourcing.rfq.id).lines[0]
    line = a_price(sourcing.lines[0], "10", part="60")
    assert line_total(asked, line) == D(600)
    assert line_total(replace(asked, quantity=D(40)), line) == D(400)


class TestRules:
    def test_nothing_is_taken_that_the_rfq_does_not_allow(self, session):
        strict = make_sourcing(session)
        first, second = strict.lines
        assert refused(
            strict, a_price(first, "10", part="40"), a_price(second, "1", breaks={"50": "0.9"})
        ) == {
            ("/lines/0/quantity", "partial_not_allowed"),
            ("/lines/1/breaks", "breaks_not_allowed"),
        }
        assert refused(strict, a_price(first, "10"), minimum_order=Money(D(5), "EUR")) == {
            ("/minimum_order", "minimum_not_allowed")
        }

    def test_every_fault_is_named(self, sourcing):
        first, second = sourcing.lines
        assert refused(
            sourcing,
            a_price(first, "10", part="101", breaks={"50": "9", "20": "8"}),
            a_price(second, "10", part="0", breaks={"101": "0"}),
        ) == {
            ("/lines/0/quantity/value", "above_asked"),
            ("/lines/0/breaks/1/from_quantity", "not_ascending"),
            ("/lines/1/quantity/value", "not_positive"),
            ("/lines/1/breaks/0/from_quantity", "above_asked"),
            ("/lines/1/breaks/0/unit_price", "not_positive"),
        }

    @pytest.mark.parametrize(
        ("amount", "currency", "expected"),
        [
            ("0", "EUR", ("/minimum_order/amount", "out_of_range")),
            ("5", "USD", ("/minimum_order/currency", "wrong_currency")),
            ("5.001", "EUR", ("/minimum_order/amount", "too_many_decimals")),
            ("1000.01", "EUR", ("/minimum_order/amount", "minimum_above_total")),
        ],
    )
    def test_a_minimum_that_makes_no_sense_is_refused(self, sourcing, amount, currency, expected):
        line = a_price(sourcing.lines[0], "10")
        found = refused(sourcing, line, minimum_order=Money(D(amount), currency))
        assert found == {expected}

    def test_terms_and_bids_of_old_say_nothing_of_it(self, sourcing):
        terms = bid_queries.terms(sourcing.session, sourcing.rfq.id).to_json()
        assert terms.pop("allows") == ["minimum_order", "partial_quantities", "quantity_breaks"]
        assert Terms.from_json(terms).allows == frozenset()
        content = BidContent(lines=(a_price(sourcing.lines[0], "10"),)).to_json()
        assert set(content["lines"][0]) == {"line_id", "unit_price", "currency", "note"}
        assert BidContent.from_json(content).minimum_order is None

    def test_a_copy_of_the_rfq_allows_the_same(self, sourcing):
        copied = drafting.copy(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        assert copied.offer_kinds == [
            OfferKind.MINIMUM_ORDER,
            OfferKind.PARTIAL_QUANTITIES,
            OfferKind.QUANTITY_BREAKS,
        ]


def make_split(sourcing):
    """The first offers 60 of line 1 and all of line 2, the second 100 of line 1 with breaks."""
    one, two = sourcing.lines
    sourcing.submit_lines(0, a_price(one, "9.9", part="60"), a_price(two, "2"))
    sourcing.submit_lines(
        1,
        a_price(one, "12", breaks={"40": "10.5", "100": "10"}),
        minimum_order=Money(D(500), "EUR"),
    )
    sourcing.open()
    bids = bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
    return [bid.id for bid in bids]


class TestComparison:
    def test_shows_the_price_at_the_offered_quantity_and_what_is_partial(self, sourcing):
        first, second = make_split(sourcing)
        found = read(sourcing)
        cells = {cell.bid_id: cell for cell in found.cells[sourcing.lines[0].id]}
        assert (cells[first].price.unit_price, cells[first].price.total) == (D("9.9"), D(594))
        assert cells[first].price.part == D(60)
        assert (cells[second].price.unit_price, cells[second].price.total) == (D(10), D(1000))
        assert found.minimums == {second: D(500)}
        ranks = {rank.bid_id: rank for rank in found.lots[0].ranks}
        assert (ranks[first].place, ranks[first].partial) == (None, (1,))
        assert (ranks[second].place, ranks[second].missing) == (None, (2,))


class TestAward:
    def test_splits_a_line_at_the_break_price_of_each_part(self, sourcing):
        first, second = make_split(sourcing)
        one, two = sourcing.lines
        decided = award(
            sourcing,
            Choice(first, line_id=one.id, quantity=pieces(50)),
            Choice(second, line_id=one.id, quantity=pieces(50)),
            Choice(first, line_id=two.id),
        )
        lines = {(line.number, line.bid_id): line for line in decided.lines}
        assert len(lines) == 3
        given = lines[1, second]
        assert (given.quantity, given.unit_price, given.total) == (D(50), D("10.5"), D(525))
        assert lines[1, first].total == D(495)
        record = award_queries.award(sourcing.session, decided.id)
        made = order_drafting.create_from_award(sourcing.session, sourcing.buyer, record)
        assert sorted(order.net for order in made) == [D(525), D(695)]
        ordered = sourcing.session.scalars(
            select(OrderLine.quantity).join(Order, Order.id == OrderLine.order_id)
            .where(Order.award_id == decided.id, OrderLine.rfq_line_id == one.id)
        ).all()  # fmt: skip
        assert ordered == [D(50), D(50)]

    def test_refuses_more_than_is_asked_offered_or_below_the_minimum(self, sourcing):
        first, second = make_split(sourcing)
        one = sourcing.lines[0]
        faults = {
            "over_awarded": [
                Choice(first, line_id=one.id),
                Choice(second, line_id=one.id, quantity=pieces("40.000001")),
            ],
            "not_offered": [Choice(first, line_id=one.id, quantity=pieces(61))],
            "wrong_unit": [Choice(first, line_id=one.id, quantity=Quantity(D(1), "KGM"))],
            "chosen_twice": [Choice(first, line_id=one.id), Choice(first, line_id=one.id)],
            "below_minimum_order": [Choice(second, line_id=one.id, quantity=pieces(47))],
            "not_for_lots": [
                Choice(first, lot_id=sourcing.lots[0].id, quantity=pieces(1)),
            ],
        }
        for code, choices in faults.items():
            with pytest.raises(AwardInvalid) as refusal:
                award(sourcing, *choices)
            assert [error.code for error in refusal.value.errors] == [code]
        assert sourcing.session.scalar(select(func.count()).select_from(Award)) == 0

    def test_a_whole_line_is_not_split_where_parts_are_not_allowed(self, session):
        strict = make_sourcing(session, criteria=PRICE_ALONE)
        strict.submit(0, "10", "1")
        strict.submit(1, "11", "1")
        strict.open()
        first, second = (bid.id for bid in bid_queries.readable_bids(session, strict.rfq.id))
        line = strict.lines[0].id
        with pytest.raises(AwardInvalid) as refusal:
            award(
                strict,
                Choice(first, line_id=line, quantity=pieces(50)),
                Choice(second, line_id=line, quantity=pieces(100)),
            )
        assert codes(refusal) == {("/choices/0/quantity", "partial_not_allowed")}


class TestScenario:
    def test_takes_breaks_minimums_and_parts(self, sourcing):
        one, two = sourcing.lines
        least = Money(D(1100), "EUR")
        sourcing.submit_lines(0, a_price(one, "7", part="60"), a_price(two, "2"))
        sourcing.submit_lines(
            1, a_price(one, "12", breaks={"100": "10"}), a_price(two, "3"), minimum_order=least
        )
        sourcing.open()
        first, second = (
            bid.id for bid in bid_queries.readable_bids(sourcing.session, sourcing.rfq.id)
        )
        compared = basis(sourcing.session, sourcing.buyer, sourcing.rfq.id)
        question = problems.question_of(compared, Objective.COST, [])
        behind = [(each.lines, each.bid_id) for each in question.offered]
        assert behind == [
            ((one.id,), first),
            ((two.id,), first),
            ((one.id,), second),
            ((two.id,), second),
        ]
        free = solve(question.problem, (), seconds=10)
        # 60 × 7 + 40 × 12 + 100 × 2; all from the second would be 1000 for the first line
        assert (free.status, free.objective) == (Status.OPTIMAL, 1100)
        assert free.chosen == {0: Fraction(3, 5), 1: 1, 2: Fraction(2, 5)}
        kept = solve(question.problem, (), seconds=10, given=question.given)
        # the second reaches its minimum with all of the first line and 34 of the other
        assert (kept.status, kept.objective) == (Status.OPTIMAL, 1000 + 34 * 3 + 66 * 2)
        # each line at the lowest price that any quantity of it has
        assert problems.cheapest_possible(compared) == D(900)


class TestSpreadsheet:
    def test_comes_back_as_the_same_bid(self, session, sourcing):
        supplier = sourcing.suppliers[0]
        one, two = sourcing.lines
        content = BidContent(
            lines=(a_price(one, "12", part="60", breaks={"40": "10.125"}), a_price(two, "2")),
            minimum_order=Money(D("50.5"), "EUR"),
        )
        bid_drafts.save(session, supplier, KEYS, sourcing.rfq.id, content)
        template = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        plan = bid_templates.preview(session, supplier, KEYS, sourcing.rfq.id, template, files.NAME)
        assert (plan.content, plan.changes, plan.others) == (content, [], [])

    def test_names_the_bad_cells(self, session, sourcing):
        supplier = sourcing.suppliers[0]

        def fill(book: openpyxl.Workbook) -> None:
            page = book.worksheets[0]
            page.cell(FIRST_ROW, files.COLUMN["unit_price"]).value = 12
            page.cell(FIRST_ROW, 14).value = 101
            page.cell(FIRST_ROW, 15).value = "ten for nine"
            page.cell(FIRST_ROW + 1, files.COLUMN["unit_price"]).value = 2
            page.cell(FIRST_ROW + 1, 15).value = "50: 1; 40: 2"

        template = bid_templates.template(session, supplier, KEYS, sourcing.rfq.id).content
        with pytest.raises(bid_rules.Invalid) as refusal:
            bid_templates.keep(
                session, supplier, KEYS, sourcing.rfq.id, files.edited(template, fill), files.NAME
            )
        found = {(cell["cell"], cell["code"]) for cell in refusal.value.data["cells"]}
        assert found == {("N6", "above_asked"), ("O6", "not_breaks"), ("O7", "not_ascending")}
        assert session.scalar(select(func.count()).select_from(BidDraft)) == 0

    def test_has_no_such_columns_where_nothing_is_allowed(self, session):
        strict = make_sourcing(session)
        made = bid_templates.template(session, strict.suppliers[0], KEYS, strict.rfq.id)
        page = openpyxl.load_workbook(files.io.BytesIO(made.content)).worksheets[0]
        assert page.max_column == 13


class TestPortal:
    def form(self, sourcing, **over):
        values = {}
        for row, line in enumerate(sourcing.lines):
            values |= {
                f"lines.{row}.line_id": str(line.id),
                f"lines.{row}.unit_price.currency": "EUR",
                f"lines.{row}.unit_price.amount": "12.50",
                f"lines.{row}.quantity.unit": "C62",
            }
        return values | {"minimum_order.currency": "EUR", "then": "check"} | over

    def test_from_form_to_receipt_with_parts_and_breaks(self, portal, sourcing):
        client, root = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids"
        page = client.get(f"{root}/edit")
        assert "Quantity breaks" in words(page)
        over = {
            "lines.0.quantity.value": "60",
            "lines.0.breaks": "40: 10.25",
            "minimum_order.amount": "700",
        }
        saved = client.post(f"{root}/edit", self.form(sourcing, **over))
        assert saved.status_code == 303
        shown = words(client.get(f"{root}/check"))
        for said in ("from 40", "10.25", "offered: 60", "1 line is offered in part", "1,865.00"):
            assert said in shown
        again = client.get(f"{root}/edit").text
        assert 'value="40: 10.25"' in again
        assert client.post(f"{root}/submit", {"version": "1"}).status_code == 303

    def test_what_was_typed_stays_beside_its_reason(self, portal, sourcing):
        client, root = portal(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}/bids"
        over = {
            "lines.0.quantity.value": "101",
            "lines.1.breaks": "50: 9; 40: 8",
            "minimum_order.amount": "5",
        }
        answer = client.post(f"{root}/edit", self.form(sourcing, **over))
        assert answer.status_code == 422
        shown = words(answer)
        assert "This is more than is asked for." in shown
        assert "The quantities of the breaks are more than zero and ascend." in shown
        for typed in ('value="101"', 'value="50: 9; 40: 8"', 'value="5"'):
            assert typed in answer.text
        answer = client.post(f"{root}/edit", self.form(sourcing, **{"lines.1.breaks": "fifty"}))
        assert answer.status_code == 422
        assert 'value="fifty"' in answer.text

    def test_a_buyer_allows_compares_and_splits(self, portal, sourcing, session):
        first, second = make_split(sourcing)
        client, root = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        assert "Partial quantities" in words(client.get(root))
        compared = words(client.get(f"{root}/evaluation"))
        for said in ("offered: 60", "from 40", "minimum order €500", "line 1 is offered in part"):
            assert said in compared
        assert "offered: 60" in words(client.get(f"{root}/bids/{first}"))
        one = sourcing.lines[0].id
        shares = {f"share.{one}.{first}": "50", f"share.{one}.{second}": "50.5"}
        refused = client.post(f"{root}/award/check", shares)
        assert refused.status_code == 422
        assert "Together this is more than is asked for." in words(refused)
        assert 'value="50.5"' in refused.text
        assert client.post(f"{root}/award/check", {f"share.{one}.{first}": "x"}).status_code == 422
        shares[f"share.{one}.{second}"] = "50"
        checked = words(client.post(f"{root}/award/check", shares))
        for said in ("€525.00", "€495.00", "1 line goes to nobody"):
            assert said in checked
        made = client.post(f"{root}/award", {**shares, "justification": "two sources"})
        assert made.status_code == 303
        quantities = [
            line.quantity for line in award_queries.award_of(session, sourcing.rfq.id).lines
        ]
        assert quantities == [D(50), D(50)]


class TestApi:
    def test_bids_and_awards_say_it_as_data(self, api, sourcing):
        one = sourcing.lines[0]
        supplier, root = api(sourcing.suppliers[0]), f"/rfqs/{sourcing.rfq.id}"
        line = {
            "line_id": str(one.id),
            "unit_price": {"amount": "12.00", "currency": "EUR"},
            "quantity": {"value": "60", "unit": "C62"},
            "breaks": [
                {"from_quantity": "40", "unit_price": "10.5"},
                {"from_quantity": "60", "unit_price": "10"},
            ],
        }
        body = {
            "lines": [line],
            "minimum_order": {"amount": "100.00", "currency": "EUR"},
            "submit": True,
        }
        sent = supplier.post(f"{root}/bids", json=body)
        assert sent.status_code == 201
        content = sent.json["content"]
        assert content["minimum_order"] == body["minimum_order"]
        assert content["total"] == {"amount": "600.00", "currency": "EUR"}
        assert {key: content["lines"][0][key] for key in line} == line
        assert content["lines"][0]["is_partial"] is True
        sourcing.open()
        buyer = api(sourcing.buyer)
        cell = buyer.get(f"{root}/evaluation").json["lines"][0]["bids"][0]
        assert (cell["quantity"], cell["is_partial"]) == (line["quantity"], True)
        assert cell["breaks"] == line["breaks"]
        choice = {
            "bid_id": sent.json["id"],
            "line_id": str(one.id),
            "quantity": {"value": "45", "unit": "C62"},
        }
        version = buyer.get(root).json["version"]
        assert buyer.get(root).json["allows"] == sorted(ALL)
        made = buyer.post(
            f"{root}/award",
            json={"choices": [choice], "justification": "a start"},
            version=version,
        )
        assert made.status_code in (200, 201)
        given = made.json["lines"][0]
        assert given["quantity"] == choice["quantity"]
        assert given["unit_price"] == {"amount": "10.50", "currency": "EUR"}
        assert given["total"] == {"amount": "472.50", "currency": "EUR"}
