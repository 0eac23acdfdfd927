"""Which questions a criterion may ask."""

from collections.abc import Iterator
from decimal import Decimal

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.scoring import answers
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind

BEST_GRADE = Decimal(100)
MEASURED = (AnswerType.NUMBER, AnswerType.DATE)


def faults(criterion: CriterionDraft, place: str) -> Iterator[FieldError]:
    """Why this question cannot be asked."""
    spec = criterion.answer
    if spec is None:
        return
    place = f"{place}/answer"
    if criterion.kind is CriterionKind.PRICE:
        yield FieldError(place, "price_takes_no_answer", _("The price is answered by the prices."))
        return
    yield from _measure_faults(spec, place)
    yield from _choice_faults(spec, place)
    if spec.target is not None and not 0 <= spec.target <= BEST_GRADE:
        yield FieldError(f"{place}/target", "out_of_range", _("A grade is from 0 to 100."))


def _measure_faults(spec: AnswerSpec, place: str) -> Iterator[FieldError]:
    given = {name: getattr(spec, name) for name in ("lowest", "ideal", "highest")}
    known = []
    for name, text in given.items():
        if not text:
            continue
        value = answers.measure(spec.type, text) if spec.type in MEASURED else None
        if value is None:
            yield FieldError(
                f"{place}/{name}", "wrong_type", _("This does not fit the type of the answer.")
            )
        else:
            known.append(value)
    if known != sorted(known):
        yield FieldError(
            f"{place}/ideal", "wrong_order", _("Give from, ideal and to in ascending order.")
        )


def _choice_faults(spec: AnswerSpec, place: str) -> Iterator[FieldError]:
    if spec.type is not AnswerType.CHOICE:
        if spec.choices:
            yield FieldError(
                f"{place}/choices", "wrong_type", _("Only a choice has a list to choose from.")
            )
        return
    labels = [each.label.casefold() for each in spec.choices]
    if len(labels) < 2 or len(set(labels)) < len(labels):
        yield FieldError(f"{place}/choices", "too_few", _("Give at least two different choices."))
    for index, each in enumerate(spec.choices):
        if each.grade is not None and not 0 <= each.grade <= BEST_GRADE:
            yield FieldError(
                f"{place}/choices/{index}/grade", "out_of_range", _("A grade is from 0 to 100.")
            )
