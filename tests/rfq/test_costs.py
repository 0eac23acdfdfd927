"""Total cost of ownership: named in a draft, answered or entered, and ranked exactly."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import uuid4

import pytest
from sqlalchemy import select

from marketplace.core.audit import AuditEvent
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.ids import uuid7
from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import OrgKind, Role
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.rules import RfqNotReady
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.rules import CostsMissing, JustificationRequired
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.content import Answer, PricedLine
from marketplace.rfq.evaluation import low_price_rules
from marketplace.rfq.evaluation.cost_models import BidCost
from marketplace.rfq.evaluation.missing_rules import LineView
from marketplace.rfq.evaluation.total_costs import EnteredCost
from marketplace.rfq.http import missing_views
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.services import awarding, costing, drafting, evaluation, publishing
from marketplace.rfq.services import templates as keeping
from marketplace.rfq.services.costing import CostAnswered, CostsInvalid
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import CriterionKind
from tests.factories.awards import bids_of
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq, make_supplier

ONE = Quantity(Decimal(1), "C62")
PRICE = CriterionDraft("Price", CriterionKind.PRICE, Decimal(100))
ENERGY = CriterionDraft(
    "Energy use", CriterionKind.OTHER, Decimal(0), answer=AnswerSpec(AnswerType.NUMBER, "kWh")
)
POWER = CostTerm(
    "Energy", CostSource.ANSWER, criterion="energy USE", rate=Decimal("0.15"), periods=Decimal(5)
)
CHANGE = CostTerm("Changing over", CostSource.ENTERED)
WHOLE = Costs(PriceBasis.TOTAL_COST, (POWER, CHANGE))


def sourcing_with(session, *bids, costs=WHOLE, **over):
    """One line of 1; each bid is a price and what it says of the energy."""
    asked = {"lines": [a_line(quantity=ONE)], "criteria": [PRICE, ENERGY], "costs": costs}
    sourcing = make_sourcing(session, suppliers=len(bids), **(asked | over))
    energy = next(each for each in sourcing.criteria if each.name == "Energy use")
    for number, (price, said) in enumerate(bids):
        answers = (Answer(energy.id, said),) if said else ()
        sourcing.submit(number, price, answers=answers)
    sourcing.open()
    return sourcing


@pytest.fixture
def opened(session):
    """The cheaper bid uses more energy: 1000 + 12000 x 0.15 x 5 against 1300 + 8000.5 x 0.75."""
    return sourcing_with(session, ("1000", "12 000"), ("1300", "8000,5"))


def compared(sourcing):
    return evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id)


def term(sourcing, name):
    terms = bid_queries.terms(sourcing.session, sourcing.rfq.id)
    return next(each.id for each in terms.costs.terms if each.name == name)


def enter(sourcing, bid, amount, reason="Quote of the fitter", name="Changing over", **over):
    each = EnteredCost(term(sourcing, name), Money(Decimal(amount), "EUR"), reason)
    actor = over.get("actor", sourcing.buyer)
    costing.enter(sourcing.session, actor, sourcing.rfq.id, bids_of(sourcing)[bid], [each])


def places(sourcing):
    bids = bids_of(sourcing)
    (lot,) = compared(sourcing).lots
    found = {bids.index(rank.bid_id): rank for rank in lot.ranks}
    return [(found[bid].place, found[bid].measured) for bid in range(len(bids))]


class TestRanking:
    def test_waits_for_what_the_buyer_enters(self, opened):
        (lot,) = compared(opened).lots
        assert [(rank.place, rank.unknown_costs) for rank in lot.ranks] == [
            (None, ("Changing over",)),
            (None, ("Changing over",)),
        ]
        assert [rank.whole_cost for rank in lot.ranks] == [None, None]

    def test_is_by_price_and_costs_together_exactly(self, opened):
        enter(opened, 0, "0")
        enter(opened, 1, "250.25")
        # 1000 + 9000 and 1300 + 6000.375 + 250.25
        assert places(opened) == [(2, Decimal(10000)), (1, Decimal("7550.625"))]
        (lot,) = compared(opened).lots
        (points,) = lot.ranks[1].points
        assert (points.criterion.name, points.value, points.reference, points.exact) == (
            "Price", Decimal(10000), Decimal("7550.625"), Decimal("75.50625"),
        )  # fmt: skip

    def test_by_the_bid_alone_costs_are_only_shown(self, session):
        shown = Costs(PriceBasis.BID_TOTAL, (POWER,))
        sourcing = sourcing_with(session, ("1000", "12000"), ("1300", "8000"), costs=shown)
        assert places(sourcing) == [(1, Decimal(1000)), (2, Decimal(1300))]
        (lot,) = compared(sourcing).lots
        assert [rank.whole_cost for rank in lot.ranks] == [Decimal(10000), Decimal(7300)]

    def test_a_cost_of_one_lot_counts_there_alone(self, session):
        costs = Costs(PriceBasis.TOTAL_COST, (CostTerm("Fitting", CostSource.ENTERED, lot=2),))
        sourcing = make_sourcing(
            session,
            suppliers=1,
            lots=[LotDraft("Bolts"), LotDraft("Nuts")],
            lines=[a_line(quantity=ONE), a_line(quantity=ONE, lot=2)],
            criteria=[PRICE],
            costs=costs,
        )
        sourcing.submit(0, "10", "20")
        sourcing.open()
        enter(sourcing, 0, "7", name="Fitting")
        measured = [lot.ranks[0].measured for lot in compared(sourcing).lots]
        assert measured == [Decimal(10), Decimal(27)]

    def test_a_criterion_without_weight_is_answered_and_not_scored(self, opened):
        found = compared(opened)
        assert found.missing_scores == 0
        assert [each.name for each in found.terms.asked] == ["Energy use"]
        assert found.terms.judged == ()


class TestLowPrices:
    def flagged(self, sourcing):
        bids = bids_of(sourcing)
        found = low_price_rules.flagged(compared(sourcing).lots)
        return {bids.index(each.bid_id): each.flag for each in found}

    def test_are_prices_whatever_else_a_bid_costs(self, session):
        sourcing = sourcing_with(session, ("60", "0"), ("100", "0"), ("100", "0"))
        # nobody has a place yet, and the price is as low as it will be
        assert {bid: flag.below_next for bid, flag in self.flagged(sourcing).items()} == {
            0: Fraction(2, 5)
        }
        # now it costs the most of all, and the second not even a third of the third
        for bid, amount in enumerate(("900", "0", "300")):
            enter(sourcing, bid, amount)
        assert [place for place, _measured in places(sourcing)] == [3, 1, 2]
        assert list(self.flagged(sourcing)) == [0]


class TestCurrencies:
    def test_costs_and_filled_lines_are_in_the_currency_of_the_rfq(self, session):
        yen = ExchangeRate("JPY", Decimal("159.2915"), date(2026, 1, 5), "Bank of Japan")
        fitting = CostTerm("Fitting", CostSource.ENTERED)
        sourcing = make_sourcing(
            session,
            lines=[a_line(quantity=ONE), a_line(quantity=ONE)],
            criteria=[PRICE],
            costs=Costs(PriceBasis.TOTAL_COST, (fitting,)),
            currency="USD",
            rates=[yen],
        )
        press, feeder = sourcing.lines
        sourcing.submit_lines(
            0,
            PricedLine(press.id, Decimal(7900), "USD"),
            PricedLine(feeder.id, Decimal(100), "USD"),
        )
        sourcing.submit_lines(1, PricedLine(press.id, Decimal(1_000_000), "JPY"), currency="JPY")
        sourcing.open()
        known = term(sourcing, "Fitting")
        for bid_id in bids_of(sourcing):
            each = EnteredCost(known, Money(Decimal("22.22"), "USD"), "Quote")
            costing.enter(session, sourcing.buyer, sourcing.rfq.id, bid_id, [each])
        worth = Fraction(10_000_000_000, 1_592_915)
        found = compared(sourcing)
        assert [rank.whole_cost for rank in found.lots[0].ranks] == [
            Fraction("8022.22"),
            worth + Fraction("22.22"),
        ]
        (lot,) = missing_views.lots(session, found, LineView.HIGHEST)
        assert [bid.total for bid in lot.bids] == [8000, worth + 100]


class TestAwarding:
    def test_waits_until_every_cost_is_known(self, session, opened):
        enter(opened, 0, "0")
        choice = Choice(bids_of(opened)[0], lot_id=opened.lots[0].id)
        with pytest.raises(CostsMissing) as error:
            awarding.award(session, opened.buyer, opened.rfq.id, [choice], "Cheap")
        assert error.value.data["bids"] == {str(bids_of(opened)[1]): ["Changing over"]}
        enter(opened, 1, "250.25")
        with pytest.raises(JustificationRequired):
            awarding.award(session, opened.buyer, opened.rfq.id, [choice])

    def test_letters_tell_each_bidder_their_own_costs(self, session, opened, drain):
        enter(opened, 0, "0")
        enter(opened, 1, "250.25")
        choice = Choice(bids_of(opened)[1], lot_id=opened.lots[0].id)
        awarding.award(session, opened.buyer, opened.rfq.id, [choice])
        drain()
        letters = {each.supplier_id: each.content for each in session.scalars(select(AwardLetter))}
        loser = letters[opened.suppliers[0].org_id]
        (bid,) = loser["lots"][0]["bids"]
        assert bid["costs"] == [
            {"name": "Energy", "amount": "9000"},
            {"name": "Changing over", "amount": "0"},
        ]
        assert (bid["total"], bid["whole_cost"]) == ("1000.0000", "10000")
        assert "250.25" not in str(loser)
        assert "60003/8" not in str(loser)


class TestEntering:
    def test_is_audited_with_what_it_was(self, session, opened):
        enter(opened, 1, "250.25")
        enter(opened, 1, "250.25")
        enter(opened, 1, "300", "Second quote")
        deeds = session.scalars(
            select(AuditEvent).filter_by(action="rfq.costs_entered").order_by(AuditEvent.id)
        ).all()
        told = [
            (each["from"], each["to"], each["reason"])
            for deed in deeds
            for each in deed.data["costs"]
        ]
        assert told == [
            (None, "250.25", "Quote of the fitter"),
            ("250.25", "300", "Second quote"),
        ]
        (row,) = session.scalars(select(BidCost))
        assert (row.amount, row.entered_by) == (Decimal(300), opened.buyer.person_id)

    def test_an_answer_is_not_overruled_but_a_missing_one_is_filled(self, session):
        costs = Costs(PriceBasis.TOTAL_COST, (POWER,))
        sourcing = sourcing_with(session, ("1000", "12000"), ("1300", None), costs=costs)
        with pytest.raises(CostAnswered):
            enter(sourcing, 0, "1", name="Energy")
        assert places(sourcing) == [(1, Decimal(10000)), (None, Decimal(1300))]
        enter(sourcing, 1, "4000", "Data sheet", name="Energy")
        assert places(sourcing) == [(2, Decimal(10000)), (1, Decimal(5300))]

    def test_refusals_name_every_fault_and_keep_nothing(self, session, opened):
        known = term(opened, "Changing over")
        bad = [
            EnteredCost(uuid4(), Money(Decimal(1), "EUR"), "x"),
            EnteredCost(known, Money(Decimal(-1), "USD"), " "),
        ]
        with pytest.raises(CostsInvalid) as error:
            costing.enter(session, opened.buyer, opened.rfq.id, bids_of(opened)[0], bad)
        assert [(each.pointer, each.code) for each in error.value.errors] == [
            ("/costs/0/term_id", "unknown_cost"),
            ("/costs/1/amount/currency", "currency_mismatch"),
            ("/costs/1/amount/amount", "too_small"),
            ("/costs/1/reason", "required"),
        ]
        with pytest.raises(NotFound):
            enter(opened, 0, "1", actor=make_actor(session))
        with pytest.raises(NotAllowed):
            enter(opened, 0, "1", actor=make_actor(session, OrgKind.BUYER, Role.AUDITOR))
        assert session.scalars(select(BidCost)).all() == []


class TestDraft:
    def refused(self, session, costs, *criteria):
        rfq = make_rfq(
            session,
            buyer := make_actor(session),
            supplier_ids=[make_supplier(session).id],
            criteria=[PRICE, *criteria],
            costs=costs,
        )
        session.expire_all()
        with pytest.raises(RfqNotReady) as error:
            publishing.publish(session, buyer, rfq.id, "correct horse battery")
        return [(each.pointer, each.code) for each in error.value.errors]

    def test_is_published_only_with_what_it_names(self, session):
        assert self.refused(session, Costs(PriceBasis.TOTAL_COST)) == [("/costs/terms", "required")]
        elsewhere = CostTerm("Fitting", CostSource.ENTERED, lot=2)
        text = CriterionDraft("Energy use", CriterionKind.OTHER, Decimal(0))
        assert self.refused(session, Costs(terms=(POWER, elsewhere)), text) == [
            ("/costs/terms/0/criterion", "no_number"),
            ("/costs/terms/1/lot", "unknown_lot"),
        ]
        assert self.refused(session, Costs(), ENERGY) == [("/criteria/1", "counts_nowhere")]

    def test_copies_and_templates_keep_the_costs(self, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, criteria=[PRICE, ENERGY], costs=WHOLE)
        template = keeping.save(session, buyer, rfq.id, "Machines")
        for made in (
            drafting.copy(session, buyer, rfq.id),
            keeping.use(session, buyer, template.id),
        ):
            assert queries.get_own(session, buyer, made.id).costs == WHOLE


class TestApi:
    def test_from_draft_to_ranking(self, api, session, opened):
        client = api(make_actor(session))
        made = client.post(
            "/rfqs",
            json={
                "title": "Presses",
                "criteria": [
                    {"name": "Price", "kind": "price", "weight": "100"},
                    {"name": "kWh", "weight": "0", "answer": {"type": "number"}},
                ],
            },
        ).json
        put = client.put(
            f"/rfqs/{made['id']}/costs",
            version=made["version"],
            json={
                "basis": "total_cost",
                "terms": [
                    {"name": "Energy", "source": "answer", "criterion": "kWh", "rate": "0.15"},
                    {"name": "Fitting", "source": "entered"},
                ],
            },
        )
        assert put.status_code == 200
        assert put.json["costs"]["basis"] == "total_cost"
        assert [(each["rate"], each["periods"]) for each in put.json["costs"]["terms"]] == [
            ("0.15", "1"),
            (None, "1"),
        ]
        wrong = client.put(
            f"/rfqs/{made['id']}/costs",
            version=put.json["version"],
            json={"terms": [{"name": "Energy", "source": "answer"}]},
        )
        assert wrong.status_code == 422
        assert {each["pointer"] for each in wrong.json["errors"]} == {
            "/terms/0/criterion",
            "/terms/0/rate",
        }

    def test_costs_are_entered_and_broken_down(self, api, session, opened):
        client, url = api(opened.buyer), f"/rfqs/{opened.rfq.id}"
        first, second = bids_of(opened)
        known = str(term(opened, "Changing over"))
        for bid, amount in ((first, "0.00"), (second, "250.25")):
            paid = {"amount": amount, "currency": "EUR"}
            body = {"term_id": known, "amount": paid, "reason": "Quote"}
            done = client.post(f"{url}/bids/{bid}/costs", json={"costs": [body]})
            assert done.status_code == 200
        best = done.json["lots"][0]["ranks"][0]
        assert (best["bid_id"], best["total"]["amount"]) == (str(second), "1300.00")
        costs = best["costs"]
        assert (costs["count"], costs["unknown_costs"], costs["exact_whole"]) == (
            True, [], "60405/8",
        )  # fmt: skip
        assert costs["whole"] == {"amount": "7550.63", "currency": "EUR"}
        assert [(each["answer"], each["exact"], each["reason"]) for each in costs["items"]] == [
            ("16001/2", "48003/8", ""),
            (None, "1001/4", "Quote"),
        ]
        foreign = api(opened.suppliers[0]).post(f"{url}/bids/{first}/costs", json={"costs": [body]})
        assert foreign.status_code in (403, 404)
        assert client.post(f"{url}/bids/{uuid7()}/costs", json={"costs": [body]}).status_code == 404


class TestPages:
    def test_a_draft_names_costs(self, portal, session):
        buyer = make_actor(session)
        rfq = make_rfq(session, buyer, criteria=[PRICE, ENERGY])
        browser, url = portal(buyer), f"/rfqs/{rfq.id}/costs"
        assert f'href="{url}"' in browser.get(f"/rfqs/{rfq.id}/draft").text
        assert browser.get(url).status_code == 200
        row = {
            "terms.1.name": "Energy",
            "terms.1.source": "answer",
            "terms.1.criterion": "Energy use",
            "terms.1.rate": "",
            "terms.1.periods": "",
        }
        kept = browser.post(url, {"basis": "total_cost", **row})
        assert kept.status_code == 422
        assert 'value="Energy use"' in kept.text
        done = browser.post(url, {"basis": "total_cost", **row, "terms.1.rate": "0.15"})
        assert done.status_code == 303
        session.expire_all()
        assert rfq.costs == Costs(
            PriceBasis.TOTAL_COST,
            (CostTerm("Energy", CostSource.ANSWER, None, "Energy use", Decimal("0.15")),),
        )
        assert "1 cost" in browser.get(f"/rfqs/{rfq.id}/draft").text

    def test_costs_are_entered_and_explained(self, portal, opened):
        browser, url = portal(opened.buyer), f"/rfqs/{opened.rfq.id}"
        first, second = bids_of(opened)
        assert f'href="{url}/bids/{first}/costs"' in browser.get(f"{url}/evaluation").text
        known = str(term(opened, "Changing over"))
        row = {
            "costs.0.term_id": known,
            "costs.0.amount.currency": "EUR",
            "costs.0.amount.amount": "250.25",
            "costs.0.reason": "",
        }
        refused = browser.post(f"{url}/bids/{second}/costs", row)
        assert refused.status_code == 422
        assert 'value="250.25"' in refused.text
        assert "unknown costs" in browser.get(f"{url}/evaluation/bids/{second}").text
        done = browser.post(f"{url}/bids/{second}/costs", row | {"costs.0.reason": "Quote"})
        assert done.status_code == 303
        assert "7,550.63" in browser.get(f"{url}/evaluation").text
        explained = browser.get(f"{url}/evaluation/bids/{second}").text
        assert "entered: Quote" in explained
        assert "7,550.63" in explained
