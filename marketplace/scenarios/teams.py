"""Who might win together, and at which tier: quick estimates instead of programs.

A *team* is a set of suppliers with a tier for each. Once it is fixed, the award is a sorted list
by item, were it not for the spend that each tier starts and ends at. Those limits get a *pressure*
by supplier instead, which makes its offers dearer or cheaper until the spend fits: what then comes
out is about what the team costs. Offers for several items at once are left out.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from marketplace.scenarios.engine import Floats, Whole
from marketplace.scenarios.market import Market, Prices, single_items

QUICK, THOROUGH = 8, 30
# A change of pressure at first, as a share of the price.
PUSH = 0.15
# Without a reserve price, an item that nobody offers costs this many times the dearest offer.
DEAR = 3.0


@dataclass(frozen=True, slots=True)
class Team:
    """Suppliers by number, the tier of each, the pressure on it, and about what it all costs."""

    members: Whole
    tiers: Whole
    pressure: Floats
    cost: float = np.inf


class Teams:
    """Estimates for the teams of a market."""

    def __init__(self, market: Market, prices: Prices, chance: random.Random) -> None:
        self.market, self.prices, self.chance = market, prices, chance
        # a tier that cannot be reached is one of no spend at all
        is_tier = np.isfinite(market.least) & (market.least <= market.cap)
        self.least = np.where(is_tier, market.least, 0.0)
        self.cap = np.where(is_tier, market.cap, 0.0)
        # by item and supplier
        shape = (len(market.reserve), len(market.fixed))
        self.cost, self.most = np.full(shape, np.inf), np.zeros(shape)
        supplier = np.empty(len(market.cost), dtype=np.int64)
        rows, columns = np.nonzero(market.grid >= 0)
        supplier[market.grid[rows, columns]] = rows
        # the last price of an offer is the one for the most of it
        for entry in np.flatnonzero(single_items(market)):
            place = market.items[market.starts[entry]], supplier[entry]
            self.cost[place], self.most[place] = market.cost[entry], market.most[entry]
        smallest = self.most.min(initial=1.0, where=self.most > 0)
        # so many of the smallest fill an item
        self.depth = ceil(1 / smallest)
        dearest = np.where(np.isfinite(self.cost), self.cost, 0.0).max(initial=1.0)
        self.reserve = np.where(np.isfinite(market.reserve), market.reserve, DEAR * dearest)

    def first(self) -> Team:
        """Those who won the most often while prices were sought, all at the tier that is best."""
        order = np.lexsort((self.prices.worth, -self.prices.won))
        members = order[: self.market.winners]
        none = np.zeros(len(members))
        teams = (
            self.measured(Team(members, np.full(len(members), tier), none), THOROUGH)
            for tier in range(self.market.kept.shape[1])
        )
        return min(teams, key=lambda team: team.cost)

    def varied(self, team: Team) -> Team:
        """The team with two of it changed, to set out from somewhere else."""
        for _number in range(2):
            team = self._changed(team, self._appeal(team))
        return self.measured(team, THOROUGH)

    def likely(self, suppliers: Whole, count: int) -> list[int]:
        """So many of these suppliers by chance, rather those who won while prices were sought."""
        if not len(suppliers):
            return []
        weights = self.prices.won[suppliers] + 0.02
        return self.chance.choices(suppliers.tolist(), weights.tolist(), k=count)

    def measured(self, team: Team, rounds: int) -> Team:
        """The team with its cost, and the pressure that fits its tiers best."""
        market, members = self.market, team.members
        kept = market.kept[members, team.tiers]
        least, cap = self.least[members, team.tiers], self.cap[members, team.tiers]
        cap = np.minimum(cap, 10 * self.reserve.sum())
        cost = self._offers(members)
        most = self._parts(team)
        fixed, step, pressure = market.fixed[members].sum(), PUSH, team.pressure
        best = replace(team, cost=-np.inf)
        for _round in range(rounds):
            value, spend = self._filled(cost, most, kept + pressure)
            value += fixed - np.where(pressure > 0, pressure * cap, pressure * least).sum()
            if value > best.cost:
                best = replace(team, pressure=pressure, cost=float(value))
            else:
                step *= 0.8
            off = _off(spend, least, cap, pressure)
            if not off.any():
                break
            moved = pressure + step * off / np.maximum(np.minimum(cap, least + spend), 1.0)
            # first to zero, where the other limit begins to count
            moved = np.where(moved * pressure < 0, 0.0, moved)
            pressure = np.clip(moved, -0.5, 1.0)
        return best

    def improved(self, team: Team, is_over: Callable[[], bool]) -> Team:
        """A cheaper team by single changes, until the time is over."""
        weights = self._appeal(team)
        while not is_over():
            changed = self._changed(team, weights)
            # an estimate is too low until its pressure fits
            found = self.measured(changed, QUICK)
            if found.cost < team.cost:
                found = self.measured(found, THOROUGH)
            if found.cost < team.cost:
                team, weights = found, self._appeal(found)
        return team

    def _changed(self, team: Team, weights: Floats) -> Team:
        """One for another, another tier for one, or one tier up and another down."""
        chance, levels = self.chance, self.market.kept.shape[1]
        members, tiers, pressure = team.members.copy(), team.tiers.copy(), team.pressure.copy()
        place, other = chance.randrange(len(members)), chance.randrange(len(members))
        kind = chance.random()
        if kind < 0.5 and weights.any():
            members[place] = chance.choices(range(len(weights)), weights.tolist())[0]
            tiers[place] = chance.randrange(levels)
        elif kind < 0.75:
            tiers[place] = chance.randrange(levels)
        else:
            tiers[place], tiers[other] = min(levels - 1, tiers[place] + 1), max(0, tiers[other] - 1)
            pressure[other] = 0.0
        pressure[place] = 0.0
        return Team(members, tiers, pressure)

    def _appeal(self, team: Team) -> Floats:
        """By supplier outside, how much cheaper than the team its offers are; never quite zero."""
        kept = self.market.kept[team.members, team.tiers] + team.pressure
        prices, parts, _whose = self._sorted(self._offers(team.members), self._parts(team), kept)
        paid = np.where(parts > 0, prices, 0.0).max(axis=1)
        own = self.cost * self.market.kept[:, -1]
        gain = (np.maximum(paid[:, None] - own, 0.0) * self.most).sum(axis=0)
        weights = np.maximum(gain - self.market.fixed, 0.0)
        weights += 0.01 * weights.max(initial=1.0)
        weights[team.members] = 0.0
        return np.asarray(weights)

    def _offers(self, members: Whole) -> Floats:
        """Their prices by item; none at all where they are too few for the item."""
        cost = self.cost[:, members]
        too_few = np.isfinite(cost).sum(axis=1) < self.market.needed
        return np.where(too_few[:, None], np.inf, cost)

    def _parts(self, team: Team) -> Floats:
        return np.column_stack([self.most[:, team.members], np.ones(len(self.reserve))])

    def _filled(self, cost: Floats, most: Floats, factor: Floats) -> tuple[float, Floats]:
        """What the items come to, each from the cheapest on; and the spend by member."""
        prices, parts, whose = self._sorted(cost, most, factor)
        items, ranks = np.nonzero(parts)
        taken, whose = parts[items, ranks], whose[items, ranks]
        paid = prices[items, ranks] @ taken
        listed = np.column_stack([cost, np.zeros(len(self.reserve))])
        spend = np.bincount(whose, listed[items, whose] * taken, cost.shape[1] + 1)
        return float(paid), np.asarray(spend[:-1], dtype=np.float64)

    def _sorted(self, cost: Floats, most: Floats, factor: Floats) -> tuple[Floats, Floats, Whole]:
        """By item from the cheapest on: price, part that is taken, and whose it is."""
        prices = np.column_stack([cost * factor, self.reserve])
        if self.depth < prices.shape[1]:
            whose = np.argpartition(prices, self.depth, axis=1)[:, : self.depth]
            order = np.argsort(np.take_along_axis(prices, whose, 1), axis=1)
            whose = np.take_along_axis(whose, order, 1)
        else:
            whose = np.argsort(prices, axis=1)
        parts = np.take_along_axis(most, whose, 1)
        parts = np.clip(1.0 - (np.cumsum(parts, axis=1) - parts), 0.0, parts)
        return np.take_along_axis(prices, whose, 1), parts, whose


def _off(spend: Floats, least: Floats, cap: Floats, pressure: Floats) -> Floats:
    """By how much each is beyond the limit that its pressure is for."""
    beyond = np.maximum(spend - cap, 0.0) - np.maximum(least - spend, 0.0)
    return np.select([pressure > 0, pressure < 0], [spend - cap, spend - least], beyond)
