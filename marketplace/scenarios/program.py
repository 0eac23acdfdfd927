"""A problem as a mixed integer program: its columns, its rows, and what to add up.

A supplier's tiers split every share into one column per tier, held by the tier's own switch. That
takes more columns than one sum per supplier and gives a far better bound.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import product
from math import ceil

import numpy as np

from marketplace.scenarios.engine import DEAF, Arrays, Ear, Floats, Run, scale_of
from marketplace.scenarios.model import Bloc, Objective, PriceBreak, Problem, Taken
from marketplace.scenarios.rows import TOTAL, Column, Row, links_of

# What it can hardly tell apart.
TOLERANCE = 1e-5
# So many offers of parts at most are counted in whole parts, if there are not too many of these.
FEW, COARSE = 200, 10_000
Terms = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of an option at one price: its column, and what the whole would cost at it."""

    column: int
    listed: float
    paid: float


@dataclass
class Program:
    """Built from a problem; rules are added to it as rows."""

    problem: Problem
    costs: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    places: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    switches: dict[Column, int] = field(default_factory=dict)
    pieces: list[list[Piece]] = field(default_factory=list)
    steps: list[tuple[PriceBreak, ...]] = field(default_factory=list)
    taken: list[Terms] = field(default_factory=list)
    tiers: dict[str, list[int]] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)
    blocs: list[int] = field(default_factory=list)
    used: set[Column] = field(default_factory=set)
    money: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        problem = self.problem
        every = range(len(problem.options))
        values = [abs(problem.value_of(index)) for index in every]
        values += map(Fraction, problem.reserves.values())
        values += (bloc.cost for bloc in problem.blocs)
        self.scale = scale_of(values, len(problem.items))
        money = [Fraction(problem.dearest(index)) for index in every]
        self.money_scale = scale_of(money, len(problem.items))
        self.unit, self.money_unit = float(self.scale), float(self.money_scale)
        self.discounts = {
            supplier: [float(tier.discount) for tier in problem.tiers_of(supplier)]
            for supplier in problem.suppliers
        }
        split = [index for index in every if not problem.options[index].is_whole]
        self.counts_parts = len(split) <= FEW and all(
            problem.parts_of(index) <= COARSE for index in split
        )
        for supplier in problem.suppliers:
            if problem.terms_of(supplier).tiers:
                self._tiers(supplier)
        for index in every:
            self._option(index)
        self._cover()
        for supplier in problem.suppliers:
            self._terms(supplier)
        for rivals in problem.exclusive:
            self._row((term for index in sorted(rivals) for term in self.taken[index]), 1.0)
        for bloc in problem.blocs:
            self.blocs.append(self._bloc(bloc))
        for rivals in problem.rivals:
            self._row(((self.blocs[place], 1.0) for place in sorted(rivals)), 1.0)

    def _tiers(self, supplier: str) -> None:
        """A switch for each tier, the first for no discount; at most one is on."""
        self.tiers[supplier] = [self._column(0.0) for _tier in self.problem.tiers_of(supplier)]
        self._row(((switch, 1.0) for switch in self.tiers[supplier]), 1.0)

    def _option(self, index: int) -> None:
        """The columns of an option: whether it is taken, and its parts by tier and price."""
        option = self.problem.options[index]
        switches = self.tiers.get(option.supplier, [])
        steps = option.steps
        self.steps.append(steps)
        single = not switches and len(steps) == 1
        if option.is_whole and option.max_share == 1 and single:
            column = self._column(self._worth(index))
            paid = self._money(steps[0].cost)
            self.pieces.append([Piece(column, paid, paid)])
            self.taken.append([(column, 1.0)])
            return
        taken = self._column(0.0)
        self.taken.append([(taken, 1.0)])
        own = [self._part(index, tier, step) for tier, step in self._prices(index)]
        self.pieces.append(own)
        shares = [(piece.column, 1.0) for piece in own]
        if self.counts_parts and not option.is_whole:
            self._count_parts(index, shares)
        self._row([*shares, (taken, -float(option.max_share))], 0.0)
        self._row([(taken, float(option.min_share)), *_negative(shares)], 0.0)
        for tier, switch in enumerate(switches):
            parts = [(piece.column, 1.0) for piece in self._held(index, tier)]
            self._row([*parts, (switch, -float(option.max_share))], 0.0)
        if len(steps) > 1:
            self._breaks(index, taken)

    def _count_parts(self, index: int, shares: Terms) -> None:
        """The share is a whole number of parts."""
        parts = self.problem.parts_of(index)
        number = self._column(0.0, upper=float(parts))
        self._row([*shares, (number, -1.0 / parts)], 0.0)
        self._row([*_negative(shares), (number, 1.0 / parts)], 0.0)

    def _prices(self, index: int) -> Iterator[tuple[int, int]]:
        option = self.problem.options[index]
        tiers = len(self.tiers.get(option.supplier, [None]))
        return product(range(tiers), range(len(self.steps[index])))

    def _part(self, index: int, tier: int, step: int) -> Piece:
        option = self.problem.options[index]
        cost = float(self.steps[index][step].cost)
        kept = 1 - self.discounts[option.supplier][tier] / 100
        is_cost = self.problem.objective is Objective.COST
        worth = cost * kept / self.unit if is_cost else self._worth(index)
        column = self._column(worth, upper=float(option.max_share), whole=False)
        return Piece(column, self._money(cost), self._money(cost * kept))

    def _breaks(self, index: int, taken: int) -> None:
        """One price holds for the whole part: a switch for each, and the part within its range."""
        option, own = self.problem.options[index], self.pieces[index]
        parts = self.problem.parts_of(index)
        # the last part below the next price: at that price's own beginning it holds already
        ends = [
            Fraction(ceil(each.from_share * parts) - 1, parts) for each in self.steps[index][1:]
        ]
        ends.append(option.max_share)
        switches = [self._column(0.0) for _step in ends]
        self._row([*((switch, 1.0) for switch in switches), (taken, -1.0)], 0.0)
        for number, (step, end) in enumerate(zip(self.steps[index], ends, strict=True)):
            held = [(piece.column, 1.0) for piece in own[number :: len(ends)]]
            begin = float(max(step.from_share, option.min_share))
            self._row([*held, (switches[number], -float(end))], 0.0)
            self._row([(switches[number], begin), *_negative(held)], 0.0)

    def _cover(self) -> None:
        """Every item once; what is left of it goes to nobody, at its reserve price."""
        for item, options in self.problem.by_item.items():
            terms = [(p.column, 1.0) for index in options for p in self.pieces[index]]
            if (reserve := self.problem.reserves.get(item)) is not None:
                is_cost = self.problem.objective is Objective.COST
                cost = float(reserve) / self.unit if is_cost else 0.0
                self.open.append(self._column(cost, whole=False))
                terms.append((self.open[-1], 1.0))
            if terms:
                self._row(terms, 1.0)
                self._row(_negative(terms), -1.0)

    def _bloc(self, bloc: Bloc) -> int:
        """A switch that is on once anything of the bloc is taken."""
        is_cost = self.problem.objective is Objective.COST
        switch = self._column(float(bloc.cost) / self.unit if is_cost else 0.0)
        own = sorted(bloc.options)
        for index in own:
            self._row([*self.taken[index], (switch, -1.0)], 0.0)
        if bloc.least:
            paid = [(piece.column, piece.paid) for i in own for piece in self.pieces[i]]
            self._limit([(switch, self._money(bloc.least))], _negative(paid))
        return switch

    def _terms(self, supplier: str) -> None:
        """What the supplier demands, and what each tier reaches from and to."""
        terms = self.problem.terms_of(supplier)
        paid = [
            (p.column, p.paid) for i in self.problem.by_supplier[supplier] for p in self.pieces[i]
        ]
        wins = ("wins", supplier)
        if terms.fixed_cost and self.problem.objective is Objective.COST:
            for switch, _factor in self._at(wins):
                self.costs[switch] = float(terms.fixed_cost) / self.unit
        if terms.min_order_value:
            least = self._money(terms.min_order_value)
            self._limit([(c, f * least) for c, f in self._at(wins)], _negative(paid))
        if terms.spend_cap is not None:
            most = self._money(terms.spend_cap)
            self._limit([(c, -f * most) for c, f in self._at(wins)], paid)
        if supplier in self.tiers:
            self._ranges(supplier)

    def _ranges(self, supplier: str) -> None:
        tiers, switches = self.problem.tiers_of(supplier), self.tiers[supplier]
        offered = self.problem.by_supplier[supplier]
        cap = self.problem.terms_of(supplier).spend_cap
        for number, (tier, switch) in enumerate(zip(tiers, switches, strict=True)):
            own = [piece for index in offered for piece in self._held(index, number)]
            listed = [(piece.column, piece.listed) for piece in own]
            least = self._money(tier.from_value)
            self._limit([(switch, least)], _negative(listed))
            if number + 1 < len(tiers):
                most = self._money(tiers[number + 1].from_value)
                self._limit([(switch, -most)], listed)
            if cap is not None:
                most = self._money(cap)
                self._limit([(switch, -most)], [(piece.column, piece.paid) for piece in own])

    def _held(self, index: int, tier: int) -> list[Piece]:
        steps = len(self.steps[index])
        return self.pieces[index][tier * steps : (tier + 1) * steps]

    def _worth(self, index: int) -> float:
        option = self.problem.options[index]
        if self.problem.objective is Objective.COST:
            return float(self.steps[index][0].cost) / self.unit
        return -float(option.points / self.scale)

    def add(self, row: Row, slack: int | None = None) -> None:
        """A row of a rule; with ``slack``, that column is how far it may be exceeded."""
        if row.is_money:
            self.money.append(len(self.limits))
        self._add(row, slack)

    def _add(self, row: Row, slack: int | None = None) -> None:
        scale = self._scale_of(row)
        found: dict[int, float] = {}
        for key, value in row.terms.items():
            is_scaled = key == TOTAL or key[0] == "paid"
            factor = float(value if is_scaled else value / scale)
            for column, part in self._at(key):
                found[column] = found.get(column, 0.0) + factor * part
        if slack is not None:
            found[slack] = -1.0
        self._row(found.items(), float(row.limit / scale))

    def loosen(self, rows: Sequence[Row], rules: int) -> tuple[int, int] | None:
        """Rows that may be exceeded at a price; the columns "is loosened" and "by how much".

        None for rows that nothing can exceed.
        """
        most = max((float(r.most(self.problem) / self._scale_of(r)) for r in rows), default=0.0)
        if most <= 0:
            return None
        switch = self._column(1.0)
        distance = self._column(0.5 / rules / most, upper=most, whole=False)
        self._row([(distance, 1.0), (switch, -most)], 0.0)
        for row in rows:
            self.add(row, distance)
        return switch, distance

    def hold(self, columns: tuple[int, int], most: float) -> None:
        """Keep what was loosened within this distance."""
        switch, distance = columns
        self.upper[distance] = most
        self.lower[switch] = self.upper[switch] = 1.0 if most else 0.0

    def aim_at_nothing(self) -> list[float]:
        """Add up only what is added from here on; gives what was added up so far."""
        kept, self.costs = self.costs, [0.0] * len(self.costs)
        return kept

    def aim_at(self, costs: Sequence[float]) -> None:
        """Add up this again and nothing else."""
        self.costs = [*costs, *[0.0] * (len(self.costs) - len(costs))]

    def link(self) -> None:
        """Bind every switch that a row has used to its options."""
        for row in links_of(self.problem, sorted(self.used, key=str)):
            self._add(row)

    def forbid(self, taken: Taken) -> None:
        """Exclude exactly these options together."""
        terms = [
            (column, factor if index in taken else -factor)
            for index, own in enumerate(self.taken)
            for column, factor in own
        ]
        self._row(terms, float(len(taken) - 1))

    def draw_in(self, margin: float) -> None:
        """Keep this far away from every limit of money."""
        for row in self.money:
            self.limits[row] -= margin
        for place in self.held:
            self.factors[place] += margin

    @property
    def margin(self) -> float:
        """How far to keep from limits of money so that rounding a few parts breaks none."""
        parts = (
            self._money(self.problem.dearest(index)) / self.problem.parts_of(index)
            for index, option in enumerate(self.problem.options)
            if not option.is_whole
        )
        return 3 * max(parts, default=0.0) + TOLERANCE

    def worth(self, values: Floats) -> float:
        """What these columns add up to, in the units of the solver."""
        return float(np.array(self.costs) @ values)

    def shares(self, values: Sequence[float]) -> dict[int, float]:
        """What is taken of each option."""
        found = {}
        for index, own in enumerate(self.pieces):
            if self.taken[index] and values[self.taken[index][0][0]] > 0.5:
                found[index] = sum(values[piece.column] for piece in own)
        return found

    def bound(self, found: Run, objective: Fraction | None = None) -> Fraction | None:
        """The solver's bound in the units of the problem, never beyond what was reached."""
        if not np.isfinite(found.bound):
            return None
        bound, is_cost = Fraction(found.bound) * self.scale, True
        if self.problem.objective is not Objective.COST:
            bound, is_cost = -bound, False
        if objective is None:
            return bound
        return min(bound, objective) if is_cost else max(bound, objective)

    def arrays(self) -> Arrays:
        """All of it as the solver takes it."""
        return Arrays(
            costs=np.array(self.costs),
            lower=np.array(self.lower),
            upper=np.array(self.upper),
            whole=np.array(self.whole, dtype=np.bool_),
            limits=np.array(self.limits),
            starts=np.array(self.starts),
            places=np.array(self.places, dtype=np.int64),
            factors=np.array(self.factors),
        )

    def run(self, seconds: float, ear: Ear = DEAF) -> Run:
        return self.arrays().run(seconds, ear=ear)

    def _at(self, key: Column) -> Terms:
        """The columns that a name stands for."""
        if key[0] == "share":
            return [(piece.column, 1.0) for piece in self.pieces[int(key[1])]]
        if key[0] == "paid":
            return [(piece.column, piece.paid) for piece in self.pieces[int(key[1])]]
        if key[0] == "taken":
            return self.taken[int(key[1])]
        self.used.add(key)
        if key[0] == "wins" and len(key) == 2 and key[1] in self.tiers:
            return [(switch, 1.0) for switch in self.tiers[str(key[1])]]
        if key not in self.switches:
            is_total = key == TOTAL
            most = self._money(self.problem.most) if is_total else 1.0
            self.switches[key] = self._column(0.0, upper=most, whole=not is_total)
        return [(self.switches[key], 1.0)]

    def _money(self, value: Decimal | Fraction | float) -> float:
        return float(value) / self.money_unit

    def _scale_of(self, row: Row) -> Fraction:
        return self.money_scale if row.is_money else Fraction(1)

    def _column(self, cost: float, *, upper: float = 1.0, whole: bool = True) -> int:
        self.costs.append(cost)
        self.lower.append(0.0)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.costs) - 1

    def _limit(self, held: Terms, others: Terms) -> None:
        """A limit of money that counts only where its switches are on."""
        begin = len(self.places)
        self._row([*held, *others], 0.0)
        self.held.extend(range(begin, begin + sum(1 for _column, factor in held if factor)))

    def _row(self, terms: Iterable[tuple[int, float]], limit: float) -> None:
        for place, factor in terms:
            if factor:
                self.places.append(place)
                self.factors.append(factor)
        self.starts.append(len(self.places))
        self.limits.append(limit)


def _negative(terms: Terms) -> Terms:
    return [(column, -factor) for column, factor in terms]
