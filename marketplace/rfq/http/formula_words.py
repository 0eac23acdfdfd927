"""Price points worked out in words and figures, one sentence per family of formulas."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from marketplace.core.shares import written
from marketplace.core.text import Figure, Text, _
from marketplace.rfq.evaluation.ranking import Points
from marketplace.rfq.scoring.formulas import FormulaKind

_WORKED: dict[FormulaKind, Callable[..., Text]] = {
    FormulaKind.LOWEST_OVER_PRICE: lambda **known: _(
        "%(weight)s × lowest total %(reference)s ÷ %(value)s = %(points)s", **known
    ),
    FormulaKind.LINEAR_LOWEST: lambda **known: _(
        "%(weight)s × (2 − %(value)s ÷ lowest total %(reference)s) = %(points)s", **known
    ),
    FormulaKind.SLOPED_LOWEST: lambda **known: _(
        "%(weight)s × (%(zero_at)s − %(value)s ÷ lowest total %(reference)s) ÷ (%(zero_at)s − 1)"
        " = %(points)s",
        **known,
    ),
    FormulaKind.LINEAR_RANGE: lambda **known: _(
        "%(weight)s × (highest total %(highest)s − %(value)s) ÷ (%(highest)s − lowest total"
        " %(reference)s) = %(points)s",
        **known,
    ),
    FormulaKind.AVERAGE: lambda **known: _(
        "%(weight)s × (1 − %(value)s ÷ (2 × average total %(mean)s)) = %(points)s", **known
    ),
    FormulaKind.REFERENCE_OVER_PRICE: lambda **known: _(
        "%(weight)s × published reference %(published)s ÷ %(value)s, at most %(weight)s"
        " = %(points)s",
        **known,
    ),
    FormulaKind.BELOW_CEILING: lambda **known: _(
        "%(weight)s × (1 − %(value)s ÷ published ceiling %(published)s) = %(points)s", **known
    ),
}


def worked(points: Points, known: Mapping[str, Figure]) -> Text:
    """The formula with the figures of this bid. known: weight, value, reference and points."""
    formula, by = points.criterion.formula, points.measure
    if by is None:
        return _("No bid to compare with: 0 of %(weight)s points.", weight=known["weight"])
    figures = {
        "highest": Figure(written(by.highest)),
        "mean": Figure(written(by.mean)),
        "published": Figure(written(by.reference or Fraction(0))),
        "zero_at": Figure(formula.zero_at or Decimal(2)),
    }
    return _WORKED[formula.kind](**{**known, **figures})
