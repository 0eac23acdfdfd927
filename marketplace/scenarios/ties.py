"""Of awards that are worth the same, the one with the earlier offers.

A solver takes any of them; a bidder who came first and lost will ask why.
"""

from collections.abc import Sequence
from fractions import Fraction

from marketplace.scenarios.counting import Count, broken, keeps_terms
from marketplace.scenarios.model import Constraint, Option, Problem, Taken


def first_come(problem: Problem, rules: Sequence[Constraint], chosen: Taken) -> Taken:
    """The choice with each whole offer exchanged for the earliest equal one, where all rules hold.

    Equal are offers of the same items at the same cost and points; options stand in the order in
    which they came.
    """
    equal: dict[tuple[frozenset[str], Fraction, Fraction], list[int]] = {}
    for index, option in enumerate(problem.options):
        if option.is_whole:
            equal.setdefault(_worth(option), []).append(index)
    objective = Count(problem, chosen).objective()
    for index in sorted(chosen):
        rivals = equal.get(_worth(problem.options[index]), [])
        for earlier in rivals:
            if earlier == index:
                break
            if earlier in chosen:
                continue
            exchanged = {place: share for place, share in chosen.items() if place != index}
            exchanged[earlier] = chosen[index]
            if _holds(problem, rules, exchanged, objective):
                chosen = exchanged
                break
    return chosen


def _worth(option: Option) -> tuple[frozenset[str], Fraction, Fraction]:
    return option.items, Fraction(option.cost), option.points


def _holds(
    problem: Problem, rules: Sequence[Constraint], chosen: Taken, objective: Fraction
) -> bool:
    taken_twice = any(len(rivals & chosen.keys()) > 1 for rivals in problem.exclusive)
    return (
        not taken_twice
        and Count(problem, chosen).objective() == objective
        and not broken(problem, rules, chosen)
        and keeps_terms(problem, chosen)
    )
