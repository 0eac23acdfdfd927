"""Which offers to take: the problem and its rules as plain values.

Nothing here knows a database, an RFQ or a solver. An *option* is an offer that can be taken or
left: a bid's price for one line, or for a bundle of lines that come together or not at all. An
option may also be taken in part, at a price that depends on the part. Every *item* is covered
once: by one option, by parts that add up, or, at its reserve price, by nobody. A *constraint*
limits what may be taken. ``counting`` says in exact numbers what a choice comes to.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

# What is taken: the share of the whole by the index of the option.
Taken = Mapping[int, Fraction]


class Objective(StrEnum):
    """What the best choice is: the lowest price or cost, or the most ranking points.

    TOTAL_COST: price and further costs. These stand in the blocs of a problem, which aims at COST.
    """

    COST = "cost"
    TOTAL_COST = "total_cost"
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
    MIN_VALUE = "min_value"
    MAX_LOT_SUPPLIERS = "max_suppliers_per_lot"
    MIN_LOT_SUPPLIERS = "min_suppliers_per_lot"
    MIN_LOT_SHARE = "min_share_of_lot"
    FIXED_COST = "fixed_cost"
    RESERVE_PRICE = "reserve_price"


# Limits from below; all others are limits from above.
AT_LEAST = frozenset(
    {
        Kind.MIN_SUPPLIERS,
        Kind.MIN_SHARE,
        Kind.INCUMBENT_SHARE,
        Kind.MIN_ORDER_VALUE,
        Kind.FIX,
        Kind.SCORE_FLOOR,
        Kind.MIN_VALUE,
        Kind.MIN_LOT_SUPPLIERS,
        Kind.MIN_LOT_SHARE,
    }
)
# These change what is added up instead of limiting it: nothing can break them.
PRICED = frozenset({Kind.FIXED_COST, Kind.RESERVE_PRICE})


@dataclass(frozen=True, slots=True)
class PriceBreak:
    """A quantity break: the whole would cost this at the price that holds from a share on."""

    from_share: Fraction
    cost: Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Option:
    """An offer of a supplier for items that come together.

    ``min_share`` to ``max_share`` of it can be taken; both are one where it is all or nothing.
    ``cost`` is what the whole costs at the price of the smallest part, a fraction where it was
    converted; ``breaks`` ascend.
    """

    supplier: str
    items: frozenset[str]
    cost: Decimal | Fraction
    points: Fraction = Fraction(0)
    breaks: tuple[PriceBreak, ...] = ()
    min_share: Fraction = Fraction(1)
    max_share: Fraction = Fraction(1)

    @property
    def is_whole(self) -> bool:
        """Whether it is taken in one piece or not at all."""
        return self.min_share == self.max_share

    @property
    def steps(self) -> tuple[PriceBreak, ...]:
        """The prices that can come into play, the first from nothing on."""
        first = PriceBreak(Fraction(0), self.cost)
        if not self.breaks:
            return (first,)
        known = [each for each in (first, *self.breaks) if each.from_share <= self.max_share]
        later = [each for each in known if each.from_share > self.min_share]
        return (known[len(known) - len(later) - 1], *later)

    def cost_of(self, share: Fraction) -> Fraction:
        """All of the part at the price that holds for it."""
        price = self.cost
        for each in self.breaks:
            if share >= each.from_share:
                price = each.cost
        return Fraction(price) * share


@dataclass(frozen=True, slots=True)
class SpendTier:
    """A discount in per cent on everything, once that comes to a value."""

    from_value: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True)
class SupplierTerms:
    """What holds for all that a supplier gets.

    ``fixed_cost`` is what working with the supplier costs the buyer besides; ``tiers`` ascend.
    """

    min_order_value: Decimal = Decimal(0)
    spend_cap: Decimal | None = None
    fixed_cost: Decimal = Decimal(0)
    tiers: tuple[SpendTier, ...] = ()

    def discount_on(self, spend: Fraction) -> Fraction:
        """The share that is taken off, by what everything costs before."""
        found = Decimal(0)
        for tier in self.tiers:
            if spend >= tier.from_value:
                found = tier.discount
        return Fraction(found) / 100


@dataclass(frozen=True, slots=True)
class Bloc:
    """Options of one supplier that hang together: those of a bid, or what a bid offers of a lot.

    Once any of them is taken, ``cost`` counts besides, and they come to ``least`` together or more.
    """

    options: frozenset[int]
    cost: Fraction = Fraction(0)
    least: Fraction = Fraction(0)


NO_TERMS = SupplierTerms()
NO_DISCOUNT = SpendTier(Decimal(0), Decimal(0))


@dataclass(frozen=True, slots=True)
class Constraint:
    """A limit. ``suppliers`` empty: each by itself where the kind allows it; no ``lots``: all."""

    kind: Kind
    limit: Decimal
    suppliers: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    line: str | None = None

    @property
    def is_at_least(self) -> bool:
        return self.kind in AT_LEAST


@dataclass(frozen=True)
class Problem:
    """Everything that a choice depends on.

    options: in the order in which they came, which decides between equal ones. lots: items by lot.
    scores: per supplier, in per cent of the best possible. exclusive: sets of options of which at
    most one is taken (XOR bids). terms: by supplier. reserves: what an item left open counts
    as; an item without one must be covered. divisions: into how many equal parts an item can be
    split, where offers may be taken in part. rivals: places of blocs of which at most one wins.
    """

    items: tuple[str, ...]
    options: tuple[Option, ...]
    lots: Mapping[str, frozenset[str]] = field(default_factory=dict)
    scores: Mapping[str, Fraction] = field(default_factory=dict)
    exclusive: tuple[frozenset[int], ...] = ()
    terms: Mapping[str, SupplierTerms] = field(default_factory=dict)
    reserves: Mapping[str, Decimal] = field(default_factory=dict)
    divisions: Mapping[str, int] = field(default_factory=dict)
    objective: Objective = Objective.COST
    blocs: tuple[Bloc, ...] = ()
    rivals: tuple[frozenset[int], ...] = ()

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
    def most(self) -> Fraction:
        """What no award can cost more than."""
        dearest = (
            max((self.dearest(index) for index in options), default=Fraction(0))
            for options in self.by_item.values()
        )
        return sum(dearest, Fraction(0))

    def dearest(self, index: int) -> Fraction:
        """What the whole of an option costs at most."""
        option = self.options[index]
        return max(Fraction(cost) for cost in (option.cost, *(each.cost for each in option.breaks)))

    def parts_of(self, index: int) -> int:
        """Into how many equal parts an option can be split."""
        return max(self.divisions.get(item, 1) for item in self.options[index].items)

    def value_of(self, index: int) -> Fraction:
        """What the objective adds up for the whole of an option, before breaks and discounts."""
        option = self.options[index]
        return Fraction(option.cost) if self.objective is Objective.COST else option.points

    def blocs_of(self, taken: Iterable[int]) -> set[int]:
        """The places of the blocs of which something is taken."""
        return {place for index in taken for place in self._blocs_by_option.get(index, ())}

    @cached_property
    def _blocs_by_option(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place, bloc in enumerate(self.blocs):
            for index in bloc.options:
                found.setdefault(index, []).append(place)
        return found

    def terms_of(self, supplier: str) -> SupplierTerms:
        return self.terms.get(supplier, NO_TERMS)

    def tiers_of(self, supplier: str) -> list[SpendTier]:
        """The tiers with the one for no discount before them."""
        return [NO_DISCOUNT, *self.terms_of(supplier).tiers]

    def within(self, lots: tuple[str, ...]) -> frozenset[int]:
        """The options that touch one of these lots; without lots all of them."""
        if not lots:
            return frozenset(range(len(self.options)))
        return frozenset().union(*(self._by_lot[lot] for lot in lots))

    @cached_property
    def _by_lot(self) -> dict[str, frozenset[int]]:
        return {
            lot: frozenset(index for item in items for index in self.by_item.get(item, ()))
            for lot, items in self.lots.items()
        }


def groups(problem: Problem, rule: Constraint) -> list[frozenset[str]]:
    """The suppliers whom the limit holds for: those named together, or each by itself."""
    if rule.suppliers:
        return [frozenset(rule.suppliers)]
    return [frozenset({supplier}) for supplier in problem.suppliers]


def lots_of(problem: Problem, rule: Constraint) -> list[str]:
    """The lots that the rule is about one by one: those named, or all."""
    return list(rule.lots) or list(problem.lots)
