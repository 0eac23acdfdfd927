"""Large problems: the bound by prices, teams, and the search beside the solver."""

import random
import threading
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from structlog.testing import capture_logs

from benchmarks.instances import Size, instance
from marketplace.scenarios import solver
from marketplace.scenarios.columns import Columns, Offers
from marketplace.scenarios.counting import Count, broken, effective, keeps_terms
from marketplace.scenarios.engine import Status
from marketplace.scenarios.exchange import Exchange
from marketplace.scenarios.market import find_prices, market_of, shared_items
from marketplace.scenarios.model import (
    Constraint,
    Kind,
    Option,
    Problem,
    SpendTier,
    SupplierTerms,
)
from marketplace.scenarios.presolve import tightened
from marketplace.scenarios.search import Search
from marketplace.scenarios.solver import program_of, solve
from marketplace.scenarios.teams import THOROUGH, Team, Teams

SMALL = Size(12, 6, 0.7)
MIDDLE = Size(30, 12, 0.7)


def never() -> bool:
    return False


def proven(problem: Problem, rules: list[Constraint]) -> Fraction:
    """The optimum by the solver alone, without anything that a search adds."""
    program = program_of(effective(problem, rules), rules)
    run = program.run(120.0)
    assert run.status is Status.OPTIMAL
    return Fraction(program.worth(np.array(run.values))) * program.scale


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_prices_bound_the_optimum_from_below_as_well_as_a_linear_program(seed):
    problem, rules = instance(SMALL, seed)
    best = proven(problem, rules)
    program = program_of(effective(problem, rules), rules)
    linear = program.worth(np.array(program.arrays().relaxed().run(60).values)) * float(
        program.scale
    )
    market = market_of(tightened(effective(problem, rules), rules), rules)
    bound = find_prices(market, never).bound
    assert 0.995 * linear < bound <= float(best) * (1 + 1e-6)


def test_the_bound_of_one_supplier_is_its_price_with_discount_and_fixed_cost():
    terms = SupplierTerms(fixed_cost=Decimal(25), tiers=(SpendTier(Decimal(300), Decimal(10)),))
    options = tuple(Option("a", frozenset({name}), Decimal(200)) for name in "xy")
    problem = Problem(
        ("x", "y"), options, terms={"a": terms}, reserves=dict.fromkeys("xy", Decimal(1000))
    )
    # 400 less ten per cent, and 25 for working together
    assert find_prices(market_of(problem, []), never).bound == pytest.approx(385, rel=1e-3)
    assert find_prices(market_of(problem, []), never).bound <= 385
    dear = {"x": Decimal(20), "y": Decimal(30)}
    market = market_of(Problem(("x", "y"), options, terms={"a": terms}, reserves=dear), [])
    assert find_prices(market, never).bound == pytest.approx(50, rel=1e-3)


def test_who_is_excluded_or_below_the_floor_is_not_in_the_market():
    options = tuple(Option(name, frozenset({"x"}), Decimal(10)) for name in "abc")
    scores = {"a": Fraction(90), "b": Fraction(40), "c": Fraction(80)}
    problem = Problem(("x",), options, scores=scores)
    rules = [
        Constraint(Kind.SCORE_FLOOR, Decimal(50)),
        Constraint(Kind.EXCLUDE, Decimal(0), ("c",), line="x"),
        Constraint(Kind.MAX_SUPPLIERS, Decimal(2)),
        Constraint(Kind.CAPACITY, Decimal(70), ("a",)),
        Constraint(Kind.MIN_ORDER_VALUE, Decimal(5)),
    ]
    market = market_of(problem, rules)
    assert market.option.tolist() == [0]
    assert market.winners == 2
    assert market.cap[:, 0].tolist() == [70, np.inf, np.inf]
    assert market.least[:, 0].tolist() == [5, 5, 5]


def test_a_shared_item_leaves_the_others_their_least_part():
    options = (
        Option("a", frozenset({"x"}), Decimal(10), min_share=Fraction(1, 5)),
        Option("b", frozenset({"x"}), Decimal(11), min_share=Fraction(3, 10)),
        Option("c", frozenset({"x"}), Decimal(12)),
        Option("a", frozenset({"x", "y"}), Decimal(15)),
        Option("a", frozenset({"y"}), Decimal(9), min_share=Fraction(1, 5)),
    )
    lots = {"1": frozenset({"x"}), "2": frozenset({"y"})}
    problem = Problem(("x", "y"), options, lots=lots)
    rules = [Constraint(Kind.MIN_LOT_SUPPLIERS, Decimal(3), lots=("1",))]
    assert shared_items(problem, rules) == {"x": 3}
    found = [option.max_share for option in tightened(problem, rules).options]
    assert found == [Fraction(3, 5), Fraction(3, 5), 1, 1, 1]
    assert tightened(problem, []) is problem


def test_the_estimate_of_a_team_is_what_it_costs():
    """Two suppliers at fixed tiers: by hand, the cheaper offer of each item."""
    prices = {"a": (100, 90, 50), "b": (80, 95, 60), "c": (10, 10, 10)}
    options = tuple(
        Option(name, frozenset({str(item)}), Decimal(price))
        for name, row in prices.items()
        for item, price in enumerate(row)
    )
    tiers = (SpendTier(Decimal(150), Decimal(10)),)
    problem = Problem(
        ("0", "1", "2"),
        options,
        terms={"a": SupplierTerms(fixed_cost=Decimal(7)), "b": SupplierTerms(tiers=tiers)},
    )
    market = market_of(problem, [])
    teams = Teams(market, find_prices(market, never), random.Random(1))
    members = np.array([0, 1])
    both = teams.measured(Team(members, np.array([0, 0]), np.zeros(2)), THOROUGH)
    assert both.cost == pytest.approx(80 + 90 + 50 + 7)
    # to get the discount b must have 150: item 1 costs 85.50 there, item 2 moves in part
    higher = teams.measured(Team(members, np.array([0, 1]), np.zeros(2)), THOROUGH)
    assert higher.cost == pytest.approx(72 + 85.5 + 50 + 7)


def test_a_search_beside_the_solver_comes_to_the_same_proven_award():
    problem, rules = instance(MIDDLE, 5)
    assert len(program_of(effective(problem, rules), rules).costs) >= solver.LARGE
    found = solve(problem, rules, seconds=120)
    assert found.status is Status.OPTIMAL
    assert found.objective == found.bound
    assert float(found.objective) == pytest.approx(float(proven(problem, rules)), rel=1e-6)
    assert broken(problem, rules, found.chosen) == []


def test_a_search_alone_keeps_every_rule_and_says_how_far_it_may_be_off(monkeypatch):
    monkeypatch.setattr(solver, "HUGE", 1000)
    problem, rules = instance(MIDDLE, 6)
    found = solve(problem, rules, seconds=5)
    whole = effective(problem, rules)
    assert broken(whole, rules, found.chosen) == []
    assert keeps_terms(whole, found.chosen)
    assert found.objective == Count(whole, found.chosen).objective()
    assert found.bound <= found.objective
    # better than to buy nothing
    assert found.objective < sum(map(Fraction, problem.reserves.values()))


def test_a_large_problem_without_an_award_is_proven_so():
    problem, rules = instance(MIDDLE, 7)
    rules += [
        Constraint(Kind.MAX_SUPPLIERS, Decimal(2)),
        Constraint(Kind.MIN_SUPPLIERS, Decimal(3)),
    ]
    assert solve(problem, rules, seconds=60).status is Status.INFEASIBLE


def test_the_exchange_keeps_only_better_awards_that_break_no_rule():
    options = tuple(
        Option(name, frozenset({"x"}), Decimal(price))
        for name, price in (("a", 10), ("b", 12), ("c", 8))
    )
    problem = Problem(("x",), options)
    rules = [Constraint(Kind.EXCLUDE, Decimal(0), ("c",))]
    program = program_of(problem, rules)
    exchange = Exchange(program, rules)
    one = {name: np.eye(len(program.costs))[place] for place, name in enumerate("abc")}
    assert exchange.better(float("inf")) is None
    exchange.offer(one["b"])
    exchange.offer(one["c"])
    exchange.offer(np.zeros(len(program.costs)))
    assert exchange.best.objective == 12
    assert exchange.better(program.worth(one["b"])) is None
    assert exchange.better(program.worth(one["b"]) + 1) is exchange.best.values
    exchange.offer(one["a"])
    exchange.offer(one["b"])
    assert exchange.best.objective == 10
    exchange.raise_bound(Fraction(7))
    exchange.raise_bound(Fraction(6))
    assert exchange.bound == 7


def test_a_part_of_a_program_is_worth_what_the_whole_is():
    problem, rules = instance(SMALL, 8)
    problem = tightened(effective(problem, rules), rules)
    program = program_of(problem, rules)
    arrays, columns = program.arrays(), Columns.of(program)
    whole = np.array(arrays.run(60).values)
    offers = Offers.of(program)
    for share in (0.2, 0.5):
        chance = random.Random(9)
        items = np.array([chance.random() < share for _item in problem.items])
        tiers = np.ones(columns.levels, dtype=np.bool_)
        free = columns.free(offers.within(items), tiers)
        assert 0 < free.sum() < len(free)
        run = arrays.part(free, whole).run(60, start=whole[free])
        found = whole.copy()
        found[free] = run.values
        assert arrays.value_of(found) == pytest.approx(arrays.value_of(whole), rel=1e-6)


def test_a_search_stops_when_the_other_is_done():
    problem, rules = instance(MIDDLE, 5)
    program = program_of(tightened(effective(problem, rules), rules), rules)
    exchange = Exchange(program, rules)
    search = Search(program, market_of(program.problem, rules), exchange, 3600)
    searching = threading.Thread(target=search.run)
    searching.start()
    exchange.done.set()
    searching.join(60)
    assert not searching.is_alive()


@pytest.mark.parametrize("way", [solver.side_by_side, solver.search_first])
def test_where_the_search_fails_the_award_of_the_solver_stands(way):
    problem, rules = instance(MIDDLE, 5)
    program = program_of(tightened(effective(problem, rules), rules), rules)
    market = market_of(program.problem, rules)
    lost = replace(market, reserve=market.reserve[:1])
    search = Search(program, lost, Exchange(program, rules), 60)
    with capture_logs() as logs:
        found = way(program, rules, 60, search)
    assert [(each["event"], each["log_level"]) for each in logs] == [
        ("award search failed", "error")
    ]
    assert found.status is Status.OPTIMAL
    assert float(found.objective) == pytest.approx(float(proven(problem, rules)), rel=1e-6)
