"""Good awards for large problems: a team first, then one neighbourhood after the other.

A program of thousands of offers is too much for a solver in a minute; one in which most columns are
held is not. So the search lets go of a part of the best award so far (some lots, or other suppliers
for some of the winners), has that solved, and takes what is better. Parts that are solved at once
grow, parts that run out of time shrink.
"""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np

from marketplace.scenarios.columns import Columns, Offers, with_any
from marketplace.scenarios.engine import Ear, Floats, Mask, Status
from marketplace.scenarios.exchange import Award, Exchange
from marketplace.scenarios.market import Market, find_prices
from marketplace.scenarios.program import Program
from marketplace.scenarios.teams import Team, Teams

# The same problem is searched in the same way.
SEED = 1
# Shares of the time limit: to look for a team, to have its award solved, to improve an award.
TEAM_SHARE, TEAM_STEP_SHARE, STEP_SHARE = 0.1, 0.4, 0.15
# A part that is solved in this share of its time can be larger the next time.
EASY = 0.4
GROWTH, SHRINKAGE, SMALLEST = 1.3, 0.7, 0.02
# A part need not be better solved than this.
GAP, TEAM_GAP = 1e-4, 1e-3
# A team whose estimate is dearer than the best award by more than this is not tried.
HOPE = 0.005
# What a linear program takes less of it does not take.
TOUCHED = 1e-6
# The share of items that stay open although a linear program has decided on them.
SLACK = 0.2


class Search:
    """One search on one program; what it finds goes to the exchange."""

    def __init__(
        self, program: Program, market: Market, exchange: Exchange, seconds: float
    ) -> None:
        self.market, self.exchange, self.seconds = market, exchange, seconds
        self.ends = time.monotonic() + seconds
        self.arrays = program.arrays().drawn_in(program.money, program.held, program.margin)
        self.columns, self.offers = Columns.of(program), Offers.of(program)
        # everything open at its reserve price: the first award where that is one
        self.nothing = np.zeros(len(program.costs))
        self.nothing[program.open] = 1.0
        self.chance = random.Random(SEED)  # noqa: S311 - nothing to keep secret
        self.shares = {"lots": 0.3, "entrants": 0.1}

    def run(self) -> None:
        """Until the time is over or the other has proven its award."""
        self.prepare()
        self._solve_on(self._vary)

    def run_together(self) -> None:
        """The same with a thread of its own for teams: two at once keep a machine busy."""
        self.prepare()
        with ThreadPoolExecutor(1) as other:
            scouting = other.submit(self._scout)
            try:
                self._solve_on(lambda: None)
            finally:
                self.exchange.done.set()
            scouting.result()

    def prepare(self) -> None:
        """The bound, and a first team."""
        self.exchange.offer(self.nothing)
        prices = find_prices(self.market, self._until(TEAM_SHARE))
        self.exchange.raise_bound(Fraction(prices.bound))
        self.teams = Teams(self.market, prices, self.chance)
        self.team = self.teams.improved(self.teams.first(), self._until(TEAM_SHARE))

    def _solve_on(self, vary: Callable[[], None]) -> None:
        """Team after team, and the best award bit by bit."""
        tried = None
        while not self._is_over():
            if self.team is not tried:
                tried = self.team
                self._try_team(tried)
            self._try("lots", self._some_lots)
            self._try("entrants", self._some_entrants)
            vary()

    def _vary(self) -> None:
        """Another team from the last one."""
        self.team = self.teams.improved(self.teams.varied(self.team), self._until(TEAM_SHARE / 2))

    def _scout(self) -> None:
        """Better teams, until the time is over."""
        while not self._is_over():
            self.team = self.teams.improved(self.team, self._until(TEAM_SHARE))

    def _is_over(self) -> bool:
        return self.exchange.done.is_set() or time.monotonic() >= self.ends

    def _until(self, share: float) -> Callable[[], bool]:
        """Asks whether a share of the time is over, or all of it."""
        ends = time.monotonic() + share * self.seconds
        return lambda: self._is_over() or time.monotonic() >= ends

    def _try(self, name: str, choose: Callable[[Award, float], Mask]) -> None:
        """Let go of a part of the best award, more of it or less than the last time."""
        best = self.exchange.best
        if best is None or self._is_over():
            return
        share = self.shares[name]
        is_solved, used = self._solve(choose(best, share), best.values, STEP_SHARE, GAP)
        if not is_solved:
            self.shares[name] = max(SMALLEST, share * SHRINKAGE)
        elif used < EASY:
            self.shares[name] = min(1.0, share * GROWTH)

    def _try_team(self, team: Team) -> None:
        """Have the award of a team solved, if it looks worth it."""
        best = self.exchange.best
        if self._is_over() or (best is not None and team.cost > (1 + HOPE) * best.objective):
            return
        tiers = np.zeros(self.columns.levels, dtype=np.bool_)
        tiers[team.members, team.tiers] = True
        kept = np.ones(len(tiers))
        kept[team.members] = self.market.kept[team.members, team.tiers] + team.pressure
        offers = self.offers.best(kept, with_any(tiers), self.market.needed + 1)
        free = self.columns.free(offers, tiers)
        program = self.arrays.part(free, self.nothing).relaxed()
        relaxed = program.run(self._limit(TEAM_STEP_SHARE), ear=self._ear)
        if relaxed.values:
            values = self.nothing.copy()
            values[free] = relaxed.values
            offers &= self._undecided(values[self.offers.taken])
            free = self.columns.free(offers, tiers)
            self._solve(free, self.nothing, TEAM_STEP_SHARE, TEAM_GAP)

    def _undecided(self, taken: Floats) -> Mask:
        """The offers that a linear program takes, and all for items where it wavers.

        Some other items are left open too, so that the spend of a tier can be met.
        """
        wavers = (taken > TOUCHED) & (taken < 1 - TOUCHED)
        items = np.array([self.chance.random() < SLACK for _item in self.market.reserve])
        items[self.offers.items_of(wavers)] = True
        return (taken > TOUCHED) | self.offers.within(items)

    def _limit(self, share: float) -> float:
        """Seconds for one program."""
        return max(0.1, min(share * self.seconds, self.ends - time.monotonic()))

    @property
    def _ear(self) -> Ear:
        return Ear(stop=self._is_over)

    def _solve(self, free: Mask, values: Floats, share: float, gap: float) -> tuple[bool, float]:
        """Solve the free columns and offer the award; whether to the end, in what share of time."""
        limit = self._limit(share)
        run = self.arrays.part(free, values).run(
            limit,
            options={"mip_rel_gap": gap},
            start=values[free],
            ear=self._ear,
        )
        if run.values:
            found = values.copy()
            found[free] = run.values
            self.exchange.offer(found)
        return run.status in (Status.OPTIMAL, Status.INFEASIBLE), run.seconds / limit

    def _some_lots(self, best: Award, share: float) -> Mask:
        """Some items with all that the winners offer for them."""
        winners = with_any(self.columns.standing(best.values))
        items = [self.chance.random() < share for _item in self.market.reserve]
        offers = self.offers.within(np.array(items)) & winners[self.offers.supplier]
        return self.columns.free(offers, self._levels(winners))

    def _some_entrants(self, best: Award, share: float) -> Mask:
        """Other suppliers for some of the winners, with all items that either is about.

        Everybody may go one tier up or down.
        """
        tiers, used = self.columns.standing(best.values), self.offers.used(best.values)
        winners = with_any(tiers)
        tiers[:, 1:] |= tiers[:, :-1]
        tiers[:, :-1] |= tiers[:, 1:]
        count = 1 + round(share * 5)
        entrants = self.teams.likely(np.flatnonzero(~winners), count)
        tiers[entrants, self.teams.prices.tier[entrants]] = True
        tiers[entrants, -1] = True
        leavers = self.chance.sample(
            np.flatnonzero(winners).tolist(), min(count, int(winners.sum()))
        )
        items = np.zeros(len(self.market.reserve), dtype=np.bool_)
        items[self.offers.items_of(np.isin(self.offers.supplier, entrants))] = True
        items[self.offers.items_of(used & np.isin(self.offers.supplier, leavers))] = True
        allowed = with_any(tiers)[self.offers.supplier]
        return self.columns.free(used | (self.offers.within(items) & allowed), tiers)

    def _levels(self, suppliers: Mask) -> Mask:
        """All tiers of these suppliers."""
        return np.repeat(suppliers[:, None], self.columns.levels[1], axis=1)
