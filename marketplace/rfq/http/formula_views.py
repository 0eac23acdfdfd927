"""A price formula at work on example totals."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from marketplace.core.shares import Share, shown
from marketplace.rfq.scoring.formulas import PriceFormula, marks
from marketplace.rfq.scoring.linting import findings

EXAMPLES = tuple(Decimal(total) for total in (100, 110, 120, 150, 200))


def simulation(
    formula: PriceFormula, weight: Share, totals: Sequence[Decimal] = EXAMPLES
) -> dict[str, Any]:
    """Totals with their points, and the doubts about the formula."""
    return {
        "totals": [
            {"total": total, "points": shown(exact), "exact": str(exact)}
            for total, exact in zip(totals, marks(formula, weight, totals), strict=True)
        ],
        "findings": findings(formula, weight),
    }
