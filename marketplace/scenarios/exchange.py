"""The best award so far and the best bound, shared by two who look for them at the same time."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from marketplace.scenarios.counting import Count, broken, keeps_terms
from marketplace.scenarios.engine import Ear, Floats
from marketplace.scenarios.model import Constraint, Taken
from marketplace.scenarios.program import Program
from marketplace.scenarios.rounding import exact_shares


@dataclass(frozen=True, slots=True)
class Award:
    """A choice that keeps every rule: as columns of the program, and in exact numbers."""

    values: Floats
    chosen: Taken
    objective: Fraction


class Exchange:
    """Takes awards and bounds from both, keeps the best, and says when it is over."""

    def __init__(self, program: Program, rules: Sequence[Constraint]) -> None:
        self.program, self.rules = program, rules
        self.best: Award | None = None
        self.bound: Fraction | None = None
        self.done = threading.Event()
        self._lock = threading.Lock()

    def offer(self, values: Floats) -> None:
        """Keep these columns if they are better; counted exactly, so that no rule is broken."""
        problem = self.program.problem
        chosen = exact_shares(problem, self.program.shares(values.tolist()))
        if broken(problem, self.rules, chosen) or not keeps_terms(problem, chosen):
            return
        award = Award(values, chosen, Count(problem, chosen).objective())
        with self._lock:
            if self.best is None or award.objective < self.best.objective:
                self.best = award

    def raise_bound(self, bound: Fraction) -> None:
        with self._lock:
            self.bound = bound if self.bound is None else max(self.bound, bound)

    def better(self, value: float) -> Floats | None:
        """The best columns where they are worth less than this."""
        best = self.best
        if best is None or self.program.worth(best.values) >= value - 1e-6 * abs(value):
            return None
        return best.values

    @property
    def ear(self) -> Ear:
        """For a run of the whole program."""
        return Ear(stop=self.done.is_set, better=self.better, found=self.offer)
