"""What the rules already say about single offers."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from marketplace.scenarios.market import shared_items
from marketplace.scenarios.model import Constraint, Option, Problem


def tightened(problem: Problem, rules: Sequence[Constraint]) -> Problem:
    """The same problem with smaller largest parts.

    Where an item must be shared, nobody gets what the least parts of the others come to. A solver
    finds that out only by trying.
    """
    shared = shared_items(problem, rules)
    if not shared:
        return problem
    least = {
        item: min((problem.options[index].min_share for index in problem.by_item[item]), default=0)
        for item in shared
    }
    most = {item: 1 - (count - 1) * Fraction(least[item]) for item, count in shared.items()}
    return replace(problem, options=tuple(_limited(option, most) for option in problem.options))


def _limited(option: Option, most: dict[str, Fraction]) -> Option:
    """The option with a smaller largest part; one that fits nowhere is left to the rules."""
    if len(option.items) != 1 or option.is_whole:
        return option
    (item,) = option.items
    limit = most.get(item, Fraction(1))
    if option.min_share <= limit < option.max_share:
        return replace(option, max_share=limit)
    return option
