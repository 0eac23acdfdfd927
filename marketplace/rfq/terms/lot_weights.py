"""Weights of its own that a lot gives the criteria of the RFQ; without any it uses theirs.

A criterion that a lot does not weigh counts nothing there. One that only a lot weighs has weight 0
beside. Criteria are named, since they are written anew with every change of a draft.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.text import _

WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class LotWeight:
    """What a criterion counts in the lot, in per cent."""

    criterion: str
    weight: Decimal

    def to_json(self) -> dict[str, str]:
        return {"criterion": self.criterion, "weight": f"{self.weight.normalize():f}"}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "LotWeight":
        return cls(data["criterion"], Decimal(data["weight"]))


def read(kept: Iterable[Mapping[str, Any]] | None) -> tuple[LotWeight, ...]:
    """The weights as a lot keeps them."""
    return tuple(map(LotWeight.from_json, kept or ()))


def stored(weights: Iterable[LotWeight]) -> list[dict[str, str]] | None:
    """The weights as a lot keeps them; None without any."""
    return [each.to_json() for each in weights] or None


def renamed(
    kept: Iterable[Mapping[str, str]] | None, names: Mapping[str, str]
) -> list[dict[str, str]] | None:
    """The same weights after criteria got other names: from the old one to the new."""
    new = {old.casefold(): name for old, name in names.items()}
    return [
        {**each, "criterion": new.get(each["criterion"].casefold(), each["criterion"])}
        for each in kept or ()
    ] or None


def published(
    kept: Iterable[Mapping[str, Any]] | None, criteria: Mapping[str, UUID]
) -> tuple[tuple[UUID, Decimal], ...]:
    """What bidders read. criteria: ids by name."""
    return tuple((criteria[each.criterion.casefold()], each.weight) for each in read(kept))


def faults(weights: Sequence[LotWeight], place: str) -> Iterator[FieldError]:
    """Why these cannot be taken. Their sum is checked at publication only."""
    names: set[str] = set()
    for index, each in enumerate(weights):
        if not 0 < each.weight <= WHOLE:
            detail = _("A weight is more than 0 and at most 100.")
            yield FieldError(f"{place}/{index}/weight", "weight_out_of_range", detail)
        if each.criterion.casefold() in names:
            detail = _("This is listed twice.")
            yield FieldError(f"{place}/{index}/criterion", "duplicate", detail)
        names.add(each.criterion.casefold())


def gaps(
    weights: Sequence[LotWeight], lot: int, names: Iterable[str], price: str | None
) -> Iterator[FieldError]:
    """What keeps a lot's own weights from being published. names: of all criteria."""
    if not weights:
        return
    known = {name.casefold() for name in names}
    for each in weights:
        if each.criterion.casefold() not in known:
            detail = _(
                "Lot %(lot)s weighs “%(name)s”, which is no criterion.",
                lot=lot,
                name=each.criterion,
            )
            yield FieldError("/criteria", "unknown_criterion", detail)
    total = sum((each.weight for each in weights), Decimal(0))
    if total != WHOLE:
        detail = _(
            "The weights of lot %(lot)s add up to %(total)s instead of 100.",
            lot=lot,
            total=f"{total.normalize():f}",
        )
        yield FieldError("/criteria", "lot_weights_not_100", detail)
    if (price or "").casefold() not in {each.criterion.casefold() for each in weights}:
        detail = _("Lot %(lot)s has to weigh the price too.", lot=lot)
        yield FieldError("/criteria", "lot_without_price", detail)
