"""Of awards that are worth the same, the one with the earlier offers.

A solver takes any of them; a bidder who came first and lost will ask why.
"""

from collections.abc import Sequence
from fractions import Fraction

from marketplace.scenarios.counting import Count, broken, keeps_terms
from marketplace.scenarios.model import Constraint, Problem, Taken

# items, cost and points
Worth = tuple[frozenset[str], Fraction, Fraction]


def first_come(problem: Problem, rules: Sequence[Constraint], chosen: Taken) -> Taken:
    """The choice with each whole offer exchanged for the earliest equal one, where all rules hold.

    Equal are offers of the same items at the same cost and points, by themselves or with all that
    counts besides; options stand in the order in which they came.
    """
    equal: dict[Worth, list[int]] = {}
    for index, option in enumerate(problem.options):
        if option.is_whole:
            for worth in _worths(problem, index):
                equal.setdefault(worth, []).append(index)
    objective = Count(problem, chosen).objective()
    for index in sorted(chosen):
        alike = {each for worth in _worths(problem, index) for each in equal.get(worth, ())}
        for earlier in sorted(each for each in alike if each < index and each not in chosen):
            exchanged = {place: share for place, share in chosen.items() if place != index}
            exchanged[earlier] = chosen[index]
            if _holds(problem, rules, exchanged, objective):
                chosen = exchanged
                break
    return chosen


def _worths(problem: Problem, index: int) -> set[Worth]:
    option, alone = problem.options[index], Fraction(problem.options[index].cost)
    besides = sum((problem.blocs[place].cost for place in problem.blocs_of([index])), Fraction(0))
    return {(option.items, cost, option.points) for cost in (alone, alone + besides)}


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
