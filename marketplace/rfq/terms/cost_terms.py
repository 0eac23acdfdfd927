"""Costs beside the price: what a buyer adds to a draft, and what is published of it.

A cost belongs to one lot, or counts in each. Its value is a number that the bidder answers times a
rate, such as kilowatt-hours a year x 0.15 x 5 years, or what the buyer enters for each bid.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from marketplace.core.errors import FieldError
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis

MOST_TERMS = 20
LARGEST = Decimal("1e9")
ONCE = Decimal(1)


@dataclass(frozen=True, slots=True)
class CostTerm:
    """A cost of a draft. ``lot``: its number, None for every lot; ``criterion``: by its name.

    A criterion is written anew with each change of a draft, so that its name is what stays.
    """

    name: str
    source: CostSource
    lot: int | None = None
    criterion: str | None = None
    rate: Decimal | None = None
    periods: Decimal = ONCE

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "source": str(self.source),
            "lot": self.lot,
            "criterion": self.criterion,
            "rate": None if self.rate is None else str(self.rate),
            "periods": str(self.periods),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "CostTerm":
        return cls(
            data["name"],
            CostSource(data["source"]),
            data["lot"],
            data["criterion"],
            None if data["rate"] is None else Decimal(data["rate"]),
            Decimal(data["periods"]),
        )


@dataclass(frozen=True, slots=True)
class Costs:
    """What a draft says about costs: none, and the price alone counts."""

    basis: PriceBasis = PriceBasis.BID_TOTAL
    terms: tuple[CostTerm, ...] = ()


NO_COSTS = Costs()


@dataclass(frozen=True, slots=True)
class AskedCost:
    """A cost as it was published. ``factor``: what one unit of the answer costs in all."""

    id: UUID
    name: str
    source: CostSource
    lot_id: UUID | None = None
    criterion_id: UUID | None = None
    rate: Decimal | None = None
    periods: Decimal = ONCE

    @property
    def factor(self) -> Fraction:
        return Fraction(self.rate or 0) * Fraction(self.periods)

    def counts_in(self, lot_id: UUID) -> bool:
        return self.lot_id in (None, lot_id)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": str(self.id),
            "name": self.name,
            "source": str(self.source),
            "lot_id": None if self.lot_id is None else str(self.lot_id),
            "criterion_id": None if self.criterion_id is None else str(self.criterion_id),
            "rate": None if self.rate is None else str(self.rate),
            "periods": str(self.periods),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AskedCost":
        return cls(
            UUID(data["id"]),
            data["name"],
            CostSource(data["source"]),
            UUID(data["lot_id"]) if data["lot_id"] else None,
            UUID(data["criterion_id"]) if data["criterion_id"] else None,
            None if data["rate"] is None else Decimal(data["rate"]),
            Decimal(data["periods"]),
        )


@dataclass(frozen=True, slots=True)
class AskedCosts:
    """The published costs, and whether the price is measured with them."""

    basis: PriceBasis = PriceBasis.BID_TOTAL
    terms: tuple[AskedCost, ...] = ()

    @property
    def count(self) -> bool:
        """Whether bids are measured by them; else they are shown beside the price."""
        return self.basis is PriceBasis.TOTAL_COST

    def to_json(self) -> dict[str, Any]:
        """Said only where there are some: terms without them keep their fingerprint."""
        if not self.terms:
            return {}
        terms = [each.to_json() for each in self.terms]
        return {"costs": {"basis": str(self.basis), "terms": terms}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> "AskedCosts":
        if data is None:
            return cls()
        terms = tuple(AskedCost.from_json(each) for each in data["terms"])
        return cls(PriceBasis(data["basis"]), terms)


NOT_ASKED = AskedCosts()


def stored(terms: Iterable[CostTerm]) -> list[dict[str, Any]] | None:
    """The terms as a draft keeps them, each with an id of its own."""
    return [{"id": str(uuid7()), **each.to_json()} for each in terms] or None


def published(
    kept: Iterable[Mapping[str, Any]],
    lots: Mapping[int, UUID],
    criteria: Mapping[str, UUID],
) -> tuple[AskedCost, ...]:
    """What bidders read. lots: those that are asked for, by number; criteria: by name."""
    found = []
    for data in kept:
        term = CostTerm.from_json(data)
        if term.lot is not None and term.lot not in lots:
            continue
        found.append(
            AskedCost(
                UUID(data["id"]),
                term.name,
                term.source,
                None if term.lot is None else lots[term.lot],
                None if term.criterion is None else criteria[term.criterion.casefold()],
                term.rate,
                term.periods,
            )
        )
    return tuple(found)


def renamed(kept: list[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The same terms after criteria got other names: from the old one to the new."""
    new = {old.casefold(): name for old, name in names.items()}
    return [
        {**each, "criterion": new.get((each["criterion"] or "").casefold(), each["criterion"])}
        for each in kept
    ] or None


def within(kept: list[dict[str, Any]], lots: Iterable[int]) -> list[dict[str, Any]] | None:
    """The terms without those of other lots."""
    present = {None, *lots}
    return [each for each in kept if each["lot"] in present] or None


def faults(terms: Sequence[CostTerm], place: str) -> Iterator[FieldError]:
    """Why these cannot be taken. What they refer to is checked at publication only."""
    if len(terms) > MOST_TERMS:
        yield FieldError(place, "too_many", _("Use at most %(n)s costs.", n=MOST_TERMS))
    names: set[str] = set()
    for index, term in enumerate(terms):
        at = f"{place}/{index}"
        if term.name.casefold() in names:
            yield FieldError(f"{at}/name", "duplicate", _("This name is used twice."))
        names.add(term.name.casefold())
        yield from _source_faults(term, at)


def _source_faults(term: CostTerm, at: str) -> Iterator[FieldError]:
    if term.source is CostSource.ANSWER:
        if not term.criterion:
            yield FieldError(
                f"{at}/criterion", "required", _("Name the criterion whose answer counts.")
            )
        if term.rate is None:
            yield FieldError(f"{at}/rate", "required", _("Say what one unit of it costs."))
    elif term.criterion or term.rate is not None:
        yield FieldError(
            f"{at}/source", "takes_no_rate", _("What you enter yourself takes no answer or rate.")
        )


def gaps(
    costs: Costs, lots: Iterable[int], asked: Mapping[str, AnswerSpec | None]
) -> Iterator[FieldError]:
    """What keeps the terms from being published. asked: what each criterion asks, by its name."""
    if costs.basis is PriceBasis.TOTAL_COST and not costs.terms:
        yield FieldError(
            "/costs/terms", "required", _("Add a cost, or measure the price by the bid alone.")
        )
    numbers = set(lots)
    for index, term in enumerate(costs.terms):
        if term.lot is not None and term.lot not in numbers:
            yield FieldError(
                f"/costs/terms/{index}/lot",
                "unknown_lot",
                _("There is no lot %(number)s.", number=term.lot),
            )
        spec = asked.get((term.criterion or "").casefold())
        if term.criterion and (spec is None or spec.type is not AnswerType.NUMBER):
            yield FieldError(
                f"/costs/terms/{index}/criterion",
                "no_number",
                _("No criterion “%(name)s” asks for a number.", name=term.criterion),
            )
