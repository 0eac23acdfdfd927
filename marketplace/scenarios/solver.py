"""The best choice by HiGHS, with the bound that it proved; the least relaxation when there is none.

The solver counts in floating point. So money is scaled to numbers it can hold, every answer is
counted again exactly, and an answer that breaks a rule by less than the solver's tolerance is
forbidden and the next one asked for.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from importlib.metadata import version

import highspy
import numpy as np

from marketplace.scenarios.model import Constraint, Objective, Problem, broken
from marketplace.scenarios.rows import TOTAL, Column, Row, Switch, links_of, rows_of

VERSION = f"HiGHS {version('highspy')}"
# Sums of money are brought to about this size.
SIZE = 1_000_000


class Status(StrEnum):
    """How far it came: proven best, best so far, proven impossible, or nothing yet."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Solution:
    """What was chosen. ``objective`` is counted exactly; nothing can be better than ``bound``."""

    status: Status
    seconds: float
    chosen: tuple[int, ...] = ()
    objective: Fraction | None = None
    bound: Fraction | None = None

    @property
    def is_proven(self) -> bool:
        return self.status in (Status.OPTIMAL, Status.INFEASIBLE)

    @property
    def gap(self) -> Fraction | None:
        """How far the objective may be from the best, as a share of it."""
        if self.objective is None or self.bound is None:
            return None
        distance = abs(self.objective - self.bound)
        if not self.objective:
            return Fraction(bool(distance))
        return distance / abs(self.objective)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The fewest rules to loosen, by as little as possible, and the best choice that follows."""

    loosened: tuple[int, ...]
    solution: Solution


def solve(
    problem: Problem,
    rules: Sequence[Constraint],
    *,
    seconds: float,
    given: Sequence[Constraint] = (),
) -> Solution:
    """The best choice within the time. given: what the offers themselves demand."""
    rules = (*rules, *given)
    if any(not options for options in problem.by_item.values()):
        return Solution(Status.INFEASIBLE, 0.0)
    program = _Program(problem)
    for rule in rules:
        for row in rows_of(problem, rule):
            program.add(row)
    program.link()
    return _solved(program, rules, seconds)


def relax(
    problem: Problem,
    rules: Sequence[Constraint],
    *,
    seconds: float,
    given: Sequence[Constraint] = (),
) -> Relaxation:
    """Which rules to loosen so that there is a choice: as few as possible, then as little.

    The two aims are one sum: a loosened rule counts one, and all distances together less than one
    half. The cheapest choice within these distances is then looked for. What is ``given`` stays.
    """
    ends = time.monotonic() + seconds
    program = _Program(problem)
    program.aim_at(worth=False)
    for rule in given:
        for row in rows_of(problem, rule):
            program.add(row)
    distances = [program.loosen(rows_of(problem, rule), len(rules)) for rule in rules]
    program.link()
    found = program.run(seconds / 2)
    if not found.values:
        return Relaxation((), Solution(found.status, found.seconds))
    loosened = [i for i, columns in enumerate(distances) if columns and found.at(columns[0]) > 0.5]
    for index, columns in enumerate(distances):
        if columns:
            most = found.at(columns[1]) * (1 + 1e-9) if index in loosened else 0.0
            program.hold(columns, most)
    program.aim_at(worth=True)
    kept = [rule for index, rule in enumerate(rules) if index not in loosened]
    best = _solved(program, [*kept, *given], max(0.1, ends - time.monotonic()))
    if found.status is not Status.OPTIMAL and best.status is Status.OPTIMAL:
        best = replace(best, status=Status.FEASIBLE)
    return Relaxation(tuple(broken(problem, rules, best.chosen)), best)


def _solved(program: "_Program", rules: Sequence[Constraint], seconds: float) -> Solution:
    """Run until the choice keeps the rules in exact numbers too, or the time is over."""
    begun = time.monotonic()
    while True:
        left = seconds - (time.monotonic() - begun)
        found = program.run(max(0.1, left))
        if not found.values:
            return Solution(found.status, time.monotonic() - begun)
        chosen = program.chosen(found)
        if not broken(program.problem, rules, chosen):
            break
        if left <= 0:
            return Solution(Status.UNKNOWN, time.monotonic() - begun)
        program.forbid(chosen)
    objective = program.problem.objective_of(chosen)
    bound = objective if found.status is Status.OPTIMAL else program.bound(found, objective)
    return Solution(found.status, time.monotonic() - begun, chosen, objective, bound)


@dataclass(frozen=True, slots=True)
class _Run:
    status: Status
    seconds: float
    values: Sequence[float]
    bound: float

    def at(self, column: int) -> float:
        return self.values[column]


@dataclass
class _Program:
    """The mixed integer program: columns, rows, and what to add up."""

    problem: Problem
    costs: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    lower: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    places: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)
    switches: dict[Switch, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.problem
        values = [abs(problem.value_of(index)) for index in range(len(problem.options))]
        self.scale = _scale(values, len(problem.items))
        self.money_scale = _scale(
            [Fraction(option.cost) for option in problem.options], len(problem.items)
        )
        for index in range(len(problem.options)):
            self._column(self._worth(index))
        for options in problem.by_item.values():
            if options:
                self._row(((index, 1.0) for index in options), 1.0)
                self._row(((index, -1.0) for index in options), -1.0)
        for rivals in problem.exclusive:
            self._row(((index, 1.0) for index in sorted(rivals)), 1.0)

    def _worth(self, index: int) -> float:
        sign = 1 if self.problem.objective is Objective.COST else -1
        return float(sign * self.problem.value_of(index) / self.scale)

    def add(self, row: Row, slack: int | None = None) -> None:
        """A row; with ``slack``, that column is how far it may be exceeded."""
        scale = self._scale_of(row)
        terms = [
            (self._place(key), float(value if key == TOTAL else value / scale))
            for key, value in row.terms.items()
        ]
        if slack is not None:
            terms.append((slack, -1.0))
        self._row(terms, float(row.limit / scale))

    def loosen(self, rows: Sequence[Row], rules: int) -> tuple[int, int] | None:
        """Rows that may be exceeded at a price; the columns "is loosened" and "by how much".

        None for rows that nothing can exceed.
        """
        most = max(
            (float(row.most(self.problem) / self._scale_of(row)) for row in rows), default=0.0
        )
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

    def aim_at(self, *, worth: bool) -> None:
        """Add up what the options are worth and nothing else, or what is added from here on."""
        options = len(self.problem.options)
        self.costs = [
            self._worth(i) if worth and i < options else 0.0 for i in range(len(self.costs))
        ]

    def link(self) -> None:
        """Bind every switch that a row has used to its options."""
        for row in links_of(self.problem, list(self.switches)):
            self.add(row)

    def forbid(self, chosen: Sequence[int]) -> None:
        """Exclude exactly this choice."""
        taken = set(chosen)
        terms = ((i, 1.0 if i in taken else -1.0) for i in range(len(self.problem.options)))
        self._row(terms, float(len(taken) - 1))

    def chosen(self, found: _Run) -> tuple[int, ...]:
        return tuple(i for i in range(len(self.problem.options)) if found.at(i) > 0.5)

    def bound(self, found: _Run, objective: Fraction) -> Fraction | None:
        """The solver's bound in the units of the problem, never beyond what was reached."""
        if not np.isfinite(found.bound):
            return None
        bound = Fraction(found.bound) * self.scale
        if self.problem.objective is Objective.COST:
            return min(bound, objective)
        return max(-bound, objective)

    def run(self, seconds: float) -> _Run:
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.silent()
        highs.setOptionValue("time_limit", float(seconds))
        highs.setOptionValue("threads", 1)
        highs.setOptionValue("mip_rel_gap", 0.0)
        highs.passModel(self._model())
        begun = time.monotonic()
        highs.run()
        info = highs.getInfo()
        has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = list(highs.getSolution().col_value) if has_values else []
        status = _status(highs.getModelStatus(), has_values=has_values)
        return _Run(status, time.monotonic() - begun, values, info.mip_dual_bound)

    def _model(self) -> "highspy.HighsLp":
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.limits)
        lp.col_cost_ = np.array(self.costs)
        lp.col_lower_, lp.col_upper_ = np.array(self.lower), np.array(self.upper)
        lp.row_lower_ = np.full(len(self.limits), -highspy.kHighsInf)
        lp.row_upper_ = np.array(self.limits)
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in self.whole]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.starts, dtype=np.int32)
        lp.a_matrix_.index_ = np.array(self.places, dtype=np.int32)
        lp.a_matrix_.value_ = np.array(self.factors)
        return lp

    def _scale_of(self, row: Row) -> Fraction:
        return self.money_scale if row.is_money else Fraction(1)

    def _place(self, key: Column) -> int:
        if isinstance(key, int):
            return key
        if key not in self.switches:
            most = float(Fraction(self.problem.most) / self.money_scale)
            is_total = key == TOTAL
            self.switches[key] = self._column(
                0.0, upper=most if is_total else 1.0, whole=not is_total
            )
        return self.switches[key]

    def _column(self, cost: float, *, upper: float = 1.0, whole: bool = True) -> int:
        self.costs.append(cost)
        self.lower.append(0.0)
        self.upper.append(upper)
        self.whole.append(whole)
        return len(self.costs) - 1

    def _row(self, terms: Iterable[tuple[int, float]], limit: float) -> None:
        for place, factor in terms:
            if factor:
                self.places.append(place)
                self.factors.append(factor)
        self.starts.append(len(self.places))
        self.limits.append(limit)


def _scale(values: Sequence[Fraction], items: int) -> Fraction:
    """By what to divide so that a whole award is about `SIZE`; never to make small sums larger."""
    return max(Fraction(1), max(values, default=Fraction(0)) * items / SIZE)


def _status(status: "highspy.HighsModelStatus", *, has_values: bool) -> Status:
    if status == highspy.HighsModelStatus.kInfeasible:
        return Status.INFEASIBLE
    if not has_values:
        return Status.UNKNOWN
    done = status == highspy.HighsModelStatus.kOptimal
    return Status.OPTIMAL if done else Status.FEASIBLE
