"""Scenarios that count what bids cost beside their price, as the ranking does."""

import itertools
import random
from decimal import Decimal
from fractions import Fraction

import pytest

from marketplace.core.money import Money
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation.total_costs import EnteredCost
from marketplace.rfq.services import costing, evaluation, excluding
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.scenarios import problems, rules
from marketplace.scenarios.counting import Count, keeps_terms
from marketplace.scenarios.engine import Status
from marketplace.scenarios.model import Bloc, Objective, Option, Problem
from marketplace.scenarios.reading import basis
from marketplace.scenarios.rules import ScenarioDraft, ScenarioInvalid
from marketplace.scenarios.services import planning
from marketplace.scenarios.solver import solve
from tests.clients import words
from tests.factories.scenarios import at_most, awarded, bids_of, make_compared, make_scenario

D = Decimal
MOVING = CostTerm("Moving in", CostSource.ENTERED)
FREIGHT = CostTerm("Freight", CostSource.ENTERED, lot=2)
WHOLE = Costs(PriceBasis.TOTAL_COST, (MOVING, FREIGHT))
# by bid: moving in, which counts in each lot, and the freight of lot 2
ENTERED = (("200", "0"), ("0", "150.25"), ("175.50", "0"))


def enter(sourcing, amounts=ENTERED):
    terms = bid_queries.terms(sourcing.session, sourcing.rfq.id).costs.terms
    for bid_id, own in zip(bids_of(sourcing), amounts, strict=True):
        given = [
            EnteredCost(term.id, Money(D(amount), "EUR"), "Our own estimate")
            for term, amount in zip(terms, own, strict=True)
        ]
        costing.enter(sourcing.session, sourcing.buyer, sourcing.rfq.id, bid_id, given)


@pytest.fixture
def sourcing(session):
    """Lines 1 and 2 in lot 1, line 3 in lot 2; in hundreds 10 20 30, 11 19 33 and 9.50 26 -."""
    made = make_compared(session, costs=WHOLE)
    enter(made)
    return made


def shown(api, sourcing, made):
    return api(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/scenarios/{made.id}").json


class TestBlocs:
    def test_random_problems_agree_with_enumeration(self):
        for seed in range(12):
            chance = random.Random(seed)
            problem = a_problem(chance)
            found = solve(problem, (), seconds=20)
            counts = [
                Count(problem, taken).objective()
                for taken in taken_in_every_way(problem)
                if keeps_terms(problem, taken)
            ]
            if not counts:
                assert found.status is Status.INFEASIBLE, seed
                continue
            assert (found.status, found.objective) == (Status.OPTIMAL, min(counts)), seed
            assert keeps_terms(problem, found.chosen)

    def test_of_equal_offers_with_all_that_they_cost_the_earlier_wins(self):
        options = tuple(
            Option(name, frozenset({"0"}), D(cost)) for name, cost in (("a", 90), ("b", 100))
        )
        for own, costs in ((options, (15, 5)), (options[::-1], (5, 15))):
            blocs = tuple(
                Bloc(frozenset({place}), cost=Fraction(cost)) for place, cost in enumerate(costs)
            )
            found = solve(Problem(("0",), own, blocs=blocs), (), seconds=5)
            assert (found.chosen, found.objective) == ({0: 1}, 105)


def a_problem(chance: random.Random) -> Problem:
    """Four items, five bids of three suppliers: two of them have two, one in another currency."""
    bids = ("a", "a", "b", "b", "c")
    options, blocs, sides = [], [], []
    for supplier in bids:
        own = frozenset(range(len(options), len(options) + 4))
        options += [
            Option(supplier, frozenset({str(item)}), D(chance.randint(1000, 3000)) / 100)
            for item in range(4)
        ]
        halves = (frozenset(sorted(own)[:2]), frozenset(sorted(own)[2:]))
        blocs += [Bloc(half, cost=Fraction(chance.randint(0, 900), 7)) for half in halves]
        sides.append(len(blocs))
        blocs.append(Bloc(own, least=Fraction(chance.choice([0, 25, 40, 70]))))
    rivals = (frozenset(sides[:2]),)
    return Problem(tuple("0123"), tuple(options), blocs=tuple(blocs), rivals=rivals)


def taken_in_every_way(problem):
    for options in itertools.product(*problem.by_item.values()):
        yield dict.fromkeys(options, Fraction(1))


class TestObjective:
    def test_the_usual_one_is_what_the_ranking_measures(self, api, sourcing, drain):
        made = make_scenario(sourcing, objective=None)
        drain()
        assert made.objective is Objective.TOTAL_COST
        # lot 1: 3000 + 0 of the second; its line 1 of the third is 150 less and brings 175.50.
        # lot 2: 3000 + 200 of the first, 3300 + 150.25 of the second
        assert awarded(sourcing, made) == [1, 1, 0]
        assert made.total == D("6000.00")
        assert (made.objective_value, made.bound, made.gap) == (D("6200.00"), D("6200.00"), 0)
        found = shown(api, sourcing, made)
        assert [found[name]["amount"] for name in ("total", "further_costs", "whole_cost")] == [
            "6000.00", "200.00", "6200.00",
        ]  # fmt: skip
        ranked = evaluation.read(sourcing.session, sourcing.buyer, sourcing.rfq.id).lots
        assert sum(lot.first.measured for lot in ranked) == made.objective_value

    def test_costs_of_a_lot_count_once_however_many_lines_of_it_are_won(self, sourcing, drain):
        made = make_scenario(sourcing, at_most(1), objective=None)
        drain()
        # all to the first: 1000 + 2000 + 3000, and moving in twice; the second is 50.25 above
        assert awarded(sourcing, made) == [0, 0, 0]
        assert (made.total, made.objective_value) == (D("6000.00"), D("6400.00"))
        # without the rule it would be 6200 in all, at the same total of prices
        assert (made.findings[0]["without"], made.findings[0]["cost"]) == ("6200", "200")

    def test_by_the_price_alone_costs_are_only_shown(self, api, sourcing, drain):
        made = make_scenario(sourcing, objective=Objective.COST)
        drain()
        assert awarded(sourcing, made) == [2, 1, 0]
        assert made.total == made.objective_value == D("5850.00")
        found = shown(api, sourcing, made)
        # 175.50 and 0 in lot 1, 200 in lot 2
        assert found["further_costs"]["amount"] == "375.50"
        assert found["whole_cost"]["amount"] == "6225.50"

    def test_the_ranking_by_price_keeps_scenarios_by_price(self, session, drain):
        by_price = Costs(PriceBasis.BID_TOTAL, (MOVING, FREIGHT))
        sourcing = make_compared(session, costs=by_price)
        assert make_scenario(sourcing, objective=None, solve=False).objective is Objective.COST
        enter(sourcing)
        by_cost = make_scenario(sourcing, objective=Objective.TOTAL_COST)
        drain()
        assert by_cost.objective_value == D("6200.00")

    def test_needs_costs_that_the_rfq_asks_for(self, session):
        sourcing = make_compared(session)
        with pytest.raises(ScenarioInvalid) as refusal:
            make_scenario(sourcing, objective=Objective.TOTAL_COST)
        assert [(each.pointer, each.code) for each in refusal.value.errors] == [
            ("/objective", "no_costs")
        ]
        compared = basis(session, sourcing.buyer, sourcing.rfq.id)
        assert rules.objectives(compared) == [Objective.COST, Objective.POINTS]

    def test_waits_for_costs_that_nobody_has_said(self, api, session):
        sourcing = make_compared(session, costs=WHOLE)
        made = make_scenario(sourcing, objective=None, solve=False)
        client = api(sourcing.buyer)
        url = f"/rfqs/{sourcing.rfq.id}/scenarios/{made.id}"
        refused = client.post(f"{url}/solve")
        first, second, third = map(str, bids_of(sourcing))
        assert (refused.status_code, refused.json["code"]) == (409, "costs_missing")
        # the third has no price in lot 2
        assert refused.json["bids"] == {
            first: ["Moving in", "Freight"],
            second: ["Moving in", "Freight"],
            third: ["Moving in"],
        }
        assert client.get(url).json["state"] == "draft"

    def test_another_amount_outdates_it_and_not_the_one_by_price(self, api, sourcing, drain):
        made = make_scenario(sourcing, objective=None)
        by_price = make_scenario(sourcing, objective=Objective.COST)
        drain()
        enter(sourcing, (("200", "0"), ("0.01", "150.25"), ("175.50", "0")))
        found, other = shown(api, sourcing, made), shown(api, sourcing, by_price)
        assert (found["is_current"], found["whole_cost"]) == (False, None)
        assert (other["is_current"], other["whole_cost"]["amount"]) == (True, "6225.51")


class TestPages:
    def test_both_sums_stand_side_by_side(self, portal, sourcing, drain):
        made = make_scenario(sourcing, objective=None)
        drain()
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/scenarios"
        listed = words(browser.get(url))
        assert "€6,000.00 €6,200.00 of which costs €200.00" in listed
        page = words(browser.get(f"{url}/{made.id}"))
        assert "Lowest total cost" in page
        assert "Total at bid prices €6,000.00 Further costs €200.00 Total cost €6,200.00" in page
        editor = browser.get(f"{url}/new").text
        assert editor.index('value="total_cost" checked') < editor.index('value="cost"')

    def test_a_preset_aims_at_the_total_cost(self, portal, session, sourcing, drain):
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/scenarios"
        browser.get(url)
        browser.post(f"{url}/presets", data={"preset": "cheapest_per_line"})
        drain()
        (made,) = planning.compare(session, sourcing.buyer, sourcing.rfq.id).scenarios.items
        assert (made.objective, made.objective_value) == (Objective.TOTAL_COST, D("6200.00"))


def test_a_list_builds_its_question_once(session, sourcing):
    for number in range(4):
        objective = Objective.COST if number else None
        make_scenario(sourcing, at_most(number + 1), name=str(number), objective=objective)
    compared = planning.compare(session, sourcing.buyer, sourcing.rfq.id).evaluation
    found = planning.compare(session, sourcing.buyer, sourcing.rfq.id)
    assert all(problems.is_current(each, found.evaluation) for each in found.scenarios.items)
    assert set(found.evaluation.matters) == {
        (Objective.COST, D(0)), (Objective.TOTAL_COST, D(0)),
    }  # fmt: skip
    one, other = (problems.question_of(compared, Objective.COST, []) for _time in range(2))
    assert one.matter is other.matter


def test_a_scenario_of_an_excluded_bid_can_be_read(api, portal, sourcing, drain):
    made = make_scenario(sourcing, objective=None)
    drain()
    second = bids_of(sourcing)[1]
    excluding.exclude(
        sourcing.session, sourcing.buyer, sourcing.rfq.id, second, "Has gone out of business"
    )
    found = shown(api, sourcing, made)
    assert found["is_current"] is False
    assert [line["bid_id"] for line in found["awards"]].count(str(second)) == 2
    page = portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/scenarios/{made.id}")
    assert page.status_code == 200


def test_a_draft_without_an_objective_says_none():
    assert ScenarioDraft("One").objective is None
