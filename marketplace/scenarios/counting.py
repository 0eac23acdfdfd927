"""What a choice comes to, in exact numbers, whatever a solver believes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from marketplace.scenarios.model import (
    PRICED,
    Constraint,
    Kind,
    Objective,
    Problem,
    Taken,
    groups,
    lots_of,
)

NOTHING = Fraction(0)


@dataclass(frozen=True)
class Count:
    """A choice with everything that its rules ask about."""

    problem: Problem
    taken: Taken

    @cached_property
    def paid(self) -> dict[int, Fraction]:
        """What each option costs: the price of its part, less the discount on everything."""
        listed = {i: self.problem.options[i].cost_of(share) for i, share in self.taken.items()}
        spend: dict[str, Fraction] = {}
        for index, cost in listed.items():
            supplier = self.problem.options[index].supplier
            spend[supplier] = spend.get(supplier, NOTHING) + cost
        kept = {
            supplier: 1 - self.problem.terms_of(supplier).discount_on(value)
            for supplier, value in spend.items()
        }
        return {i: cost * kept[self.problem.options[i].supplier] for i, cost in listed.items()}

    @cached_property
    def total(self) -> Fraction:
        return sum(self.paid.values(), NOTHING)

    @cached_property
    def open(self) -> dict[str, Fraction]:
        """The share of each item that goes to nobody, where there is one."""
        left = dict.fromkeys(self.problem.items, Fraction(1))
        for index, share in self.taken.items():
            for item in self.problem.options[index].items:
                left[item] -= share
        return {item: share for item, share in left.items() if share}

    @property
    def winners(self) -> set[str]:
        return self.winners_of(self.taken)

    def winners_of(self, options: Iterable[int]) -> set[str]:
        return {self.problem.options[index].supplier for index in options}

    def money(self, suppliers: Collection[str], lots: tuple[str, ...] = ()) -> Fraction:
        """What these suppliers get, of these lots or of all."""
        options = self.taken.keys() & self.problem.within(lots) if lots else self.taken
        return sum(
            (self.paid[i] for i in options if self.problem.options[i].supplier in suppliers),
            NOTHING,
        )

    def objective(self) -> Fraction:
        """What is aimed at: the cost with all that counts besides, or the points."""
        if self.problem.objective is Objective.POINTS:
            return sum(
                (share * self.problem.options[i].points for i, share in self.taken.items()), NOTHING
            )
        fixed = sum((self.problem.terms_of(each).fixed_cost for each in self.winners), Decimal(0))
        reserves = (
            Fraction(self.problem.reserves.get(item, Decimal(0))) * share
            for item, share in self.open.items()
        )
        blocs = (self.problem.blocs[place].cost for place in self.problem.blocs_of(self.taken))
        return self.total + Fraction(fixed) + sum(reserves, NOTHING) + sum(blocs, NOTHING)


def effective(problem: Problem, rules: Iterable[Constraint]) -> Problem:
    """The problem with the prices that its rules set."""
    terms, reserves = dict(problem.terms), dict(problem.reserves)
    for rule in rules:
        if rule.kind is Kind.RESERVE_PRICE and rule.line is not None:
            reserves[rule.line] = rule.limit
        if rule.kind is Kind.FIXED_COST:
            for each in rule.suppliers or problem.suppliers:
                terms[each] = replace(problem.terms_of(each), fixed_cost=rule.limit)
    return replace(problem, terms=terms, reserves=reserves)


def measured(problem: Problem, rule: Constraint, taken: Taken) -> Fraction:
    """What the choice comes to where the rule sets its limit: a number, money or per cent."""
    return _MEASURES[rule.kind](Count(problem, taken), rule)


def slack(problem: Problem, rule: Constraint, taken: Taken) -> Fraction:
    """What is left until the limit; below zero when the choice breaks the rule."""
    return _slack(Count(problem, taken), rule)


def broken(problem: Problem, rules: Iterable[Constraint], taken: Taken) -> list[int]:
    """Positions of the rules that the choice breaks."""
    count = Count(problem, taken)
    return [i for i, rule in enumerate(rules) if _slack(count, rule) < 0]


def keeps_terms(problem: Problem, taken: Taken) -> bool:
    """Whether every item is covered or may stay open, every part and supplier's terms hold."""
    count, options = Count(problem, taken), problem.options
    if not all(options[i].min_share <= each <= options[i].max_share for i, each in taken.items()):
        return False
    covered = all(share > 0 and item in problem.reserves for item, share in count.open.items())
    return (
        covered
        and _keeps_blocs(count)
        and all(_fits(count, supplier) for supplier in count.winners if supplier in problem.terms)
    )


def _keeps_blocs(count: Count) -> bool:
    """Whether each bloc that wins comes to its least, and no two rivals win."""
    problem = count.problem
    won = problem.blocs_of(count.taken)
    return all(len(rivals & won) <= 1 for rivals in problem.rivals) and all(
        sum((count.paid[i] for i in bloc.options & count.taken.keys()), NOTHING) >= bloc.least
        for bloc in (problem.blocs[place] for place in won)
        if bloc.least
    )


def _fits(count: Count, supplier: str) -> bool:
    terms, value = count.problem.terms_of(supplier), count.money({supplier})
    return value >= terms.min_order_value and (terms.spend_cap is None or value <= terms.spend_cap)


def _slack(count: Count, rule: Constraint) -> Fraction:
    if rule.kind in PRICED:
        return NOTHING
    found, limit = _MEASURES[rule.kind](count, rule), Fraction(rule.limit)
    return found - limit if rule.is_at_least else limit - found


def _suppliers(count: Count, rule: Constraint) -> Fraction:
    return Fraction(len(count.winners_of(count.taken.keys() & count.problem.within(rule.lots))))


def _largest_value(count: Count, rule: Constraint) -> Fraction:
    values = (count.money(group, rule.lots) for group in groups(count.problem, rule))
    return max(values, default=NOTHING)


def _share(count: Count, rule: Constraint) -> Fraction:
    whole = count.money(count.problem.suppliers, rule.lots)
    return _largest_value(count, rule) / whole * 100 if whole else NOTHING


def _smallest_order(count: Count, rule: Constraint) -> Fraction:
    bound = count.winners & set(rule.suppliers or count.problem.suppliers)
    return min((count.money({each}) for each in bound), default=Fraction(rule.limit))


def _by_lot(count: Count, rule: Constraint) -> Iterable[tuple[str, set[str]]]:
    """The lots of the rule that somebody wins, with who does."""
    for lot in lots_of(count.problem, rule):
        winners = count.winners_of(count.taken.keys() & count.problem.within((lot,)))
        if winners:
            yield lot, winners


def _most_in_a_lot(count: Count, rule: Constraint) -> Fraction:
    return Fraction(max((len(each) for _lot, each in _by_lot(count, rule)), default=0))


def _fewest_in_a_lot(count: Count, rule: Constraint) -> Fraction:
    found = (Fraction(len(each)) for _lot, each in _by_lot(count, rule))
    return min(found, default=Fraction(rule.limit))


def _smallest_share_of_a_lot(count: Count, rule: Constraint) -> Fraction:
    shares = (
        count.money({each}, (lot,)) / count.money(winners, (lot,)) * 100
        for lot, winners in _by_lot(count, rule)
        for each in winners
    )
    return min(shares, default=Fraction(100))


def _items_given(count: Count, rule: Constraint) -> Fraction:
    options = count.problem.options
    return sum(
        (
            share
            for index, share in count.taken.items()
            if options[index].supplier in rule.suppliers
            and (rule.line is None or rule.line in options[index].items)
        ),
        NOTHING,
    )


def _most_items(count: Count, rule: Constraint) -> Fraction:
    options = [count.problem.options[i] for i in count.taken]
    counted = (
        sum(len(each.items) for each in options if each.supplier in group)
        for group in groups(count.problem, rule)
    )
    return Fraction(max(counted, default=0))


def _lowest_score(count: Count, rule: Constraint) -> Fraction:
    scores = (count.problem.scores[each] for each in count.winners)
    return min(scores, default=Fraction(rule.limit))


def _fixed_costs(count: Count, rule: Constraint) -> Fraction:
    return Fraction(rule.limit) * Fraction(
        len(count.winners & set(rule.suppliers or count.winners))
    )


def _reserve(count: Count, rule: Constraint) -> Fraction:
    return Fraction(rule.limit) * count.open.get(rule.line or "", NOTHING)


_MEASURES = {
    Kind.MAX_SUPPLIERS: _suppliers,
    Kind.MIN_SUPPLIERS: _suppliers,
    Kind.MAX_SHARE: _share,
    Kind.MIN_SHARE: _share,
    Kind.INCUMBENT_SHARE: _share,
    Kind.CAPACITY: _largest_value,
    Kind.MIN_VALUE: _largest_value,
    Kind.MIN_ORDER_VALUE: _smallest_order,
    Kind.INDIVISIBLE_LOT: _most_in_a_lot,
    Kind.MAX_LOT_SUPPLIERS: _most_in_a_lot,
    Kind.MIN_LOT_SUPPLIERS: _fewest_in_a_lot,
    Kind.MIN_LOT_SHARE: _smallest_share_of_a_lot,
    Kind.EXCLUDE: _items_given,
    Kind.FIX: _items_given,
    Kind.SCORE_FLOOR: _lowest_score,
    Kind.MAX_ITEMS: _most_items,
    Kind.FIXED_COST: _fixed_costs,
    Kind.RESERVE_PRICE: _reserve,
}
