"""What is doubtful about a price formula, found before it is published.

Irregular are formulas that neutralise the weight of the price (Conseil d'État, 3 November 2014,
no. 373362, Belleville-sur-Loire) or give the dearest bid nothing however close it is. A reversal
is shown as an example: two bids whose order a third one turns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from marketplace.core.shares import Share
from marketplace.core.text import Text, _
from marketplace.rfq.scoring.formulas import (
    FAMILIES,
    FormulaKind,
    Measure,
    PriceFormula,
    marks,
    share,
)

WHOLE = 100
HALF = Fraction(1, 2)
_DOUBLE = Measure(lowest=Fraction(1), highest=Fraction(2), mean=Fraction(3, 2))

# (price, quality in per cent) of A, B and the third bid C: the textbook cases come first
_KNOWN = (
    ((100, 71), (120, 95), (80, 10)),
    ((100, 60), (120, 100), (200, 20)),
)


@dataclass(frozen=True, slots=True)
class ExampleBid:
    """A bid of an example; ``before`` is None for the one that comes later."""

    name: str
    price: int
    quality: int
    before: Fraction | None
    after: Fraction


@dataclass(frozen=True, slots=True)
class Reversal:
    """A stands before B; once C has come, B before A."""

    bids: tuple[ExampleBid, ExampleBid, ExampleBid]


@dataclass(frozen=True, slots=True)
class Finding:
    """A doubt about a formula. An irregular one is published only on confirmation."""

    code: str
    is_irregular: bool
    detail: Text
    reversal: Reversal | None = None


def findings(formula: PriceFormula, price_weight: Share) -> list[Finding]:
    """Everything that a buyer should know before this formula is published."""
    return [*_irregular(formula), *_unreached(formula), *_turning(formula, price_weight)]


def _irregular(formula: PriceFormula) -> Iterator[Finding]:
    if not FAMILIES[formula.kind].is_relative:
        return
    if formula.kind is FormulaKind.LINEAR_RANGE:
        yield Finding(
            "dearest_gets_nothing",
            True,
            _(
                "The dearest bid earns nothing however close it is: of 100 and 101, the first earns"
                " all points and the second none."
            ),
        )
        return
    kept = share(formula, Fraction(2), _DOUBLE) if formula.kind is not FormulaKind.AVERAGE else HALF
    if kept > HALF:
        yield Finding(
            "weight_neutralised",
            True,
            _(
                "Twice the lowest price still earns %(share)s %% of the points: the weight of the"
                " price is neutralised.",
                share=int(kept * WHOLE),
            ),
        )


def _unreached(formula: PriceFormula) -> Iterator[Finding]:
    if formula.kind in (FormulaKind.AVERAGE, FormulaKind.BELOW_CEILING):
        yield Finding(
            "best_not_full",
            False,
            _("Even the lowest bid does not earn all points of the price."),
        )


def _turning(formula: PriceFormula, price_weight: Share) -> Iterator[Finding]:
    found = find_reversal(formula, Fraction(price_weight))
    if found is not None:
        yield Finding(
            "rank_reversal",
            False,
            _("One more bid, though it does not win, can turn the order of two others."),
            found,
        )


def find_reversal(formula: PriceFormula, price_weight: Fraction) -> Reversal | None:
    """An example in which a third bid turns the order of two; None if the formula has none."""
    if not FAMILIES[formula.kind].is_relative or not 0 < price_weight < WHOLE:
        return None
    for bids in (*_KNOWN, *_sought(formula, price_weight)):
        found = _tried(formula, price_weight, bids)
        if found is not None:
            return found
    return None


Bids = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def _sought(formula: PriceFormula, weight: Fraction) -> Iterator[Bids]:
    """Triples whose price points alone move enough for some difference in quality to turn."""
    for dearer, third in product(range(105, 205, 5), (*range(95, 45, -5), *range(150, 401, 50))):
        alone = _lead(formula, weight, (100, dearer))
        together = _lead(formula, weight, (100, dearer, third))
        for lead in _between(alone, together, (WHOLE - weight) / WHOLE):
            yield (100, WHOLE - lead), (dearer, WHOLE), (third, 0)


def _lead(formula: PriceFormula, weight: Fraction, prices: Iterable[int]) -> Fraction:
    first, second, *_others = marks(formula, weight, [Fraction(price) for price in prices])
    return first - second


def _between(one: Fraction, other: Fraction, step: Fraction) -> Iterator[int]:
    """The whole differences in quality, of which each is worth ``step``, between two leads."""
    low, high = sorted((one, other))
    first = int(low / step) + 1
    if first * step < high and first <= WHOLE:
        yield first


def _tried(formula: PriceFormula, weight: Fraction, bids: Bids) -> Reversal | None:
    before = _totals(formula, weight, bids[:2])
    after = _totals(formula, weight, bids)
    turns = (before[0] - before[1]) * (after[0] - after[1]) < 0
    if not turns or after[2] >= max(after[:2]):
        return None
    order = (0, 1) if before[0] > before[1] else (1, 0)
    named = [
        ExampleBid(name, *bids[place], before[place], after[place])
        for name, place in zip("AB", order, strict=True)
    ]
    return Reversal((named[0], named[1], ExampleBid("C", *bids[2], None, after[2])))


def _totals(
    formula: PriceFormula, weight: Fraction, bids: Iterable[tuple[int, int]]
) -> list[Fraction]:
    known = list(bids)
    points = marks(formula, weight, [Fraction(price) for price, _quality in known])
    rest = (WHOLE - weight) / WHOLE
    return [
        earned + rest * quality for earned, (_price, quality) in zip(points, known, strict=True)
    ]
