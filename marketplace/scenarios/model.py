"""Which offers to take: the problem and its rules as plain values, counted exactly.

Nothing here knows a database, an RFQ or a solver. An *option* is an offer that can be taken or
left: a bid's price for one line, or for a bundle of lines that come together or not at all. Every
*item* is covered by one option. A *constraint* limits what may be chosen; what a choice measures
against it is counted here in exact numbers, whatever a solver believes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property


class Objective(StrEnum):
    """What the best choice is: the lowest cost, or the most ranking points."""

    COST = "cost"
    POINTS = "points"


class Kind(StrEnum):
    """What a constraint limits."""

    MAX_SUPPLIERS = "max_suppliers"
    MIN_SUPPLIERS = "min_suppliers"
    MAX_SHARE = "max_share"
    MIN_SHARE = "min_share"
    INCUMBENT_SHARE = "incumbent_share"
    CAPACITY = "capacity"
    MIN_ORDER_VALUE = "min_order_value"
    INDIVISIBLE_LOT = "indivisible_lot"
    EXCLUDE = "exclude"
    FIX = "fix"
    SCORE_FLOOR = "score_floor"
    MAX_ITEMS = "max_lines"


# Limits from below; all others are limits from above.
AT_LEAST = frozenset(
    {
        Kind.MIN_SUPPLIERS,
        Kind.MIN_SHARE,
        Kind.INCUMBENT_SHARE,
        Kind.MIN_ORDER_VALUE,
        Kind.FIX,
        Kind.SCORE_FLOOR,
    }
)


@dataclass(frozen=True, slots=True)
class Option:
    """An offer of a supplier for items that come together."""

    supplier: str
    items: frozenset[str]
    cost: Decimal
    points: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit. ``suppliers`` empty: each supplier by itself, where the kind allows it."""

    kind: Kind
    limit: Decimal
    suppliers: tuple[str, ...] = ()
    lot: str | None = None
    line: str | None = None

    @property
    def is_at_least(self) -> bool:
        return self.kind in AT_LEAST


@dataclass(frozen=True)
class Problem:
    """Everything that a choice depends on.

    lots: items by lot. scores: per supplier, in per cent of the best possible. exclusive: sets of
    options of which at most one is taken (XOR bids).
    """

    items: tuple[str, ...]
    options: tuple[Option, ...]
    lots: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scores: Mapping[str, Fraction] = field(default_factory=dict)
    exclusive: tuple[frozenset[int], ...] = ()
    objective: Objective = Objective.COST

    @cached_property
    def suppliers(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(option.supplier for option in self.options))

    @cached_property
    def by_item(self) -> dict[str, list[int]]:
        """The options that cover an item."""
        covering: dict[str, list[int]] = {item: [] for item in self.items}
        for index, option in enumerate(self.options):
            for item in option.items:
                covering[item].append(index)
        return covering

    @cached_property
    def by_supplier(self) -> dict[str, list[int]]:
        offered: dict[str, list[int]] = {supplier: [] for supplier in self.suppliers}
        for index, option in enumerate(self.options):
            offered[option.supplier].append(index)
        return offered

    @cached_property
    def by_lot(self) -> dict[str | None, frozenset[int]]:
        """The options that touch a lot; under None all of them."""
        touching: dict[str | None, frozenset[int]] = {None: frozenset(range(len(self.options)))}
        for lot, items in self.lots.items():
            touching[lot] = frozenset(index for item in items for index in self.by_item[item])
        return touching

    @cached_property
    def most(self) -> Decimal:
        """What no award can cost more than."""
        dearest = (
            max((self.options[index].cost for index in options), default=Decimal(0))
            for options in self.by_item.values()
        )
        return sum(dearest, Decimal(0))

    def value_of(self, index: int) -> Fraction:
        """What the objective adds up."""
        option = self.options[index]
        return Fraction(option.cost) if self.objective is Objective.COST else option.points

    def total(self, chosen: Iterable[int]) -> Decimal:
        return sum((self.options[index].cost for index in chosen), Decimal(0))

    def objective_of(self, chosen: Iterable[int]) -> Fraction:
        return sum((self.value_of(index) for index in chosen), Fraction(0))


def groups(problem: Problem, rule: Constraint) -> list[frozenset[str]]:
    """The suppliers whom the limit holds for: those named together, or each by itself."""
    if rule.suppliers:
        return [frozenset(rule.suppliers)]
    return [frozenset({supplier}) for supplier in problem.suppliers]


def lots_of(problem: Problem, rule: Constraint) -> list[str]:
    """The lots that the rule is about: the one named, or all."""
    return [rule.lot] if rule.lot is not None else list(problem.lots)


def measured(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    """What the choice comes to where the rule sets its limit: a number, money or per cent."""
    return _MEASURES[rule.kind](problem, rule, chosen)


def slack(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    """What is left until the limit; below zero when the choice breaks the rule."""
    found = measured(problem, rule, chosen)
    limit = Fraction(rule.limit)
    return found - limit if rule.is_at_least else limit - found


def broken(problem: Problem, rules: Iterable[Constraint], chosen: Sequence[int]) -> list[int]:
    """Positions of the rules that the choice breaks."""
    return [i for i, rule in enumerate(rules) if slack(problem, rule, chosen) < 0]


def winners(problem: Problem, chosen: Iterable[int]) -> set[str]:
    return {problem.options[index].supplier for index in chosen}


def _money(problem: Problem, chosen: Iterable[int], suppliers: Collection[str]) -> Fraction:
    taken = (problem.options[index] for index in chosen)
    return Fraction(
        sum((option.cost for option in taken if option.supplier in suppliers), Decimal(0))
    )


def _suppliers(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    return Fraction(len(winners(problem, set(chosen) & problem.by_lot[rule.lot])))


def _largest_value(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    return max(
        (_money(problem, chosen, group) for group in groups(problem, rule)), default=Fraction(0)
    )


def _share(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    whole = Fraction(problem.total(chosen))
    return _largest_value(problem, rule, chosen) / whole * 100 if whole else Fraction(0)


def _smallest_order(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    bound = winners(problem, chosen) & set(rule.suppliers or problem.suppliers)
    return min((_money(problem, chosen, {each}) for each in bound), default=Fraction(rule.limit))


def _most_in_a_lot(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    found = (
        len(winners(problem, set(chosen) & problem.by_lot[lot])) for lot in lots_of(problem, rule)
    )
    return Fraction(max(found, default=0))


def _items_given(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    return Fraction(
        sum(
            rule.line is None or rule.line in problem.options[index].items
            for index in chosen
            if problem.options[index].supplier in rule.suppliers
        )
    )


def _most_items(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    counted = (
        sum(len(problem.options[i].items) for i in chosen if problem.options[i].supplier in group)
        for group in groups(problem, rule)
    )
    return Fraction(max(counted, default=0))


def _lowest_score(problem: Problem, rule: Constraint, chosen: Sequence[int]) -> Fraction:
    return min(
        (problem.scores[each] for each in winners(problem, chosen)), default=Fraction(rule.limit)
    )


_MEASURES = {
    Kind.MAX_SUPPLIERS: _suppliers,
    Kind.MIN_SUPPLIERS: _suppliers,
    Kind.MAX_SHARE: _share,
    Kind.MIN_SHARE: _share,
    Kind.INCUMBENT_SHARE: _share,
    Kind.CAPACITY: _largest_value,
    Kind.MIN_ORDER_VALUE: _smallest_order,
    Kind.INDIVISIBLE_LOT: _most_in_a_lot,
    Kind.EXCLUDE: _items_given,
    Kind.FIX: _items_given,
    Kind.SCORE_FLOOR: _lowest_score,
    Kind.MAX_ITEMS: _most_items,
}
