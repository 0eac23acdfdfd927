"""How good an award is after some seconds: value, bound and gap on generated instances.

``python -m benchmarks.award [seconds ...]`` (10 30 60 by default). Every supplier bids for about
70 % of the lines, near a price of the line; the rules are those that make awards hard: a cap on
the number of winners, a largest share for each, a smallest order. The same seed gives the same
instances on every machine.
"""

import random
import sys
from decimal import Decimal

from marketplace.scenarios.model import Constraint, Kind, Option, Problem
from marketplace.scenarios.solver import VERSION, solve

SIZES = ((50, 20), (500, 50))
BIDS_FOR = 0.7
SEED = 20


def instance(lines: int, suppliers: int) -> tuple[Problem, list[Constraint]]:
    """Lines with offers, and the rules of the award."""
    chance = random.Random(SEED)  # noqa: S311 - to be the same everywhere
    level = {f"s{number}": chance.uniform(0.9, 1.1) for number in range(suppliers)}
    options = []
    for line in range(lines):
        price = chance.uniform(100, 10_000)
        # one offer for certain, so that every line can be awarded
        certain = chance.choice(sorted(level))
        for supplier, factor in level.items():
            if supplier == certain or chance.random() < BIDS_FOR:
                cost = Decimal(f"{price * factor * chance.uniform(0.8, 1.25):.2f}")
                options.append(Option(supplier, frozenset({str(line)}), cost))
    problem = Problem(tuple(str(line) for line in range(lines)), tuple(options))
    worth = problem.most
    rules = [
        Constraint(Kind.MAX_SUPPLIERS, Decimal(suppliers // 4)),
        Constraint(Kind.MAX_SHARE, Decimal(35)),
        Constraint(Kind.MIN_ORDER_VALUE, (worth / 20).quantize(Decimal("0.01"))),
    ]
    return problem, rules


def main(seconds: list[float]) -> None:
    print(f"{VERSION}; lines x suppliers, time limit, value, bound, gap, seconds")
    for lines, suppliers in SIZES:
        problem, rules = instance(lines, suppliers)
        for limit in seconds:
            found = solve(problem, rules, seconds=limit)
            print(f"{lines}x{suppliers} ({len(problem.options)} bids)  {limit:g} s  ", end="")
            if found.objective is None or found.gap is None:
                print(f"{found.status}  {found.seconds:.1f} s", flush=True)
                continue
            value, bound = float(found.objective), float(found.bound or 0)
            print(
                f"{value:.2f}  {bound:.2f}  {float(found.gap):.2%}  {found.status} "
                f" {found.seconds:.1f} s",
                flush=True,
            )
            if found.is_proven:
                break


if __name__ == "__main__":
    main([float(each) for each in sys.argv[1:]] or [10.0, 30.0, 60.0])
