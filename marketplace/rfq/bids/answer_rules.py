"""Whether a bid answers what it was asked."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.scoring import answers
from marketplace.rfq.scoring.answers import AnswerType
from marketplace.rfq.terms.asked import Criterion


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
