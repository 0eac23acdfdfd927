"""From what a solver found in floats to shares that exist."""

from collections.abc import Mapping
from fractions import Fraction

from marketplace.scenarios.model import Problem


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
