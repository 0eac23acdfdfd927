"""Which columns of a program belong to which offer, supplier and tier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marketplace.scenarios.engine import Floats, Mask, Whole
from marketplace.scenarios.model import Problem
from marketplace.scenarios.program import Program


@dataclass(frozen=True, slots=True)
class Columns:
    """By column of a program its offer, supplier and tier by number; -1 where it has none."""

    option: Whole
    supplier: Whole
    tier: Whole
    levels: tuple[int, int]

    @classmethod
    def of(cls, program: Program) -> "Columns":
        count, problem = len(program.costs), program.problem
        option, supplier, tier = (np.full(count, -1, dtype=np.int64) for _name in range(3))
        number = {each: place for place, each in enumerate(problem.suppliers)}
        for index, offer in enumerate(problem.options):
            own = [piece.column for piece in program.pieces[index]]
            tier[own] = np.arange(len(own)) // len(program.steps[index])
            own += [column for column, _factor in program.taken[index]]
            option[own], supplier[own] = index, number[offer.supplier]
        for each, switches in program.tiers.items():
            supplier[switches], tier[switches] = number[each], np.arange(len(switches))
        for bloc, switch in zip(problem.blocs, program.blocs, strict=True):
            supplier[switch] = number[problem.options[min(bloc.options)].supplier]
        for key, column in program.switches.items():
            if key[0] == "wins":
                supplier[column] = number[str(key[1])]
        return cls(option, supplier, tier, (len(number), int(tier.max(initial=0)) + 1))

    def free(self, offers: Mask, tiers: Mask) -> Mask:
        """The columns of these offers at these tiers by supplier, and those that are nobody's."""
        is_free = self.supplier < 0
        of_offer = self.option >= 0
        is_free[of_offer] = offers[self.option[of_offer]]
        is_switch = ~of_offer & ~is_free
        is_free[is_switch] = with_any(tiers)[self.supplier[is_switch]]
        tiered = self.tier >= 0
        is_free[tiered] &= tiers[self.supplier[tiered], self.tier[tiered]]
        return is_free

    def standing(self, values: Floats) -> Mask:
        """By supplier and tier, whether something is taken there."""
        taken = (self.option >= 0) & (self.tier >= 0) & (values > 1e-9)
        found = np.zeros(self.levels, dtype=np.bool_)
        found[self.supplier[taken], self.tier[taken]] = True
        return found


@dataclass(frozen=True, slots=True)
class Offers:
    """The offers of a problem: supplier, price, the column that takes it, and its items.

    item: the only item, -1 where there are several. items, starts: those of all offers.
    """

    supplier: Whole
    cost: Floats
    taken: Whole
    item: Whole
    items: Whole
    starts: Whole

    @classmethod
    def of(cls, program: Program) -> "Offers":
        problem = program.problem
        suppliers = {each: place for place, each in enumerate(problem.suppliers)}
        covered = _covered(problem)
        lengths = np.array([len(items) for items in covered])
        starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
        flat = np.array([item for items in covered for item in items])
        return cls(
            supplier=np.array([suppliers[each.supplier] for each in problem.options]),
            # the price of the most that can be taken
            cost=np.array([float(steps[-1].cost) for steps in program.steps]),
            taken=np.array([terms[0][0] for terms in program.taken]),
            item=np.where(lengths == 1, flat[starts], -1),
            items=flat,
            starts=starts,
        )

    def used(self, values: Floats) -> Mask:
        return values[self.taken] > 0.5

    def within(self, items: Mask) -> Mask:
        """The offers for nothing but these items."""
        return np.logical_and.reduceat(items[self.items], self.starts)

    def items_of(self, offers: Mask) -> Whole:
        """All items that one of these offers is for."""
        lengths = np.diff(self.starts, append=len(self.items))
        return self.items[np.repeat(offers, lengths)]

    def best(self, kept: Floats, suppliers: Mask, count: Whole) -> Mask:
        """Of these suppliers, so many offers by item, the cheapest; and all for several items.

        kept: by supplier, what remains of a price.
        """
        own = np.flatnonzero(suppliers[self.supplier])
        chosen = np.zeros(len(self.supplier), dtype=np.bool_)
        chosen[own[self.item[own] < 0]] = True
        own = own[self.item[own] >= 0]
        price = self.cost[own] * kept[self.supplier[own]]
        own = own[np.lexsort((price, self.item[own]))]
        first = np.searchsorted(self.item[own], self.item[own], side="left")
        chosen[own[np.arange(len(own)) - first < count[self.item[own]]]] = True
        return chosen


def with_any(tiers: Mask) -> Mask:
    """The suppliers who have a tier at all."""
    return np.asarray(tiers.any(axis=1))


def _covered(problem: Problem) -> Sequence[list[int]]:
    number = {item: place for place, item in enumerate(problem.items)}
    return [sorted(number[item] for item in option.items) for option in problem.options]
