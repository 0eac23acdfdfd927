"""What each supplier would deliver if every item had a price, and the bound that follows.

The rule that every item is covered once is dropped, and a price is paid for it instead. Then every
supplier decides alone what to deliver and at which tier, and the most eager ones win: a sorted
list for each, no program to solve. No award can cost less than what comes out, whatever the prices
are (Lagrangian relaxation; the best prices give the bound of the linear program). Numbers are
floats in the currency of the problem.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from marketplace.scenarios.engine import Floats, Mask, Whole
from marketplace.scenarios.model import Constraint, Kind, Option, Problem, groups, lots_of

# Prices are found in so many steps; a step is shortened when so many brought nothing.
STEPS = 800
PATIENCE = 20
# A bound counted in floats is taken back by this share.
CAUTION = 1e-9
NEVER = np.inf


@dataclass(frozen=True, slots=True)
class Reply:
    """What happens at given prices.

    value: no award costs less. slope: by item, what is missing of it. worth: by supplier, what
    taking it on changes the value by, at its best ``tier``. chosen: the suppliers who win.
    """

    value: float
    slope: Floats
    worth: Floats
    tier: Whole
    chosen: Whole


@dataclass(frozen=True, slots=True)
class Prices:
    """The best prices that were found, with their bound; how often each supplier won."""

    bound: float
    of_items: Floats
    worth: Floats
    tier: Whole
    won: Floats


@dataclass(frozen=True)
class Market:
    """A problem as arrays. An entry is an option at one of its prices.

    cost, most: by entry, the price of the whole and the largest part. items, starts: what each
    entry covers, one after the other. grid: the entries by supplier, -1 where there is none.
    kept, least, cap: by supplier and tier, the share of the price that remains and the range of
    the spend before discount. reserve: by item. needed: by item, how many must share it.
    """

    cost: Floats
    most: Floats
    option: Whole
    items: Whole
    starts: Whole
    grid: Whole
    kept: Floats
    least: Floats
    cap: Floats
    fixed: Floats
    reserve: Floats
    needed: Whole
    winners: int

    def reply(self, prices: Floats) -> Reply:
        """What happens at these prices of the items."""
        earned = np.add.reduceat(prices[self.items], self.starts)
        ratio = np.where(self.grid < 0, -NEVER, (earned / self.cost)[self.grid])
        order = np.argsort(-ratio, axis=1, kind="stable")
        entries = np.take_along_axis(self.grid, order, 1)
        is_none = entries < 0
        spends = np.where(is_none, 0.0, (self.cost * self.most)[entries])
        shelf = _Shelf(
            np.take_along_axis(ratio, order, 1),
            spends,
            np.where(is_none, 0.0, (earned * self.most)[entries]),
        )
        worth, tier, spent = self._best_tiers(shelf)
        chosen = np.argsort(worth, kind="stable")[: self.winners]
        chosen = chosen[worth[chosen] < 0]
        taken = np.zeros(len(self.cost))
        parts = shelf.parts(chosen, spent[chosen])
        own = ~is_none[chosen]
        taken[entries[chosen][own]] = (parts * self.most[entries[chosen]])[own]
        is_open = self.reserve < prices
        value = prices.sum() + worth[chosen].sum() + (self.reserve - prices)[is_open].sum()
        lengths = np.diff(self.starts, append=len(self.items))
        covered = np.bincount(self.items, np.repeat(taken, lengths), len(self.reserve))
        slope = np.asarray(1.0 - is_open - covered, dtype=np.float64)
        return Reply(float(value), slope, worth, tier, chosen)

    def _best_tiers(self, shelf: "_Shelf") -> tuple[Floats, Whole, Floats]:
        """By supplier: what it changes at best, at which tier, and its spend there."""
        suppliers = len(self.grid)
        worth, spent = np.full(suppliers, NEVER), np.zeros(suppliers)
        best = np.zeros(suppliers, dtype=np.int64)
        for tier in range(self.kept.shape[1]):
            kept, least, cap = self.kept[:, tier], self.least[:, tier], self.cap[:, tier]
            spend = np.clip(shelf.wanted(kept), least, cap)
            cannot = (spend > shelf.spend[:, -1] + 1e-9) | (least > cap)
            spend = np.where(cannot, 0.0, spend)
            value = np.where(cannot, NEVER, self.fixed + kept * spend - shelf.earned(spend))
            is_better = value < worth
            worth[is_better], best[is_better], spent[is_better] = (
                value[is_better],
                tier,
                spend[is_better],
            )
        return worth, best, spent


class _Shelf:
    """Every supplier's entries with those that earn the most for their price first."""

    def __init__(self, ratio: Floats, spends: Floats, earnings: Floats) -> None:
        self.ratio, self.spends, self.earnings = ratio, spends, earnings
        self.spend, self.earning = np.cumsum(spends, axis=1), np.cumsum(earnings, axis=1)
        self.rows = np.arange(len(ratio))

    def wanted(self, kept: Floats) -> Floats:
        """What a supplier would deliver, before discount, if it were free to choose."""
        count = (self.ratio > kept[:, None]).sum(axis=1)
        return np.where(count > 0, self.spend[self.rows, np.maximum(count - 1, 0)], 0.0)

    def earned(self, spend: Floats) -> Floats:
        """What the best entries of that spend earn, the last one in part."""
        last = np.minimum((self.spend < spend[:, None]).sum(axis=1), self.spend.shape[1] - 1)
        own = self.spends[self.rows, last]
        part = np.divide(
            spend - (self.spend[self.rows, last] - own), own, out=np.zeros_like(own), where=own > 0
        )
        earning = self.earnings[self.rows, last]
        before = self.earning[self.rows, last] - earning
        return np.asarray(before + part * earning)

    def parts(self, suppliers: Whole, spend: Floats) -> Floats:
        """What is taken of each entry so that it comes to that spend."""
        own = self.spends[suppliers]
        before = self.spend[suppliers] - own
        left = spend[:, None] - before
        return np.clip(np.divide(left, own, out=np.zeros_like(own), where=own > 0), 0.0, 1.0)


def market_of(problem: Problem, rules: Sequence[Constraint]) -> Market:
    """The market of a problem whose cost is the objective. Other rules than these are left out:
    who is excluded, how many may win, share an item, and what each may and must get at all."""
    number = {item: place for place, item in enumerate(problem.items)}
    entries = list(_entries(problem, rules))
    lengths = [len(option.items) for _index, option, _cost in entries]
    suppliers = {supplier: place for place, supplier in enumerate(problem.suppliers)}
    kept, least, cap = _tiers(problem, rules)
    needed = np.ones(len(number), dtype=np.int64)
    for item, count in shared_items(problem, rules).items():
        needed[number[item]] = count
    return Market(
        # something for nothing has no ratio
        cost=np.maximum([cost for _index, _option, cost in entries], 1e-6),
        most=np.array([float(option.max_share) for _index, option, _cost in entries]),
        option=np.array([index for index, _option, _cost in entries]),
        items=np.array([number[item] for _i, option, _c in entries for item in option.items]),
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64),
        grid=_grid([suppliers[option.supplier] for _i, option, _c in entries], len(suppliers)),
        kept=kept,
        least=least,
        cap=cap,
        fixed=np.array([float(problem.terms_of(each).fixed_cost) for each in suppliers]),
        reserve=np.array([float(problem.reserves.get(item, NEVER)) for item in number]),
        needed=needed,
        winners=min(
            [len(suppliers)]
            + [int(r.limit) for r in rules if r.kind is Kind.MAX_SUPPLIERS and not r.lots]
        ),
    )


def shared_items(problem: Problem, rules: Sequence[Constraint]) -> dict[str, int]:
    """The items that several suppliers must share if anybody gets them, with how many."""
    shared: dict[str, int] = {}
    for rule in rules:
        if rule.kind is not Kind.MIN_LOT_SUPPLIERS:
            continue
        for lot in lots_of(problem, rule):
            if len(items := problem.lots[lot]) == 1:
                (item,) = items
                shared[item] = max(shared.get(item, 1), int(rule.limit))
    return shared


def find_prices(market: Market, is_over: Callable[[], bool]) -> Prices:
    """Raise the bound by changing prices: where an item is missing it goes up, else down.

    A subgradient method whose direction remembers the last ones and whose step is shortened from
    the best prices whenever it brings nothing. ``is_over`` is asked before each step.
    """
    prices = np.minimum(_cheapest(market), market.reserve)
    best, best_prices = market.reply(prices), prices
    direction, step, idle = np.zeros_like(prices), 0.01, 0
    won = np.zeros(len(market.fixed))
    for _number in range(STEPS):
        if is_over():
            break
        found = market.reply(prices)
        idle = 0 if found.value > best.value * (1 + 1e-6) else idle + 1
        if found.value > best.value:
            best, best_prices = found, prices
        if idle >= PATIENCE:
            prices, step, idle = best_prices, step / 1.5, 0
        won *= 0.98
        won[found.chosen] += 0.02
        direction = found.slope + 0.6 * direction
        length = max(float(direction @ direction), 1e-9)
        prices = prices + step * abs(best.value) / length * direction
    bound = best.value - CAUTION * abs(best.value)
    return Prices(bound, best_prices, best.worth, best.tier, won)


def _cheapest(market: Market) -> Floats:
    """By item, the lowest price of an entry that is for it alone."""
    alone = single_items(market)
    lowest = np.full(len(market.reserve), NEVER)
    np.minimum.at(lowest, market.items[market.starts[alone]], market.cost[alone])
    dearest = market.cost.max(initial=1.0)
    return np.where(np.isfinite(lowest), lowest, np.minimum(market.reserve, dearest))


def _entries(problem: Problem, rules: Sequence[Constraint]) -> Iterator[tuple[int, Option, float]]:
    for index, option in enumerate(problem.options):
        if not any(_is_barred(problem, option, rule) for rule in rules):
            for step in option.steps:
                yield index, option, float(step.cost)


def _is_barred(problem: Problem, option: Option, rule: Constraint) -> bool:
    if rule.kind is Kind.EXCLUDE:
        return option.supplier in rule.suppliers and (
            rule.line is None or rule.line in option.items
        )
    return rule.kind is Kind.SCORE_FLOOR and problem.scores[option.supplier] < rule.limit


def _grid(suppliers: Sequence[int], count: int) -> Whole:
    own: list[list[int]] = [[] for _supplier in range(count)]
    for entry, supplier in enumerate(suppliers):
        own[supplier].append(entry)
    grid = np.full((count, max(map(len, own))), -1, dtype=np.int64)
    for supplier, entries in enumerate(own):
        grid[supplier, : len(entries)] = entries
    return grid


def _tiers(problem: Problem, rules: Sequence[Constraint]) -> tuple[Floats, Floats, Floats]:
    """By supplier and tier: what is kept of a price, and the spend before discount from and to."""
    least_paid, most_paid = _paid(problem, rules)
    tiers = [problem.tiers_of(supplier) for supplier in problem.suppliers]
    shape = (len(tiers), max(map(len, tiers)))
    kept, least, cap = np.ones(shape), np.full(shape, NEVER), np.full(shape, -NEVER)
    for row, own in enumerate(tiers):
        ends = [*(float(tier.from_value) for tier in own[1:]), NEVER]
        for place, (tier, end) in enumerate(zip(own, ends, strict=True)):
            kept[row, place] = share = 1 - float(tier.discount) / 100
            least[row, place] = max(float(tier.from_value), least_paid[row] / share)
            cap[row, place] = min(end, most_paid[row] / share)
    return kept, least, cap


def _paid(problem: Problem, rules: Sequence[Constraint]) -> tuple[list[float], list[float]]:
    """What each supplier must get at least where it wins, and may get at most."""
    terms = [problem.terms_of(supplier) for supplier in problem.suppliers]
    least = {s: float(t.min_order_value) for s, t in zip(problem.suppliers, terms, strict=True)}
    most = {
        s: NEVER if t.spend_cap is None else float(t.spend_cap)
        for s, t in zip(problem.suppliers, terms, strict=True)
    }
    for rule in rules:
        if rule.kind is Kind.MIN_ORDER_VALUE:
            for supplier in rule.suppliers or problem.suppliers:
                least[supplier] = max(least.get(supplier, 0.0), float(rule.limit))
        if rule.kind is Kind.CAPACITY and not rule.lots:
            for group in groups(problem, rule):
                for supplier in group:
                    most[supplier] = min(most.get(supplier, NEVER), float(rule.limit))
    return [least[s] for s in problem.suppliers], [most[s] for s in problem.suppliers]


def single_items(market: Market) -> Mask:
    """The entries that are for one item alone."""
    return np.asarray(np.diff(market.starts, append=len(market.items)) == 1)
