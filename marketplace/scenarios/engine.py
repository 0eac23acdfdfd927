"""HiGHS itself: a program as arrays goes in, values and a bound come out.

A run can be stopped, listened to and given better values from outside: HiGHS leaves Python alone
while it works, so that two runs go side by side in one process.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]

# Sums of money are brought to about this size.
SIZE = 1_000_000


class Status(StrEnum):
    """How far it came: proven best, best so far, proven impossible, or nothing yet."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, status: "highspy.HighsModelStatus", *, has_values: bool) -> "Status":
        if status == highspy.HighsModelStatus.kInfeasible:
            return cls.INFEASIBLE
        if not has_values:
            return cls.UNKNOWN
        return cls.OPTIMAL if status == highspy.HighsModelStatus.kOptimal else cls.FEASIBLE


@dataclass(frozen=True, slots=True)
class Run:
    """What the solver says."""

    status: Status
    seconds: float
    values: Sequence[float]
    bound: float

    def at(self, column: int) -> float:
        return self.values[column]


@dataclass(frozen=True, slots=True)
class Ear:
    """Whom a run hears: when to stop, what is better than its own, who wants what it finds."""

    stop: Callable[[], bool] = lambda: False
    better: Callable[[float], Floats | None] = lambda _best: None
    found: Callable[[Floats], None] = lambda _values: None


DEAF = Ear()


@dataclass(frozen=True, slots=True)
class Arrays:
    """Minimise ``costs`` within bounds by column, each row at most its limit; rows are sparse."""

    costs: Floats
    lower: Floats
    upper: Floats
    whole: Mask
    limits: Floats
    starts: Whole
    places: Whole
    factors: Floats
    rows: Whole = field(init=False)

    def __post_init__(self) -> None:
        lengths = np.diff(self.starts)
        object.__setattr__(self, "rows", np.repeat(np.arange(len(self.limits)), lengths))

    def value_of(self, values: Floats) -> float:
        return float(self.costs @ values)

    def relaxed(self) -> "Arrays":
        """The same program where nothing needs to be whole."""
        return replace(self, whole=np.zeros_like(self.whole))

    def part(self, free: Mask, values: Floats) -> "Arrays":
        """The program of the free columns, with all others held at these values."""
        is_free = free[self.places]
        held = np.where(is_free, 0.0, self.factors * values[self.places])
        limits = self.limits - np.bincount(self.rows, held, len(self.limits))
        kept, rows = np.unique(self.rows[is_free], return_inverse=True)
        return Arrays(
            costs=self.costs[free],
            lower=self.lower[free],
            upper=self.upper[free],
            whole=self.whole[free],
            limits=limits[kept],
            starts=np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(kept)))]),
            places=(np.cumsum(free) - 1)[self.places[is_free]],
            factors=self.factors[is_free],
        )

    def drawn_in(self, rows: Sequence[int], places: Sequence[int], margin: float) -> "Arrays":
        """Keep that much away from the limits of these rows, and of those held at these places."""
        limits, factors = self.limits.copy(), self.factors.copy()
        limits[list(rows)] -= margin
        factors[list(places)] += margin
        return replace(self, limits=limits, factors=factors)

    def run(
        self,
        seconds: float,
        *,
        options: dict[str, float | int | str] | None = None,
        start: Floats | None = None,
        ear: Ear = DEAF,
    ) -> Run:
        """Solve, from this start where it is given."""
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        highs.silent()
        chosen = {"time_limit": float(seconds), "threads": 1, "mip_rel_gap": 0.0, **(options or {})}
        for name, value in chosen.items():
            highs.setOptionValue(name, value)
        highs.passModel(self._model())
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = list(start)
            highs.setSolution(solution)
        if ear is not DEAF:
            _listen(highs, ear)
        begun = time.monotonic()
        highs.run()
        info = highs.getInfo()
        has_values = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        values = list(highs.getSolution().col_value) if has_values else []
        status = Status.of(highs.getModelStatus(), has_values=has_values)
        return Run(status, time.monotonic() - begun, values, info.mip_dual_bound)

    def _model(self) -> "highspy.HighsLp":
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.limits)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.costs, self.lower, self.upper
        lp.row_lower_ = np.full(len(self.limits), -highspy.kHighsInf)
        lp.row_upper_ = self.limits
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if w else kinds.kContinuous for w in self.whole]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = self.starts.astype(np.int32)
        lp.a_matrix_.index_ = self.places.astype(np.int32)
        lp.a_matrix_.value_ = self.factors
        return lp


def scale_of(values: Sequence[Fraction], items: int) -> Fraction:
    """By what to divide so that a whole award is about `SIZE`; never to make small sums larger."""
    return max(Fraction(1), max(values, default=Fraction(0)) * items / SIZE)


def _listen(highs: "highspy.Highs", ear: Ear) -> None:
    def interrupt(event: Any) -> None:
        if ear.stop():
            event.interrupt()

    def improving(event: Any) -> None:
        ear.found(np.array(event.data_out.mip_solution))

    def wanting(event: Any) -> None:
        values = ear.better(event.data_out.mip_primal_bound)
        if values is not None:
            event.data_in.setSolution(values)

    highs.cbMipInterrupt.subscribe(interrupt)
    highs.cbSimplexInterrupt.subscribe(interrupt)
    highs.cbMipImprovingSolution.subscribe(improving)
    highs.cbMipUserSolution.subscribe(wanting)
