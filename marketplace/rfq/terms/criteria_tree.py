"""Criteria in sections: a section has a weight, a criterion in it an importance from 0 to 10.

What a criterion counts follows: weight of the section x importance / sum of the importances there.
That is kept as a fraction, never rounded. A criterion outside of sections has a weight of its own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.core.errors import FieldError
from marketplace.core.shares import Share
from marketplace.core.text import _

WHOLE = Decimal(100)
MOST_IMPORTANT = 10


@dataclass(frozen=True, slots=True)
class Section:
    """Criteria that share one weight."""

    name: str
    weight: Decimal

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "weight": str(self.weight)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Section":
        return cls(data["name"], Decimal(data["weight"]))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a criterion stands: at the top with a weight, or in a section with an importance."""

    weight: Decimal | None
    section: str | None = None
    importance: int | None = None


def shares(sections: Iterable[Section], places: Sequence[Place]) -> list[Share]:
    """What each criterion counts, in per cent of the whole."""
    weights = {section.name: section.weight for section in sections}
    sums = _sums(places)
    return [
        place.weight or Decimal(0)
        if place.section is None
        else Fraction(weights[place.section])
        * Fraction(place.importance or 0, sums[place.section] or 1)
        for place in places
    ]


def total(sections: Iterable[Section], places: Iterable[Place]) -> Decimal:
    """The weights at the top, which have to add up to 100."""
    own = sum((place.weight or Decimal(0) for place in places), Decimal(0))
    return own + sum((section.weight for section in sections), Decimal(0))


def _sums(places: Iterable[Place]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for place in places:
        if place.section is not None:
            sums[place.section] += place.importance or 0
    return sums


def gaps(sections: Sequence[Section], places: Sequence[Place]) -> Iterator[FieldError]:
    """Sections whose weight nothing would earn."""
    sums = _sums(places)
    filled = {place.section for place in places}
    for index, section in enumerate(sections):
        if section.name not in filled:
            yield FieldError(
                f"/sections/{index}",
                "empty_section",
                _("Section %(name)s has no criterion.", name=section.name),
            )
        elif not sums[section.name]:
            yield FieldError(
                f"/sections/{index}",
                "nothing_counts",
                _(
                    "In section %(name)s every importance is 0, so that nothing earns its weight.",
                    name=section.name,
                ),
            )


def section_faults(sections: Sequence[Section]) -> Iterator[FieldError]:
    """Why these sections cannot be taken. That something counts is checked at publication."""
    names: set[str] = set()
    for index, section in enumerate(sections):
        if not 0 < section.weight <= WHOLE:
            yield _out_of_range(f"/sections/{index}")
        if section.name.casefold() in names:
            yield FieldError(f"/sections/{index}/name", "duplicate", _("This name is used twice."))
        names.add(section.name.casefold())


def place_faults(sections: Iterable[Section], place: Place, at: str) -> Iterator[FieldError]:
    """Why a criterion cannot stand there."""
    if place.section is None:
        yield from _top_faults(place, at)
        return
    if place.section not in {section.name for section in sections}:
        yield FieldError(
            f"{at}/section",
            "unknown_section",
            _("There is no section %(name)s.", name=place.section),
        )
    if place.weight is not None:
        yield FieldError(
            f"{at}/weight",
            "weight_in_section",
            _("In a section a criterion has an importance, and the section has the weight."),
        )
    if place.importance is None or not 0 <= place.importance <= MOST_IMPORTANT:
        yield FieldError(
            f"{at}/importance",
            "importance_out_of_range",
            _("An importance is a whole number from 0 to 10."),
        )


def _top_faults(place: Place, at: str) -> Iterator[FieldError]:
    if place.weight is None or not 0 <= place.weight <= WHOLE:
        yield FieldError(
            f"{at}/weight", "weight_out_of_range", _("A weight is at least 0 and at most 100.")
        )
    if place.importance is not None:
        yield FieldError(
            f"{at}/importance",
            "importance_without_section",
            _("Only a criterion in a section has an importance. Name its section."),
        )


def _out_of_range(at: str) -> FieldError:
    return FieldError(
        f"{at}/weight", "weight_out_of_range", _("A weight is more than 0 and at most 100.")
    )
