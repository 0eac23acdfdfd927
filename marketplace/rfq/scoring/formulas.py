"""Price formulas as data: which share of the price points a total earns, exactly.

A formula is relative when it measures a bid by the other bids, and absolute when by what was
published. Only a relative one can turn the order of two bids because of a third.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from marketplace.core.text import Text, _, register_labels

NONE, ALL = Fraction(0), Fraction(1)


class FormulaKind(StrEnum):
    """The families of formulas."""

    LOWEST_OVER_PRICE = "lowest_over_price"
    LINEAR_RANGE = "linear_range"
    LINEAR_LOWEST = "linear_lowest"
    AVERAGE = "average"
    SLOPED_LOWEST = "sloped_lowest"
    REFERENCE_OVER_PRICE = "reference_over_price"
    BELOW_CEILING = "below_ceiling"


@dataclass(frozen=True, slots=True)
class PriceFormula:
    """A formula with what it takes.

    ``zero_at``: the multiple of the lowest total that earns nothing any more. ``references``: the
    published amount of each lot, in the order of the lots.
    """

    kind: FormulaKind = FormulaKind.LOWEST_OVER_PRICE
    zero_at: Decimal | None = None
    references: tuple[Decimal, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "zero_at": None if self.zero_at is None else str(self.zero_at),
            "references": [str(each) for each in self.references],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "PriceFormula":
        """None, as it was written before formulas could be chosen: the usual one."""
        if data is None:
            return cls()
        return cls(
            FormulaKind(data["kind"]),
            None if data["zero_at"] is None else Decimal(data["zero_at"]),
            tuple(Decimal(each) for each in data["references"]),
        )


USUAL_FORMULA = PriceFormula()


@dataclass(frozen=True, slots=True)
class Measure:
    """What the totals of a lot are measured by."""

    lowest: Fraction
    highest: Fraction
    mean: Fraction
    reference: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """What is told about a formula, and what it needs."""

    kind: FormulaKind
    name: Text
    explanation: Text
    share: Callable[[PriceFormula, Fraction, Measure], Fraction]
    is_relative: bool = True
    takes_zero_at: bool = False
    takes_references: bool = False


def measure(
    formula: PriceFormula, totals: Iterable[Decimal | Fraction], lot: int = 0
) -> Measure | None:
    """The measure of these totals in the lot of this place; None where there is nothing."""
    known = [Fraction(total) for total in totals]
    if not known:
        return None
    reference = formula.references[lot] if lot < len(formula.references) else None
    return Measure(
        lowest=min(known),
        highest=max(known),
        mean=sum(known, NONE) / len(known),
        reference=None if reference is None else Fraction(reference),
    )


def share(formula: PriceFormula, total: Decimal | Fraction, by: Measure) -> Fraction:
    """Which part of the price points this total earns, from 0 to 1."""
    found = FAMILIES[formula.kind].share(formula, Fraction(total), by)
    return min(ALL, max(NONE, found))


def marks(
    formula: PriceFormula, weight: Decimal | Fraction, totals: Iterable[Decimal | Fraction]
) -> list[Fraction]:
    """The points of these totals beside each other."""
    given = list(totals)
    by = measure(formula, given)
    return [Fraction(weight) * share(formula, total, by) for total in given] if by else []


def _lowest_over_price(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return by.lowest / total if total else ALL


def _linear_range(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    span = by.highest - by.lowest
    return (by.highest - total) / span if span else ALL


def _linear_lowest(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return _sloped(Fraction(2), total, by)


def _average(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return 1 - total / (2 * by.mean) if by.mean else ALL


def _sloped_lowest(formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return _sloped(Fraction(formula.zero_at or 2), total, by)


def _sloped(zero_at: Fraction, total: Fraction, by: Measure) -> Fraction:
    if not by.lowest:
        return NONE if total else ALL
    return (zero_at - total / by.lowest) / (zero_at - 1)


def _reference_over_price(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return (by.reference or NONE) / total if total else ALL


def _below_ceiling(_formula: PriceFormula, total: Fraction, by: Measure) -> Fraction:
    return 1 - total / by.reference if by.reference else NONE


FAMILIES: dict[FormulaKind, Family] = {
    family.kind: family
    for family in (
        Family(
            FormulaKind.LOWEST_OVER_PRICE,
            _("Lowest total ÷ total"),
            _(
                "Weight × lowest total ÷ total of the bid. The lowest earns all points, twice as "
                "much half of them."
            ),
            _lowest_over_price,
        ),
        Family(
            FormulaKind.LINEAR_LOWEST,
            _("Linear from the lowest total"),
            _(
                "Weight × (2 − total ÷ lowest total), never below 0. Twice the lowest earns "
                "nothing."
            ),
            _linear_lowest,
        ),
        Family(
            FormulaKind.SLOPED_LOWEST,
            _("Linear from the lowest total, slope chosen"),
            _(
                "Weight × (b − total ÷ lowest total) ÷ (b − 1), never below 0. b: at how many "
                "times the lowest total points reach 0."
            ),
            _sloped_lowest,
            takes_zero_at=True,
        ),
        Family(
            FormulaKind.LINEAR_RANGE,
            _("Linear from lowest to highest"),
            _(
                "Weight × (highest − total) ÷ (highest − lowest). The lowest earns all, the "
                "highest nothing, however close they are."
            ),
            _linear_range,
        ),
        Family(
            FormulaKind.AVERAGE,
            _("Around the average"),
            _(
                "Weight × (1 − total ÷ (2 × average total)), never below 0. The average earns "
                "half, twice the average nothing."
            ),
            _average,
        ),
        Family(
            FormulaKind.REFERENCE_OVER_PRICE,
            _("Published reference ÷ total"),
            _(
                "Weight × published reference ÷ total, at most the weight. No bid changes the "
                "points of another."
            ),
            _reference_over_price,
            is_relative=False,
            takes_references=True,
        ),
        Family(
            FormulaKind.BELOW_CEILING,
            _("Below a published ceiling"),
            _(
                "Weight × (1 − total ÷ published ceiling), never below 0. No bid changes the "
                "points of another."
            ),
            _below_ceiling,
            is_relative=False,
            takes_references=True,
        ),
    )
}  # fmt: skip

register_labels({kind: family.name for kind, family in FAMILIES.items()})
