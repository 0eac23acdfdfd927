"""Which price formulas a draft may have, and what is doubtful about them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.scoring.formulas import FAMILIES, PriceFormula
from marketplace.rfq.scoring.linting import Finding, findings
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind

STEEPEST, FLATTEST = Decimal(1), Decimal(100)


class FormulaUnconfirmed(Invalid):
    code = "formula_unconfirmed"


@dataclass(frozen=True, slots=True)
class FoundInFormula:
    """A doubt about the formula of a criterion."""

    pointer: str
    finding: Finding


def faults(criterion: CriterionDraft, place: str) -> Iterator[FieldError]:
    """Why this formula cannot be taken."""
    formula = criterion.price_formula
    if formula is None:
        return
    if criterion.kind is not CriterionKind.PRICE:
        yield FieldError(
            f"{place}/price_formula", "not_a_price", _("Only the price has a price formula.")
        )
        return
    yield from parameter_faults(formula, f"{place}/price_formula")


def parameter_faults(formula: PriceFormula, place: str) -> Iterator[FieldError]:
    """Parameters that are missing, out of range, or without a meaning for this formula."""
    family = FAMILIES[formula.kind]
    if family.takes_zero_at:
        if formula.zero_at is None or not STEEPEST < formula.zero_at <= FLATTEST:
            yield FieldError(
                f"{place}/zero_at",
                "out_of_range",
                _(
                    "At how many times the lowest total do points reach 0? More than 1, at most"
                    " 100."
                ),
            )
    elif formula.zero_at is not None:
        yield FieldError(f"{place}/zero_at", "not_taken", _("This formula takes no such figure."))
    if formula.references and not family.takes_references:
        yield FieldError(
            f"{place}/references", "not_taken", _("This formula takes no published amounts.")
        )


def gaps(rfq: Rfq) -> Iterator[FieldError]:
    """Published amounts that are still missing: one for each lot."""
    for index, criterion in enumerate(rfq.criteria):
        formula = criterion.formula
        if formula is None or not FAMILIES[formula.kind].takes_references:
            continue
        if len(formula.references) != len(rfq.lots):
            yield FieldError(
                f"/criteria/{index}/price_formula/references",
                "one_per_lot",
                _("Give the amount that the price is measured by, one for each lot."),
            )


def findings_of(rfq: Rfq) -> list[FoundInFormula]:
    """What is doubtful about the formulas of this draft."""
    return [
        FoundInFormula(f"/criteria/{index}/price_formula", finding)
        for index, criterion in enumerate(rfq.criteria)
        if (formula := criterion.formula) is not None
        for finding in findings(formula, rfq.shares[criterion.id])
    ]


def warnings(found: Iterable[FoundInFormula]) -> Iterator[FieldError]:
    """The irregular ones, as warnings of the check before publication."""
    for each in found:
        if each.finding.is_irregular:
            yield FieldError(each.pointer, each.finding.code, each.finding.detail)


def refuse_unconfirmed() -> NoReturn:
    """Raise FormulaUnconfirmed."""
    detail = _("This price formula is irregular. Confirm that you want it, or choose another.")
    raise FormulaUnconfirmed(
        detail, errors=[FieldError("/confirm_formula", FormulaUnconfirmed.code, detail)]
    )
