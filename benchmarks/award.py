"""How good an award is after some seconds: HiGHS alone and the product, on generated instances.

``python -m benchmarks.award [seconds ...]`` (10 30 60 by default) prints value, bound and gap of
each size (``instances``) at each mark, every run from the start with that limit. HiGHS alone gets
the same program as the product, whole, and two threads. A size whose award is proven is not run
at the later marks. Every run has a process of its own: HiGHS keeps the first number of threads.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import inf

from benchmarks.instances import SIZES, Size, instance
from marketplace.scenarios.counting import effective
from marketplace.scenarios.model import Constraint, Problem
from marketplace.scenarios.solver import VERSION, program_of, solve


@dataclass(frozen=True, slots=True)
class Result:
    """Value and bound, infinite where there is none, and the seconds it took in all."""

    value: float
    bound: float
    seconds: float

    @property
    def gap(self) -> float:
        return (self.value - self.bound) / self.value if self.value < inf else inf

    @property
    def is_proven(self) -> bool:
        return self.gap < 1e-6

    def __str__(self) -> str:
        gap = f"{self.gap:8.2%}" if self.gap < inf else "       -"
        proven = "  proven" if self.is_proven else ""
        return f"{self.value:14.2f} {self.bound:14.2f} {gap} {self.seconds:7.1f} s{proven}"


def highs_alone(problem: Problem, rules: Sequence[Constraint], seconds: float) -> Result:
    begun = time.monotonic()
    program = program_of(effective(problem, rules), rules)
    left = seconds - (time.monotonic() - begun)
    run = program.arrays().run(left, options={"threads": 2})
    unit = float(program.scale)
    value = (
        sum(c * v for c, v in zip(program.costs, run.values, strict=True)) if run.values else inf
    )
    return Result(value * unit, run.bound * unit, time.monotonic() - begun)


def product(problem: Problem, rules: Sequence[Constraint], seconds: float) -> Result:
    begun = time.monotonic()
    found = solve(problem, rules, seconds=seconds)
    value = inf if found.objective is None else float(found.objective)
    bound = -inf if found.bound is None else float(found.bound)
    return Result(value, bound, time.monotonic() - begun)


WAYS: dict[str, Callable[[Problem, Sequence[Constraint], float], Result]] = {
    "HiGHS alone": highs_alone,
    "product": product,
}


def measured(name: str, size: Size, seconds: float) -> Result:
    """One run in a new process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_run, name, size, seconds).result()


def _run(name: str, size: Size, seconds: float) -> Result:
    problem, rules = instance(size)
    return WAYS[name](problem, rules, seconds)


def main(marks: list[float]) -> None:
    print(f"{VERSION}; value, bound, gap, seconds")
    for size in SIZES:
        print(f"{size}: {len(instance(size)[0].options)} bids", flush=True)
        proven: set[str] = set()
        for mark in marks:
            for name in WAYS:
                if name not in proven:
                    found = measured(name, size, mark)
                    print(f"  {mark:4g} s  {name:12} {found}", flush=True)
                    if found.is_proven:
                        proven.add(name)


if __name__ == "__main__":
    main([float(each) for each in sys.argv[1:]] or [10.0, 30.0, 60.0])
