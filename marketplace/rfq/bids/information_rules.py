"""What is asked for information: answers without prices, their grades, and the RFQ that follows."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.shares import shown
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.terms.asked import Criterion, Terms
from marketplace.rfq.terms.drafts import CriterionDraft, RfqDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind

WHOLE, LEAST = Decimal(100), Decimal("0.01")


class NoPricesAsked(Conflict):
    code = "no_prices_asked"


class NotInformation(Conflict):
    code = "not_an_rfi"


class UnknownRespondent(Invalid):
    code = "unknown_respondent"


@dataclass(frozen=True, slots=True)
class Grade:
    """What all scores of one respondent make of 100; ``missing``: criteria without a score."""

    exact: Fraction
    missing: int

    @property
    def points(self) -> Decimal:
        return shown(self.exact)


def check_is_rfi(rfq: Rfq) -> None:
    """Raise NotInformation for every other kind."""
    if rfq.kind is not RfqKind.RFI:
        raise NotInformation(_("This is not a request for information."))


def check_asks_prices(terms: Terms) -> None:
    """Raise NoPricesAsked where a way of giving prices is of no use."""
    if not terms.asks_prices:
        raise NoPricesAsked(_("This request for information asks no prices."))


def content_errors(content: BidContent, *, complete: bool) -> Iterator[FieldError]:
    """Why this does not answer a request for information."""
    for index in range(len(content.lines)):
        yield _unasked(f"/lines/{index}")
    for index in range(len(content.bundles)):
        yield _unasked(f"/bundles/{index}")
    for name in ("minimum_order", "currency"):
        if getattr(content, name) is not None:
            yield _unasked(f"/{name}")
    if complete and not (content.answers or content.documents or content.note):
        yield FieldError(
            "/answers",
            "required",
            _("Answer at least one question, attach a document or write a note."),
        )


def _unasked(pointer: str) -> FieldError:
    return FieldError(
        pointer, NoPricesAsked.code, _("This request for information asks no prices.")
    )


def grade(criteria: Sequence[Criterion], scores: Mapping[UUID, Decimal | Fraction]) -> Grade:
    """Weight × score ÷ best score, summed up exactly."""
    given = [each for each in criteria if each.id in scores]
    exact = sum(
        (Fraction(each.weight) * Fraction(scores[each.id]) / each.max_score for each in given),
        Fraction(0),
    )
    return Grade(exact, len(criteria) - len(given))


def check_respondents(chosen: Collection[UUID], respondents: Collection[UUID]) -> None:
    """Raise UnknownRespondent, naming everybody who has not answered or was excluded."""
    errors = [
        FieldError(
            f"/supplier_ids/{index}",
            UnknownRespondent.code,
            _("This supplier is not among those whose answers count."),
        )
        for index, each in enumerate(chosen)
        if each not in respondents
    ]
    if errors:
        raise UnknownRespondent(_("Not everybody can be invited again."), errors=errors)


def _half(weight: Decimal) -> Decimal:
    return max((weight / 2).quantize(LEAST, ROUND_FLOOR), LEAST)


def request_of(draft: RfqDraft) -> RfqDraft:
    """An RFQ that asks for the same with prices: they weigh half, the questions the other half.

    Weights have two places: what halving leaves over goes to the price.
    """
    sections = [replace(each, weight=_half(each.weight)) for each in draft.sections]
    judged = [
        each if each.weight is None else replace(each, weight=_half(each.weight))
        for each in draft.criteria
    ]
    taken = [each.weight for each in sections] + [each.weight or 0 for each in judged]
    price = CriterionDraft(str(_("Price")), CriterionKind.PRICE, WHOLE - sum(taken))
    header = draft.header.copy()
    header["kind"] = RfqKind.RFQ
    # its own would be those of an event that awards nothing
    del header["standstill_days"]
    return replace(draft, header=header, criteria=[price, *judged], sections=sections)
