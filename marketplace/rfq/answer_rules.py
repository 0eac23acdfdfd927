"""Which questions a criterion may ask, and whether a bid answers them."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.bid_content import Answer, Criterion
from marketplace.rfq.drafts import CriterionDraft
from marketplace.rfq.scoring import answers
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.states import CriterionKind

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


def answer_errors(
    judged: Iterable[Criterion],
    given: Iterable[Answer],
    *,
    complete: bool,
    needed: Iterable[Criterion] | None = None,
) -> Iterator[FieldError]:
    """Answers of another type than was asked for; when the bid is complete, missing ones too.

    needed: of which answers may be missing; left out: of all that are asked.
    """
    asked = {criterion.id: criterion for criterion in judged}
    said = set()
    for index, answer in enumerate(given):
        criterion = asked.get(answer.criterion_id)
        if criterion is None:
            yield FieldError(
                f"/answers/{index}/criterion_id",
                "unknown_criterion",
                _("This criterion takes no answer."),
            )
            continue
        said.add(answer.criterion_id)
        if not answers.is_readable(criterion.answer, answer.text):
            yield FieldError(f"/answers/{index}/text", "wrong_type", HINTS[criterion.answer.type])
    if complete:
        yield from _gaps(asked.values() if needed is None else needed, said)


def _gaps(asked: Iterable[Criterion], said: set[UUID]) -> Iterator[FieldError]:
    for criterion in asked:
        if criterion.answer.knock_out and criterion.id not in said:
            yield FieldError(
                "/answers",
                "answer_required",
                _("“%(name)s” must be answered.", name=criterion.name),
            )


HINTS = {
    AnswerType.TEXT: _("Write a text."),
    AnswerType.NUMBER: _("Write a number, such as 1250 or 12.5."),
    AnswerType.DATE: _("Write a day as year-month-day, such as 2026-03-31."),
    AnswerType.YES_NO: _("Say yes or no."),
    AnswerType.CHOICE: _("Choose one of the answers that the buyer offers."),
}
