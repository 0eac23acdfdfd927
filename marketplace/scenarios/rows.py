"""Constraints as linear rows, which is how a solver reads them.

A row says: the sum of its terms is at most its limit. Columns have names:
``("share", option)`` is the part that is taken of an option, ``("taken", option)`` is one when any
part is, ``("paid", option)`` is what it costs. ``("wins", supplier)`` is one when the supplier gets
anything at all, ``("wins", supplier, lot)`` when it gets something of that lot. ``TOTAL`` is what
the award costs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from marketplace.scenarios.model import Constraint, Kind, Problem, groups, lots_of

Column = tuple[str | int, ...]
TOTAL: Column = ("total",)


@dataclass(frozen=True, slots=True)
class Row:
    """Terms that add up to at most ``limit``; in money or in pieces."""

    terms: dict[Column, Fraction]
    limit: Fraction = Fraction(0)
    is_money: bool = False

    def most(self, problem: Problem) -> Fraction:
        """By how much the terms can exceed the limit."""
        positive = (
            value * _most(problem, column) for column, value in self.terms.items() if value > 0
        )
        return sum(positive, Fraction(0)) - self.limit


def rows_of(problem: Problem, rule: Constraint) -> list[Row]:
    """What the rule demands."""
    return list(_ROWS[rule.kind](problem, rule))


def links_of(problem: Problem, switches: Iterable[Column]) -> Iterator[Row]:
    """What binds the switches to the options: one that wins is on, one without a win is off."""
    for switch in switches:
        if switch == TOTAL:
            yield from _total(problem)
            continue
        lots = tuple(str(lot) for lot in switch[2:])
        within = problem.within(lots)
        own = [("taken", i) for i in problem.by_supplier[str(switch[1])] if i in within]
        for taken in own:
            yield Row({taken: Fraction(1), switch: Fraction(-1)})
        yield Row({switch: Fraction(1)} | dict.fromkeys(own, Fraction(-1)))


def _most(problem: Problem, column: Column) -> Fraction:
    if column == TOTAL:
        return Fraction(problem.most)
    if column[0] == "paid":
        return Fraction(problem.dearest(int(column[1])))
    return Fraction(1)


def _switches(problem: Problem, lots: tuple[str, ...]) -> list[Column]:
    """Who can win something there. One whose only option it is needs no switch of its own."""
    touching = sorted(problem.within(lots))
    if len(lots) != 1:
        bidding = dict.fromkeys(problem.options[index].supplier for index in touching)
        if not lots:
            return [("wins", supplier) for supplier in bidding]
        return [("wins", supplier, *lots) for supplier in bidding]
    own: dict[str, list[int]] = {}
    for index in touching:
        own.setdefault(problem.options[index].supplier, []).append(index)
    return [
        ("taken", indices[0]) if len(indices) == 1 else ("wins", supplier, *lots)
        for supplier, indices in own.items()
    ]


def _paid(
    problem: Problem, suppliers: Iterable[str], lots: tuple[str, ...], sign: int = 1
) -> dict[Column, Fraction]:
    within = problem.within(lots)
    return {
        ("paid", index): Fraction(sign)
        for supplier in sorted(suppliers)
        for index in problem.by_supplier.get(supplier, ())
        if index in within
    }


def _at_most(problem: Problem, rule: Constraint) -> Iterator[Row]:
    ones: dict[Column, Fraction] = dict.fromkeys(_switches(problem, rule.lots), Fraction(1))
    yield Row(ones, Fraction(rule.limit))


def _at_least(problem: Problem, rule: Constraint) -> Iterator[Row]:
    ones: dict[Column, Fraction] = dict.fromkeys(_switches(problem, rule.lots), Fraction(-1))
    yield Row(ones, -Fraction(rule.limit))


def _total(problem: Problem) -> Iterator[Row]:
    """TOTAL is the sum of what is taken: not less, and not more."""
    for sign in (1, -1):
        yield Row(
            _paid(problem, problem.suppliers, (), sign) | {TOTAL: Fraction(-sign)}, is_money=True
        )


def _share(problem: Problem, rule: Constraint) -> Iterator[Row]:
    """A share of a sum that is itself chosen: both sides stand on the left."""
    sign = -1 if rule.is_at_least else 1
    part = -sign * Fraction(rule.limit) / 100
    for group in groups(problem, rule):
        terms = _paid(problem, group, rule.lots, sign)
        if not rule.lots:
            yield Row(terms | {TOTAL: part}, is_money=True)
            continue
        for column in _paid(problem, problem.suppliers, rule.lots):
            terms[column] = terms.get(column, Fraction(0)) + part
        yield Row(terms, is_money=True)


def _capacity(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for group in groups(problem, rule):
        yield Row(_paid(problem, group, rule.lots), Fraction(rule.limit), is_money=True)


def _min_value(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for group in groups(problem, rule):
        yield Row(_paid(problem, group, rule.lots, -1), -Fraction(rule.limit), is_money=True)


def _min_order(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for supplier in rule.suppliers or problem.suppliers:
        terms = _paid(problem, [supplier], (), -1)
        if terms:
            yield Row({**terms, ("wins", supplier): Fraction(rule.limit)}, is_money=True)


def _lot_suppliers(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for lot in lots_of(problem, rule):
        yield Row(dict.fromkeys(_switches(problem, (lot,)), Fraction(1)), Fraction(rule.limit))


def _min_lot_suppliers(problem: Problem, rule: Constraint) -> Iterator[Row]:
    """Whoever wins something of a lot needs so many others; a lot that stays open needs none."""
    for lot in lots_of(problem, rule):
        switches = _switches(problem, (lot,))
        for switch in switches:
            others: dict[Column, Fraction] = dict.fromkeys(switches, Fraction(-1))
            yield Row({**others, switch: Fraction(rule.limit) - 1})


def _min_lot_share(problem: Problem, rule: Constraint) -> Iterator[Row]:
    """A winner's part of a lot is at least a share of the lot; who wins nothing is let off."""
    part = Fraction(rule.limit) / 100
    for lot in lots_of(problem, rule):
        everything = _paid(problem, problem.suppliers, (lot,))
        most = part * sum((_most(problem, column) for column in everything), Fraction(0))
        within = problem.within((lot,))
        for switch in _switches(problem, (lot,)):
            supplier = (
                problem.options[int(switch[1])].supplier if switch[0] == "taken" else str(switch[1])
            )
            own = {("paid", i) for i in problem.by_supplier[supplier] if i in within}
            terms = {c: part - 1 if c in own else part for c in everything}
            yield Row({**terms, switch: most}, most, is_money=True)


def _exclude(problem: Problem, rule: Constraint) -> Iterator[Row]:
    yield Row(dict.fromkeys(_given(problem, rule), Fraction(1)))


def _fix(problem: Problem, rule: Constraint) -> Iterator[Row]:
    yield Row(dict.fromkeys(_given(problem, rule), Fraction(-1)), -Fraction(1))


def _given(problem: Problem, rule: Constraint) -> list[Column]:
    return [
        ("share", index)
        for index, option in enumerate(problem.options)
        if option.supplier in rule.suppliers and (rule.line is None or rule.line in option.items)
    ]


def _score_floor(problem: Problem, rule: Constraint) -> Iterator[Row]:
    below: list[Column] = [
        ("taken", index)
        for index, option in enumerate(problem.options)
        if problem.scores[option.supplier] < rule.limit
    ]
    yield Row(dict.fromkeys(below, Fraction(1)))


def _priced(_problem: Problem, _rule: Constraint) -> Iterator[Row]:
    return iter(())


def _max_items(problem: Problem, rule: Constraint) -> Iterator[Row]:
    for group in groups(problem, rule):
        yield Row(
            {
                ("taken", index): Fraction(len(option.items))
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
    Kind.INDIVISIBLE_LOT: _lot_suppliers,
    Kind.EXCLUDE: _exclude,
    Kind.FIX: _fix,
    Kind.SCORE_FLOOR: _score_floor,
    Kind.MAX_ITEMS: _max_items,
    Kind.MIN_VALUE: _min_value,
    Kind.MAX_LOT_SUPPLIERS: _lot_suppliers,
    Kind.MIN_LOT_SUPPLIERS: _min_lot_suppliers,
    Kind.MIN_LOT_SHARE: _min_lot_share,
    Kind.FIXED_COST: _priced,
    Kind.RESERVE_PRICE: _priced,
}
