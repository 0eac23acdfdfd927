"""The solver against known optima, full enumeration, and what must be refused."""

import gzip
import itertools
import json
import random
import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from marketplace.scenarios.counting import Count, broken, measured, slack
from marketplace.scenarios.engine import Status
from marketplace.scenarios.model import Constraint, Kind, Objective, Option, Problem
from marketplace.scenarios.solver import relax, solve

INSTANCES = json.loads(
    gzip.decompress(
        (Path(__file__).parents[1] / "data" / "awards" / "wdp_instances.json.gz").read_bytes()
    )
)


def rule(kind: Kind, limit: str | int, *suppliers: str, lots="", line=None) -> Constraint:
    return Constraint(kind, Decimal(limit), suppliers, tuple(lots), line)


def problem_of(prices: dict[str, list[str | None]], **more) -> Problem:
    """Lines 0, 1, ... with a price per supplier; None where it has none."""
    options = tuple(
        Option(supplier, frozenset({str(line)}), Decimal(price))
        for supplier, row in prices.items()
        for line, price in enumerate(row)
        if price is not None
    )
    lines = max(len(row) for row in prices.values())
    return Problem(tuple(str(line) for line in range(lines)), options, **more)


def given(problem: Problem, chosen) -> dict[str, str]:
    """Who gets each line."""
    return {
        item: problem.options[index].supplier
        for index in chosen
        for item in sorted(problem.options[index].items)
    }


def total(problem: Problem, chosen) -> Fraction:
    return Count(problem, chosen).total


THREE = {"a": ["10.00", "20.00", "30.01"], "b": ["11.00", "19.00", "31.00"], "c": ["9", "25", "40"]}


class TestKnownOptima:
    @pytest.mark.parametrize("instance", INSTANCES, ids=lambda each: each["id"])
    def test_bundles_with_caps_are_solved_exactly(self, instance):
        problem = Problem(
            tuple(str(lot) for lot in range(instance["lots"])),
            tuple(
                Option(str(bid["bidder"]), frozenset(map(str, bid["lots"])), Decimal(bid["price"]))
                for bid in instance["bids"]
            ),
        )
        rules = [
            rule(Kind.MAX_SUPPLIERS, instance["max_winners"]),
            rule(Kind.MAX_ITEMS, instance["max_lots_per_supplier"]),
        ]
        solution = solve(problem, rules, seconds=30)
        assert solution.status is Status.OPTIMAL
        assert solution.objective == solution.bound == instance["optimum"]
        assert total(problem, solution.chosen) == instance["optimum"]
        covered = [item for i in solution.chosen for item in problem.options[i].items]
        assert sorted(covered) == sorted(problem.items)

    def test_of_exclusive_bids_one_is_taken(self):
        options = (
            Option("a", frozenset({"0"}), Decimal(1)),
            Option("a", frozenset({"1"}), Decimal(1)),
            Option("b", frozenset({"0"}), Decimal(5)),
            Option("b", frozenset({"1"}), Decimal(6)),
        )
        free = Problem(("0", "1"), options)
        assert solve(free, [], seconds=5).objective == 2
        either = Problem(("0", "1"), options, exclusive=(frozenset({0, 1}),))
        assert given(either, solve(either, [], seconds=5).chosen) == {"0": "b", "1": "a"}

    def test_the_most_points_are_the_largest_sum(self):
        options = tuple(
            Option(supplier, frozenset({line}), Decimal(1), Fraction(points))
            for supplier, line, points in [
                ("a", "0", "70.5"), ("b", "0", "70"), ("a", "1", "10"), ("b", "1", "20"),
            ]
        )  # fmt: skip
        problem = Problem(("0", "1"), options, objective=Objective.POINTS)
        solution = solve(problem, [], seconds=5)
        assert (solution.objective, solution.bound, solution.gap) == (
            Fraction("90.5"),
            Fraction("90.5"),
            0,
        )


CASES = [
    (rule(Kind.MAX_SUPPLIERS, 1), "60.01", {"0": "a", "1": "a", "2": "a"}),
    (rule(Kind.MAX_SUPPLIERS, 2), "58.01", None),
    (rule(Kind.MIN_SUPPLIERS, 3), "58.01", {"0": "c", "1": "b", "2": "a"}),
    (rule(Kind.EXCLUDE, 0, "c"), "59.01", {"0": "a", "1": "b", "2": "a"}),
    (rule(Kind.EXCLUDE, 0, "a", line="2"), "59.00", {"0": "c", "1": "b", "2": "b"}),
    (rule(Kind.FIX, 1, "c", line="1"), "64.01", {"0": "c", "1": "c", "2": "a"}),
    (rule(Kind.CAPACITY, 30, "a"), "59.00", {"0": "c", "1": "b", "2": "b"}),
    (rule(Kind.MAX_ITEMS, 1, "a"), "58.01", {"0": "c", "1": "b", "2": "a"}),
    (rule(Kind.MIN_ORDER_VALUE, 10), "59.00", None),
    (rule(Kind.INCUMBENT_SHARE, 40, "c"), "64.01", {"0": "c", "1": "c", "2": "a"}),
    (rule(Kind.MIN_SHARE, 100, "a", "b"), "59.01", {"0": "a", "1": "b", "2": "a"}),
]


class TestConstraints:
    def test_without_any_each_line_goes_to_the_cheapest(self):
        problem = problem_of(THREE)
        solution = solve(problem, [], seconds=5)
        assert given(problem, solution.chosen) == {"0": "c", "1": "b", "2": "a"}
        assert solution.objective == Fraction("58.01")

    @pytest.mark.parametrize(("each", "cost", "lines"), CASES, ids=lambda v: getattr(v, "kind", ""))
    def test_each_kind_against_full_enumeration(self, each, cost, lines):
        problem = problem_of(THREE)
        solution = solve(problem, [each], seconds=5)
        best = min(
            total(problem, chosen)
            for chosen in enumerated(problem)
            if slack(problem, each, chosen) >= 0
        )
        assert solution.status is Status.OPTIMAL
        assert total(problem, solution.chosen) == best
        if lines is not None:
            assert (best, given(problem, solution.chosen)) == (Fraction(cost), lines)

    def test_a_lot_goes_to_one_supplier(self):
        lots = {"A": frozenset({"0", "1"}), "B": frozenset({"2"})}
        problem = problem_of(THREE, lots=lots)
        solution = solve(problem, [rule(Kind.INDIVISIBLE_LOT, 1, lots="A")], seconds=5)
        assert given(problem, solution.chosen) in (
            {"0": "a", "1": "a", "2": "a"}, {"0": "b", "1": "b", "2": "a"},
        )  # fmt: skip
        assert total(problem, solution.chosen) == Decimal("60.01")

    def test_suppliers_below_the_floor_get_nothing(self):
        scores = {"a": Fraction(80), "b": Fraction(50), "c": Fraction(200, 3)}
        problem = problem_of(THREE, scores=scores)
        floor = rule(Kind.SCORE_FLOOR, "66.67")
        assert given(problem, solve(problem, [floor], seconds=5).chosen) == dict.fromkeys(
            "012", "a"
        )
        assert measured(problem, floor, solve(problem, [floor], seconds=5).chosen) == 80

    def test_many_random_problems_agree_with_enumeration(self):
        chance = random.Random(7)
        for _round in range(25):
            prices = {
                name: [f"{chance.randint(100, 9999) / 100:.2f}" for _line in range(4)]
                for name in "abc"
            }
            problem = problem_of(prices, lots={"A": frozenset("01"), "B": frozenset("23")})
            rules = chance.sample(
                [
                    rule(Kind.MAX_SUPPLIERS, 2), rule(Kind.MAX_SHARE, chance.randint(35, 70)),
                    rule(Kind.MIN_ORDER_VALUE, chance.randint(10, 60)), rule(Kind.MIN_SUPPLIERS, 2),
                    rule(Kind.CAPACITY, chance.randint(30, 120)), rule(Kind.INDIVISIBLE_LOT, 1),
                    rule(Kind.MIN_SHARE, chance.randint(10, 60), "a"),
                ],
                3,
            )  # fmt: skip
            allowed = [c for c in enumerated(problem) if not broken(problem, rules, c)]
            solution = solve(problem, rules, seconds=5)
            if allowed:
                assert solution.status is Status.OPTIMAL
                assert solution.objective == min(Count(problem, c).objective() for c in allowed)
            else:
                assert solution.status is Status.INFEASIBLE

    def test_a_share_is_exact_to_the_last_cent(self):
        """Half is allowed, one cent more is not: floating point alone could not tell."""
        half = problem_of({"a": ["1000000.00", None], "b": [None, "1000000.00"]})
        over = problem_of({"a": ["1000000.01", None], "b": [None, "1000000.00"]})
        share = rule(Kind.MAX_SHARE, 50)
        assert solve(half, [share], seconds=5).status is Status.OPTIMAL
        assert solve(over, [share], seconds=5).status is Status.INFEASIBLE


class TestTies:
    """Options stand in the order in which their bids came."""

    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_the_earlier_of_equal_offers_wins(self, count):
        problem = problem_of({str(number): ["10", "20"] for number in range(count)})
        solution = solve(problem, (), seconds=10)
        assert given(problem, solution.chosen) == {"0": "0", "1": "0"}
        assert solution.objective == 30

    def test_where_a_rule_forbids_it_the_next_one_does(self):
        problem = problem_of({"a": ["10", "20"], "b": ["10", "20"], "c": ["10", "20"]})
        rules = [rule(Kind.EXCLUDE, 0, "a", line="0"), rule(Kind.MAX_ITEMS, 1)]
        solution = solve(problem, rules, seconds=10)
        assert given(problem, solution.chosen) == {"0": "b", "1": "a"}

    def test_an_earlier_offer_of_fewer_points_or_of_a_bundle_is_not_equal(self):
        one, both = frozenset({"0"}), frozenset({"0", "1"})
        options = (
            Option("a", both, Decimal(10)),
            Option("b", one, Decimal(10), points=Fraction(5)),
            Option("c", one, Decimal(10), points=Fraction(7)),
            Option("d", frozenset({"1"}), Decimal(0), points=Fraction(1)),
        )
        problem = Problem(("0", "1"), options, objective=Objective.POINTS)
        solution = solve(problem, (), seconds=10)
        assert given(problem, solution.chosen) == {"0": "c", "1": "d"}


class TestInfeasible:
    def test_the_least_relaxation_is_named_with_its_price(self):
        problem = problem_of({"a": ["10", None], "b": [None, "20"], "c": ["15", None]})
        rules = [rule(Kind.MAX_SUPPLIERS, 1), rule(Kind.CAPACITY, 25)]
        assert solve(problem, rules, seconds=5).status is Status.INFEASIBLE
        relaxed = relax(problem, rules, seconds=10)
        assert relaxed.loosened == (0,)
        assert measured(problem, rules[0], relaxed.solution.chosen) == 2
        assert relaxed.solution.objective == 30

    def test_the_amount_is_as_small_as_possible_before_the_price(self):
        """The cheapest award breaks the capacity by 60; a dearer one by 10 only."""
        problem = problem_of({"a": ["160"], "b": ["110"]})
        dear = problem_of({"a": ["100", "60"], "b": ["109", "1"]})
        rules = [rule(Kind.CAPACITY, 99), rule(Kind.FIX, 1, "b", line="0")]
        relaxed = relax(dear, rules, seconds=10)
        assert relaxed.loosened == (0,)
        assert measured(dear, rules[0], relaxed.solution.chosen) == 109
        assert given(dear, relaxed.solution.chosen) == {"0": "b", "1": "a"}
        alone = relax(problem, [rule(Kind.CAPACITY, 100)], seconds=10)
        assert (alone.loosened, alone.solution.objective) == ((0,), 110)

    def test_a_line_that_nobody_may_have_is_reported(self):
        problem = problem_of({"a": ["10"]})
        rules = [rule(Kind.EXCLUDE, 0, "a", line="0")]
        relaxed = relax(problem, rules, seconds=5)
        assert (relaxed.loosened, relaxed.solution.objective) == ((0,), 10)


class TestTime:
    def test_the_limit_holds_and_the_bound_is_honest(self):
        chance = random.Random(3)
        prices = {f"s{n}": [str(chance.randint(100, 200)) for _l in range(60)] for n in range(25)}
        problem = problem_of(prices)
        rules = [
            rule(Kind.MAX_SUPPLIERS, 5),
            rule(Kind.MIN_SHARE, 12, "s1"),
            rule(Kind.MAX_SHARE, 25),
        ]
        begun = time.monotonic()
        solution = solve(problem, rules, seconds=1)
        assert time.monotonic() - begun < 4
        if solution.status is Status.FEASIBLE:
            assert solution.bound is not None
            assert solution.bound <= solution.objective
            assert broken(problem, rules, solution.chosen) == []

    def test_other_threads_go_on_while_it_solves(self):
        """A worker renews its lease meanwhile."""
        chance = random.Random(5)
        prices = {f"s{n}": [str(chance.randint(100, 200)) for _l in range(80)] for n in range(30)}
        problem = problem_of(prices)
        over, beats = threading.Event(), []

        def beat() -> None:
            while not over.wait(0.02):
                beats.append(time.monotonic())

        thread = threading.Thread(target=beat)
        thread.start()
        solve(problem, [rule(Kind.MAX_SUPPLIERS, 4), rule(Kind.MAX_SHARE, 30)], seconds=1.5)
        over.set()
        thread.join()
        assert max(b - a for a, b in itertools.pairwise(beats)) < 1


def enumerated(problem: Problem):
    """Every way to give the lines."""
    for options in itertools.product(*problem.by_item.values()):
        yield dict.fromkeys(options, Fraction(1))
