"""Constraints as linear rows, which is how a solver reads them.

A row says: the sum of its terms is at most its limit. Columns are the options by their index, and
switches that are named: ``("wins", supplier)`` is one when the supplier gets anything at all,
``("wins", supplier, lot)`` when it gets something of that lot. ``TOTAL`` is what the award costs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from marketplace.scenarios.model import Constraint, Kind, Problem, groups, lots_of

Switch = tuple[str, ...]
TOTAL: Switch = ("total",)
Column = int | Switch


@dataclass(frozen=True, slots=True)
class Row:
    """Terms that add up to at most ``limit``; in money or in pieces."""

    terms: dict[Column, Fraction]
    limit: Fraction = Fraction(0)
    is_money: bool = False

    def most(self, problem: Problem) -> Fraction:
        """By how much the terms can exceed the limit."""
        most = Fraction(problem.most)
        positive = (
            value * (most if column == TOTAL else 1)
            for column, value in self.terms.items()
            if value > 0
        )
        return sum(positive, Fraction(0)) - self.limit


def rows_of(problem: Problem, rule: Constraint) -> list[Row]:
    """What the rule demands."""
    return list(_ROWS[rule.kind](problem, rule))


def links_of(problem: Problem, switches: Iterable[Switch]) -> Iterator[Row]:
    """What binds the switches to the options: one that wins is on, one without a win is off."""
    for switch in switches:
        if switch == TOTAL:
            yield from _total(problem)
            continue
        lot = switch[2] if len(switch) > 2 else None
        own = [i for i in problem.by_supplier[switch[1]] if i in problem.by_lot[lot]]
        for index in own:
            yield Row({index: Fraction(1), switch: Fraction(-1)})
        yield Row({switch: Fraction(1)} | dict.fromkeys(own, Fraction(-1)))


def _switches(problem: Problem, lot: str | None) -> list[Switch]:
    scope = () if lot is None else (lot,)
    touching = problem.by_lot[lot]
    bidding = dict.fromkeys(problem.options[index].supplier for index in sorted(touching))
    return [("wins", supplier, *scope) for supplier in bidding]


def _at_most(problem: Problem, rule: Constraint) -> Iterator[Row]:
    ones: dict[Column, Fraction] = dict.fromkeys(_switches(problem, rule.lot), Fraction(1))
    yield Row(ones, Fraction(rule.limit))


def _at_least(problem: Problem, rule: Constraint) -> Iterator[Row]:
    ones: dict[Column, Fraction] = dict.fromkeys(_switches(problem, rule.lot), Fraction(-1))
    yield Row(ones, -Fraction(rule.limit))


def _total(problem: Problem) -> Iterator[Row]:
    """TOTAL is the sum of what is taken: not less, and not more."""
    for sign in (1, -1):
        costs: dict[Column, Fraction] = {
            index: sign * Fraction(option.cost) for index, option in enumerate(problem.options)
        }
        yield Row({**costs, TOTAL: Fraction(-sign)}, is_money=True)


def _share(problem: Problem, rule: Constraint) -> Iterator[Row]:
    """A share of a sum that is itself chosen: both sides stand on the left."""
    sign = -1 if rule.is_at_least else 1
    for group in groups(problem, rule):
        costs: dict[Column, Fraction] = {
            index: sign * Fraction(problem.options[index].cost)
            for supplier in sorted(group)
            for index in problem.by_supplier.get(supplier, ())
        }
        yield Row({**costs, TOTAL: -sign * Fraction(rule.limit) / 100}, is_money=True)


def _capacity(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for group in groups(problem, rule):
        costs: dict[Column, Fraction] = {
            index: Fraction(problem.options[index].cost)
            for supplier in sorted(group)
            for index in problem.by_supplier.get(supplier, ())
        }
        yield Row(costs, Fraction(rule.limit), is_money=True)


def _min_order(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for supplier in rule.suppliers or problem.suppliers:
        terms: dict[Column, Fraction] = {
            index: -Fraction(problem.options[index].cost)
            for index in problem.by_supplier.get(supplier, ())
        }
        if terms:
            yield Row({**terms, ("wins", supplier): Fraction(rule.limit)}, is_money=True)


def _indivisible(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for lot in lots_of(problem, rule):
        yield Row(dict.fromkeys(_switches(problem, lot), Fraction(1)), Fraction(1))


def _exclude(problem: Problem, rule: Constraint) -> Iterator[Row]:
    yield Row(dict.fromkeys(_given(problem, rule), Fraction(1)))


def _fix(problem: Problem, rule: Constraint) -> Iterator[Row]:
    yield Row(dict.fromkeys(_given(problem, rule), Fraction(-1)), -Fraction(1))


def _given(problem: Problem, rule: Constraint) -> list[Column]:
    return [
        index
        for index, option in enumerate(problem.options)
        if option.supplier in rule.suppliers and (rule.line is None or rule.line in option.items)
    ]


def _score_floor(problem: Problem, rule: Constraint) -> Iterator[Row]:
    below = [
        index
        for index, option in enumerate(problem.options)
        if problem.scores[option.supplier] < rule.limit
    ]
    yield Row(dict.fromkeys(below, Fraction(1)))


def _max_items(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for group in groups(problem, rule):
        yield Row(
            {
                index: Fraction(len(option.items))
                for index, option in enumerate(problem.options)
                if option.supplier in group
            },
            Fraction(rule.limit),
        )


_ROWS = {
    Kind.MAX_SUPPLIERS: _at_most,
    Kind.MIN_SUPPLIERS: _at_least,
    Kind.MAX_SHARE: _share,
    Kind.MIN_SHARE: _share,
    Kind.INCUMBENT_SHARE: _share,
    Kind.CAPACITY: _capacity,
    Kind.MIN_ORDER_VALUE: _min_order,
    Kind.INDIVISIBLE_LOT: _indivisible,
    Kind.EXCLUDE: _exclude,
    Kind.FIX: _fix,
    Kind.SCORE_FLOOR: _score_floor,
    Kind.MAX_ITEMS: _max_items,
}
