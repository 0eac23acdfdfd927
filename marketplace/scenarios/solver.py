"""The best choice by HiGHS, with the bound that it proved; the least relaxation when there is none.

The solver counts in floating point. So money is scaled to numbers it can hold, every answer is
counted again exactly. An answer of whole offers that breaks a rule by less than the solver's
tolerance is forbidden and the next one asked for. One that is split is rounded to what its items
can be split into; where that breaks a rule, limits of money are drawn in a little and it is solved
again. What was found behind such limits is proven only if it reaches the bound from before.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version

from marketplace.scenarios.counting import Count, broken, effective, keeps_terms
from marketplace.scenarios.model import Constraint, Problem, Taken
from marketplace.scenarios.program import Program, Run, Status
from marketplace.scenarios.rows import rows_of

VERSION = f"HiGHS {version('highspy')}"
# Parts are rounded to what an item can be split into; a proof holds to this share of the sum.
ACCURACY = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Solution:
    """What was chosen: shares by option, and what nothing can be better than.

    ``objective`` is counted exactly.
    """

    status: Status
    seconds: float
    chosen: Mapping[int, Fraction] = field(default_factory=dict)
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
    problem = effective(problem, rules)
    if _is_out_of_reach(problem):
        return Solution(Status.INFEASIBLE, 0.0)
    return _solved(program_of(problem, rules), rules, seconds)


def program_of(problem: Problem, rules: Sequence[Constraint]) -> Program:
    """The problem under its rules."""
    program = Program(problem)
    for rule in rules:
        for row in rows_of(problem, rule):
            program.add(row)
    program.link()
    return program


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
    problem = effective(problem, rules)
    ends = time.monotonic() + seconds
    program = Program(problem)
    aim = program.aim_at_nothing()
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
    program.aim_at(aim)
    kept = [rule for index, rule in enumerate(rules) if index not in loosened]
    best = _solved(program, [*kept, *given], max(0.1, ends - time.monotonic()))
    if found.status is not Status.OPTIMAL and best.status is Status.OPTIMAL:
        best = replace(best, status=Status.FEASIBLE)
    return Relaxation(tuple(broken(problem, rules, best.chosen)), best)


def _is_out_of_reach(problem: Problem) -> bool:
    """Whether some item must be covered and is not offered in full."""
    return any(
        item not in problem.reserves
        and sum((problem.options[index].max_share for index in options), Fraction(0)) < 1
        for item, options in problem.by_item.items()
    )


def _solved(program: Program, rules: Sequence[Constraint], seconds: float) -> Solution:
    """Run until the choice keeps the rules in exact numbers too, or the time is over."""
    begun, problem, drawn_in = time.monotonic(), program.problem, 0
    while True:
        left = seconds - (time.monotonic() - begun)
        found = program.run(max(0.1, left))
        if not drawn_in:
            first = found
        if not found.values:
            status = Status.UNKNOWN if drawn_in else found.status
            return Solution(status, time.monotonic() - begun)
        chosen = exact_shares(problem, program.shares(found.values))
        if not broken(problem, rules, chosen) and keeps_terms(problem, chosen):
            return _counted(program, chosen, first, time.monotonic() - begun)
        if left <= 0:
            return Solution(Status.UNKNOWN, time.monotonic() - begun)
        if all(problem.options[index].is_whole for index in chosen):
            program.forbid(chosen)
        else:
            program.draw_in(_part(problem, chosen) * 2**drawn_in)
            drawn_in += 1


def _counted(program: Program, chosen: Taken, first: Run, seconds: float) -> Solution:
    """The choice with its bound, from a run whose limits were the true ones."""
    objective = Count(program.problem, chosen).objective()
    bound = program.bound(first, objective)
    if first.status is not Status.OPTIMAL:
        return Solution(Status.FEASIBLE, seconds, chosen, objective, bound)
    if bound is None or _is_near(bound, objective):
        return Solution(Status.OPTIMAL, seconds, chosen, objective, objective)
    return Solution(Status.FEASIBLE, seconds, chosen, objective, bound)


def _part(problem: Problem, chosen: Taken) -> Fraction:
    """What rounding can move: a part of each split option, in money."""
    return sum(
        (
            Fraction(problem.dearest(index)) / problem.parts_of(index)
            for index in chosen
            if not problem.options[index].is_whole
        ),
        Fraction(0),
    )


def _is_near(bound: Fraction, objective: Fraction) -> bool:
    return abs(objective - bound) <= ACCURACY * max(Fraction(1), abs(objective))


def exact_shares(problem: Problem, found: Mapping[int, float]) -> dict[int, Fraction]:
    """Shares that an item can be split into, as near as possible to what the solver found."""
    chosen = {}
    for index, share in found.items():
        option = problem.options[index]
        parts = problem.parts_of(index)
        chosen[index] = (
            option.max_share if option.is_whole else Fraction(round(share * parts), parts)
        )
    for item, options in problem.by_item.items():
        _fill_up(problem, item, [i for i in options if i in chosen], chosen)
    return {index: share for index, share in chosen.items() if share}


def _fill_up(problem: Problem, item: str, own: list[int], chosen: dict[int, Fraction]) -> None:
    """Give the part that rounding lost or won to the largest that can be split."""
    split = [index for index in own if not problem.options[index].is_whole]
    left = 1 - sum((chosen[index] for index in own), Fraction(0))
    if left and split and abs(left) * problem.divisions.get(item, 1) <= len(split):
        chosen[max(split, key=lambda index: chosen[index])] += left
