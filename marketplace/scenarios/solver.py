"""The best choice by HiGHS, with the bound that it proved; the least relaxation when there is none.

The solver counts in floating point. So money is scaled to numbers it can hold, every answer is
counted again exactly. An answer of whole offers that breaks a rule by less than the solver's
tolerance is forbidden and the next one asked for. One that is split is rounded to what its items
can be split into; where that breaks a rule or costs a discount, limits of money are drawn in a
little and it is solved again. What was found behind such limits is proven only if it reaches the
bound from before. Large problems have a search beside the solver.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.metadata import version

import numpy as np
import structlog

from marketplace.scenarios.counting import Count, broken, effective, keeps_terms
from marketplace.scenarios.engine import DEAF, Ear, Run, Status
from marketplace.scenarios.exchange import Exchange
from marketplace.scenarios.market import market_of
from marketplace.scenarios.model import Constraint, Objective, Problem, Taken
from marketplace.scenarios.presolve import tightened
from marketplace.scenarios.program import Program
from marketplace.scenarios.rounding import exact_shares
from marketplace.scenarios.rows import rows_of
from marketplace.scenarios.search import Search
from marketplace.scenarios.ties import first_come

log = structlog.get_logger()

VERSION = f"HiGHS {version('highspy')}"
# Parts are rounded to what an item can be split into; a proof holds to this share of the sum.
ACCURACY = Fraction(1, 1_000_000)
# From so many columns on, the solver is not left alone.
LARGE = 1000
# From so many on, it has not even begun to search in a minute.
HUGE = 100_000


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
    """The best choice within the time. given: what the offers themselves demand.

    Of equal offers it takes the one that stands first among the options.
    """
    rules = (*rules, *given)
    problem = tightened(effective(problem, rules), rules)
    if _is_out_of_reach(problem):
        return Solution(Status.INFEASIBLE, 0.0)
    begun = time.monotonic()
    program = program_of(problem, rules)
    if len(program.costs) < LARGE or problem.objective is not Objective.COST:
        found = _solved(program, rules, seconds)
    else:
        found = _searched(program, rules, seconds - (time.monotonic() - begun))
    if found.objective is None:
        return found
    return replace(found, chosen=first_come(problem, rules, found.chosen))


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


def _searched(program: Program, rules: Sequence[Constraint], seconds: float) -> Solution:
    """Two at the same time, each of which hears of what the other finds.

    The solver proves what it can on the whole program, a search finds good awards where that is
    nothing in time. A program that is too large for the solver is searched by both.
    """
    exchange, begun = Exchange(program, rules), time.monotonic()
    search = Search(program, market_of(program.problem, rules), exchange, seconds)
    way = side_by_side if len(program.costs) < HUGE else search_first
    found = way(program, rules, seconds, search)
    return _joined(replace(found, seconds=time.monotonic() - begun), exchange)


def side_by_side(
    program: Program, rules: Sequence[Constraint], seconds: float, search: Search
) -> Solution:
    """What the solver finds while the search goes on beside it, and whatever becomes of that."""
    with ThreadPoolExecutor(1) as other:
        searching = other.submit(_went_well, search.run)
        try:
            return _solved(program, rules, seconds, search.exchange.ear)
        finally:
            search.exchange.done.set()
            searching.result()


def search_first(
    program: Program, rules: Sequence[Constraint], seconds: float, search: Search
) -> Solution:
    """Nothing beside the search; where that fails, what the solver finds in the time left."""
    begun = time.monotonic()
    if _went_well(search.run_together):
        return Solution(Status.UNKNOWN, seconds)
    return _solved(program, rules, seconds - (time.monotonic() - begun))


def _went_well(search: Callable[[], None]) -> bool:
    """Search; where that fails it is logged, and the solver's own award has to do."""
    try:
        search()
    except Exception:
        log.exception("award search failed")
        return False
    return True


def _joined(found: Solution, exchange: Exchange) -> Solution:
    """The better award and the better bound of both."""
    best = exchange.best
    if found.is_proven or best is None:
        return found
    objective, chosen = best.objective, best.chosen
    if found.objective is not None and found.objective <= objective:
        objective, chosen = found.objective, found.chosen
    bounds = [each for each in (found.bound, exchange.bound) if each is not None]
    bound = min(objective, max(bounds)) if bounds else None
    is_proven = bound is not None and _is_near(bound, objective)
    status = Status.OPTIMAL if is_proven else Status.FEASIBLE
    return Solution(status, found.seconds, chosen, objective, objective if is_proven else bound)


def _solved(
    program: Program, rules: Sequence[Constraint], seconds: float, ear: Ear = DEAF
) -> Solution:
    """Run until the choice keeps the rules in exact numbers too, or the time is over."""
    begun, problem = time.monotonic(), program.problem
    best, drawn_in = Solution(Status.UNKNOWN, seconds), 0
    while True:
        left = seconds - (time.monotonic() - begun)
        found = program.run(max(0.1, left), ear)
        if not drawn_in:
            first = found
            best = replace(best, bound=program.bound(first))
        if not found.values:
            return best if drawn_in else replace(best, status=found.status)
        chosen = exact_shares(problem, program.shares(found.values))
        if not broken(problem, rules, chosen) and keeps_terms(problem, chosen):
            counted = _counted(program, chosen, first, time.monotonic() - begun)
            best = _better(problem, best, counted)
            if not _is_dearer(program, found, counted):
                return best
        if left <= 0:
            return best
        if all(problem.options[index].is_whole for index in chosen):
            program.forbid(chosen)
        else:
            program.draw_in(program.margin * 2**drawn_in)
            drawn_in += 1


def _better(problem: Problem, one: Solution, other: Solution) -> Solution:
    """The one with the better objective; any is better than none."""
    if one.objective is None or other.objective is None:
        return other if one.objective is None else one
    is_less = other.objective < one.objective
    return other if is_less is (problem.objective is Objective.COST) else one


def _is_dearer(program: Program, found: Run, counted: Solution) -> bool:
    """Whether rounding has cost a discount: the solver believed in less than was counted."""
    if program.problem.objective is not Objective.COST or counted.objective is None:
        return False
    believed = Fraction(program.worth(np.array(found.values))) * program.scale
    return counted.objective > believed and not _is_near(believed, counted.objective)


def _counted(program: Program, chosen: Taken, first: Run, seconds: float) -> Solution:
    """The choice with its bound, from a run whose limits were the true ones."""
    objective = Count(program.problem, chosen).objective()
    bound = program.bound(first, objective)
    if first.status is not Status.OPTIMAL:
        return Solution(Status.FEASIBLE, seconds, chosen, objective, bound)
    if bound is None or _is_near(bound, objective):
        return Solution(Status.OPTIMAL, seconds, chosen, objective, objective)
    return Solution(Status.FEASIBLE, seconds, chosen, objective, bound)


def _is_near(bound: Fraction, objective: Fraction) -> bool:
    return abs(objective - bound) <= ACCURACY * max(Fraction(1), abs(objective))
