"""Answers graded before people look at them: a proposal for the score, and what is not met."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from marketplace.core.shares import shown
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.scoring import answers
from marketplace.rfq.terms import lot_criteria
from marketplace.rfq.terms.asked import Criterion, Terms


@dataclass(frozen=True, slots=True)
class Pregrade:
    """The grade of one answer in per cent of the best score; None where people grade."""

    bid_id: UUID
    criterion: Criterion
    grade: Fraction | None
    is_knocked_out: bool

    @property
    def shown(self) -> Decimal | None:
        return None if self.grade is None else shown(self.grade)

    @property
    def is_below_target(self) -> bool:
        target = self.criterion.answer.target
        return target is not None and self.grade is not None and self.grade < target

    @property
    def proposed_score(self) -> Decimal | None:
        """The grade on the scale of the criterion, rounded to the two places of a score."""
        if self.grade is None:
            return None
        return shown(self.grade * self.criterion.max_score / 100)


def of(offer: BidOffer, terms: Terms) -> Iterator[Pregrade]:
    """What can be said of this bid's answers to what counts in the lots that it is known to be for.

    Nothing is said of criteria that are all people's own.
    """
    asked_for = terms.line_by_id
    priced = {
        asked_for[line.rfq_line_id].lot_id for line in offer.lines if line.rfq_line_id in asked_for
    }
    concerned = {each.id for each in lot_criteria.concerning(terms, priced or set(offer.lot_ids))}
    said = {UUID(answer["criterion_id"]): answer["text"] for answer in offer.answers}
    for criterion in terms.judged:
        if criterion.id not in concerned:
            continue
        spec, text = criterion.answer, said.get(criterion.id, "")
        found = answers.grade(spec, text) if text else None
        knocked_out = answers.knocks_out(spec, text)
        if found is not None or knocked_out:
            yield Pregrade(offer.bid_id, criterion, found, knocked_out)
