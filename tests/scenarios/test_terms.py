"""Tiers, breaks, parts, reserves and suppliers' terms, against enumeration and sums by hand."""

import itertools
import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from marketplace.scenarios.counting import Count, broken, effective, keeps_terms, measured
from marketplace.scenarios.engine import Status
from marketplace.scenarios.model import (
    Constraint,
    Kind,
    Option,
    PriceBreak,
    Problem,
    SpendTier,
    SupplierTerms,
)
from marketplace.scenarios.question import rule_of
from marketplace.scenarios.solver import relax, solve


def rule(kind, limit, *suppliers, lots="", line=None) -> Constraint:
    return Constraint(kind, Decimal(limit), suppliers, tuple(lots), line)


def problem_of(prices, **more) -> Problem:
    """Lines 0, 1, ... with a price per supplier; all or nothing."""
    lines = len(next(iter(prices.values())))
    options = tuple(
        Option(name, frozenset({str(line)}), Decimal(price))
        for name, row in prices.items()
        for line, price in enumerate(row)
    )
    return Problem(tuple(map(str, range(lines))), options, **more)


def divisible(prices, parts=10, least="0.2", most="1", **more) -> Problem:
    """The same, where each supplier takes a part of a line."""
    problem = problem_of(prices, **more)
    options = tuple(
        replace(each, min_share=Fraction(least), max_share=Fraction(most))
        for each in problem.options
    )
    return replace(problem, options=options, divisions=dict.fromkeys(problem.items, parts))


def enumerated(problem):
    for options in itertools.product(*problem.by_item.values()):
        taken = dict.fromkeys(options, Fraction(1))
        if keeps_terms(problem, taken):
            yield taken


def shares(problem, solution) -> dict[tuple[str, str], Fraction]:
    return {
        (problem.options[i].supplier, item): share
        for i, share in solution.chosen.items()
        for item in problem.options[i].items
    }


class TestTiers:
    @pytest.mark.parametrize("seed", range(6))
    def test_three_tiers_agree_with_full_enumeration(self, seed):
        chance = random.Random(seed)
        names = [f"s{n}" for n in range(8 if seed < 2 else 4)]
        lines = 4 if seed < 2 else 6
        prices = {
            name: [f"{chance.randint(8000, 14000) / 100}" for _ in range(lines)] for name in names
        }
        terms = {
            name: SupplierTerms(
                tiers=tuple(
                    SpendTier(Decimal(start), Decimal(off))
                    for start, off in zip(
                        sorted(chance.sample(range(90, 500), 3)),
                        sorted(chance.sample(range(2, 30), 3)),
                        strict=True,
                    )
                ),
                spend_cap=Decimal(chance.randint(150, 600)),
                fixed_cost=Decimal(chance.randint(0, 40)),
                min_order_value=Decimal(chance.randint(0, 120)),
            )
            for name in names
        }
        problem = problem_of(prices, terms=terms)
        best = min(Count(problem, taken).objective() for taken in enumerated(problem))
        solution = solve(problem, [], seconds=20)
        assert (solution.status, solution.objective, solution.gap) == (Status.OPTIMAL, best, 0)
        assert Count(problem, solution.chosen).objective() == best

    def test_a_tier_holds_for_everything_from_its_value_on(self):
        tiers = (SpendTier(Decimal("30.00"), Decimal(10)),)
        at = problem_of(
            {"a": ["10.00", "20.00"], "b": ["9.50", "19.00"]},
            terms={"a": SupplierTerms(tiers=tiers)},
        )
        below = problem_of(
            {"a": ["10.00", "19.99"], "b": ["9.50", "19.00"]},
            terms={"a": SupplierTerms(tiers=tiers)},
        )
        assert solve(at, [], seconds=5).objective == Fraction("27.00")
        assert solve(below, [], seconds=5).objective == Fraction("28.50")


class TestParts:
    def test_a_cap_splits_a_line_to_the_cent(self):
        problem = divisible(
            {"a": ["1000.00"], "b": ["1200.00"]},
            terms={"a": SupplierTerms(spend_cap=Decimal("650.00"))},
        )
        solution = solve(problem, [], seconds=5)
        # 65 per cent would fit; a tenth is what can be split, so six of them
        assert shares(problem, solution) == {
            ("a", "0"): Fraction(6, 10),
            ("b", "0"): Fraction(4, 10),
        }
        assert solution.objective == Fraction("1080.00")
        assert solution.bound <= Fraction("1080.00")
        assert keeps_terms(problem, solution.chosen)

    def test_few_parts_are_counted_one_by_one(self):
        problem = divisible(
            {"a": ["1000.00"], "b": ["1200.00"]},
            terms={"a": SupplierTerms(spend_cap=Decimal("650.00"))},
        )
        solution = solve(problem, [], seconds=5)
        # 65 per cent would be allowed, and is no whole number of tenths
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 600 + 480)

    def test_what_is_not_proven_is_not_called_so(self):
        problem = divisible(
            {"a": ["1000.00"], "b": ["1200.00"]},
            parts=30_000,
            terms={"a": SupplierTerms(spend_cap=Decimal("650.01"))},
        )
        solution = solve(problem, [], seconds=5)
        assert (solution.status, solution.gap > 0) == (Status.FEASIBLE, True)
        assert 1069 < solution.bound < solution.objective < 1071

    def test_two_suppliers_share_each_lot(self):
        problem = divisible(
            {"a": ["100", "100"], "b": ["110", "130"], "c": ["150", "120"]},
            least="0.3",
            lots={"A": frozenset("0"), "B": frozenset("1")},
        )
        dual = [rule(Kind.MIN_LOT_SUPPLIERS, 2), rule(Kind.MAX_LOT_SUPPLIERS, 2)]
        solution = solve(problem, dual, seconds=5)
        assert shares(problem, solution) == {
            ("a", "0"): Fraction(7, 10), ("b", "0"): Fraction(3, 10),
            ("a", "1"): Fraction(7, 10), ("c", "1"): Fraction(3, 10),
        }  # fmt: skip
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 209)

    def test_a_winner_gets_a_least_share_of_the_lot(self):
        problem = divisible(
            {"a": ["100"], "b": ["100"]},
            parts=100,
            least="0.01",
            most="0.95",
            lots={"A": frozenset("0")},
        )
        rules = [rule(Kind.MIN_LOT_SHARE, 20)]
        solution = solve(problem, rules, seconds=5)
        assert solution.objective == 100
        assert measured(problem, rules[0], solution.chosen) >= 20
        assert broken(problem, rules, solution.chosen) == []

    def test_a_price_break_holds_for_the_whole_part(self):
        dear = Option(
            "a",
            frozenset("0"),
            Decimal(100),
            breaks=(PriceBreak(Fraction(1, 2), Decimal(80)),),
            min_share=Fraction(1, 10),
        )
        flat = Option(
            "b", frozenset("0"), Decimal(70), min_share=Fraction(1, 10), max_share=Fraction(6, 10)
        )
        problem = Problem(("0",), (dear, flat), divisions={"0": 10})
        solution = solve(problem, [], seconds=5)
        # 0.6 of b leaves 0.4 of a at the high price: 82; half of each is 75
        assert shares(problem, solution) == {("a", "0"): Fraction(1, 2), ("b", "0"): Fraction(1, 2)}
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 75)

    def test_random_breaks_agree_with_enumeration_of_all_parts(self):
        chance = random.Random(11)
        for _round in range(10):
            options = tuple(
                Option(
                    name,
                    frozenset("0"),
                    Decimal(chance.randint(100, 200)),
                    breaks=tuple(
                        PriceBreak(Fraction(start, 10), Decimal(chance.randint(60, 150)))
                        for start in sorted(chance.sample(range(2, 10), 2))
                    ),
                    min_share=Fraction(2, 10),
                    max_share=Fraction(chance.randint(4, 10), 10),
                )
                for name in "abc"
            )
            problem = Problem(("0",), options, divisions={"0": 10})
            allowed = [
                taken
                for parts in itertools.product(range(11), repeat=3)
                if keeps_terms(
                    problem, taken := {i: Fraction(p, 10) for i, p in enumerate(parts) if p}
                )
            ]
            solution = solve(problem, [], seconds=5)
            assert solution.objective == min(Count(problem, each).objective() for each in allowed)


class TestReserves:
    def test_a_line_stays_open_when_that_counts_less(self):
        problem = problem_of({"a": ["100.00", "50.00"]})
        rules = [
            rule(Kind.RESERVE_PRICE, "99.99", line="0"),
            rule(Kind.RESERVE_PRICE, 51, line="1"),
        ]
        solution = solve(problem, rules, seconds=5)
        assert shares(problem, solution) == {("a", "1"): Fraction(1)}
        assert solution.objective == Fraction("149.99")
        assert measured(problem, rules[0], solution.chosen) == Fraction("99.99")

    def test_an_impossible_rule_leaves_the_line_to_nobody(self):
        problem = problem_of({"a": ["100", "50"]})
        rules = [rule(Kind.CAPACITY, 60, "a")]
        assert solve(problem, rules, seconds=5).status is Status.INFEASIBLE
        open_line = [*rules, rule(Kind.RESERVE_PRICE, 1000, line="0")]
        solution = solve(problem, open_line, seconds=5)
        assert (solution.status, solution.objective) == (Status.OPTIMAL, 1050)


class TestTerms:
    def test_the_cost_of_a_supplier_decides(self):
        problem = problem_of({"a": ["10", "20"], "b": ["9", "30"]})
        cost = rule(Kind.FIXED_COST, "1.01", "b")
        assert solve(problem, [], seconds=5).objective == 29
        solution = solve(problem, [cost], seconds=5)
        assert (solution.objective, shares(problem, solution).keys()) == (
            30,
            {("a", "0"), ("a", "1")},
        )
        assert Count(effective(problem, [cost]), solution.chosen).total == 30

    def test_what_offers_demand_is_never_loosened(self):
        problem = problem_of({"a": ["10", "60"], "b": ["40", "30"]})
        given = [rule(Kind.MIN_ORDER_VALUE, 50, "b")]
        rules = [rule(Kind.MIN_SUPPLIERS, 2), rule(Kind.CAPACITY, 45)]
        assert solve(problem, rules, seconds=5, given=given).status is Status.INFEASIBLE
        relaxed = relax(problem, rules, seconds=10, given=given)
        assert broken(problem, given, relaxed.solution.chosen) == []
        assert relaxed.loosened
        named = [rules[i] for i in range(2) if i not in relaxed.loosened]
        assert broken(problem, named, relaxed.solution.chosen) == []

    def test_limits_hold_for_groups_of_lots_and_of_suppliers(self):
        problem = problem_of(
            {"a": ["10", "10", "10"], "b": ["12", "12", "12"], "c": ["15", "15", "15"]},
            lots={lot: frozenset({line}) for lot, line in zip("ABC", "012", strict=True)},
        )
        lots = [rule(Kind.MIN_SUPPLIERS, 2, lots="AB")]
        assert solve(problem, lots, seconds=5).objective == 32
        spend = [rule(Kind.CAPACITY, 15, "a", "b", lots="AB")]
        assert solve(problem, spend, seconds=5).objective == 35
        least = [rule(Kind.MIN_VALUE, 25, "b", "c", lots="BC")]
        assert solve(problem, least, seconds=5).objective == 37

    def test_a_cap_of_a_supplier_can_make_it_impossible(self):
        terms = {"a": SupplierTerms(spend_cap=Decimal("29.99"))}
        problem = problem_of({"a": ["30.00"]}, terms=terms)
        assert solve(problem, [], seconds=5).status is Status.INFEASIBLE
        fits = replace(problem, terms={"a": SupplierTerms(spend_cap=Decimal("30.00"))})
        assert solve(fits, [], seconds=5).objective == 30


class TestStored:
    @pytest.mark.parametrize(
        ("kept", "lots"),
        [
            ({"lot_id": "A"}, ("A",)),
            ({"lot_id": None}, ()),
            ({"lot_ids": ["A", "B"]}, ("A", "B")),
            ({"lot_ids": []}, ()),
        ],
    )
    def test_a_rule_with_one_lot_is_read_as_one_with_several(self, kept, lots):
        usual = {
            "kind": "max_suppliers",
            "limit": "1",
            "supplier_ids": [],
            "line_id": None,
        }
        assert rule_of(usual | kept) == rule(Kind.MAX_SUPPLIERS, 1, lots=lots)
