"""Scores as they are given, whoever gives them, and what is wrong with them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.terms.asked import Criterion


class ScoresInvalid(Invalid):
    code = "scores_invalid"


@dataclass(frozen=True)
class GivenScore:
    """A judge's score for one bid and one criterion."""

    bid_id: UUID
    criterion_id: UUID
    score: Decimal
    comment: str = ""


def check(
    given: Sequence[GivenScore], criteria: Mapping[UUID, Criterion], bid_ids: Collection[UUID]
) -> None:
    """Raise ScoresInvalid with every reason. criteria: those that this judge scores."""
    errors: list[FieldError] = []
    seen: set[tuple[UUID, UUID]] = set()
    for index, each in enumerate(given):
        place = f"/scores/{index}"
        errors += _faults(each, place, criteria, bid_ids)
        if (each.bid_id, each.criterion_id) in seen:
            errors.append(FieldError(place, "duplicate_score", _("This score is given twice.")))
        seen.add((each.bid_id, each.criterion_id))
    if errors or not given:
        raise ScoresInvalid(_("These scores cannot be saved."), errors=errors)


def _faults(
    each: GivenScore, place: str, criteria: Mapping[UUID, Criterion], bid_ids: Collection[UUID]
) -> Iterator[FieldError]:
    if each.bid_id not in bid_ids:
        yield FieldError(f"{place}/bid_id", "unknown_bid", _("This bid is not one of this event."))
    criterion = criteria.get(each.criterion_id)
    if criterion is None:
        yield FieldError(
            f"{place}/criterion_id",
            "unknown_criterion",
            _("This criterion is not scored by people."),
        )
    elif not 0 <= each.score <= criterion.max_score:
        yield FieldError(
            f"{place}/score",
            "out_of_range",
            _("Give a score from 0 to %(max_score)s.", max_score=criterion.max_score),
        )
