"""What a buyer wants an RFQ to say from now on, as plain values; None: as it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.money import Quantity
from marketplace.rfq.terms.drafts import Address


@dataclass(frozen=True, slots=True)
class WantedLot:
    """A lot; without id a new one."""

    title: str
    description: str = ""
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedLine:
    """A line; without id a new one. ``lot``: the number of its lot."""

    description: str
    quantity: Quantity
    lot: int = 1
    delivery_place: str | None = None
    delivery_on: date | None = None
    item_id: UUID | None = None
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class WantedCriterion:
    """Another name or weight for a criterion; in a section, another importance there."""

    id: UUID
    name: str
    weight: Decimal | None = None
    importance: int | None = None


@dataclass(frozen=True, slots=True)
class WantedConditions:
    """What holds for the RFQ as a whole."""

    description: str
    payment_terms_days: int | None
    delivery: Address


@dataclass(frozen=True, slots=True)
class Wanted:
    """The content of an addendum. Lists are whole: what is left out of one is removed.

    Criteria are the exception: those that are left out stay as they are. bids_due_at: a later
    deadline than the addendum needs.
    """

    lots: tuple[WantedLot, ...] | None = None
    lines: tuple[WantedLine, ...] | None = None
    criteria: tuple[WantedCriterion, ...] = ()
    conditions: WantedConditions | None = None
    bids_due_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "lots": None if self.lots is None else [_lot(lot) for lot in self.lots],
            "lines": None if self.lines is None else [_line(line) for line in self.lines],
            "criteria": [_criterion(each) for each in self.criteria],
            "conditions": _conditions(self.conditions) if self.conditions else None,
            "bids_due_at": self.bids_due_at.isoformat() if self.bids_due_at else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Wanted":
        lots, lines, conditions = data["lots"], data["lines"], data["conditions"]
        due_at = data["bids_due_at"]
        return cls(
            lots=None if lots is None else tuple(_read_lot(lot) for lot in lots),
            lines=None if lines is None else tuple(_read_line(line) for line in lines),
            criteria=tuple(_read_criterion(each) for each in data["criteria"]),
            conditions=_read_conditions(conditions) if conditions else None,
            bids_due_at=datetime.fromisoformat(due_at) if due_at else None,
        )


def _lot(lot: WantedLot) -> dict[str, Any]:
    return {"id": _text(lot.id), "title": lot.title, "description": lot.description}


def _line(line: WantedLine) -> dict[str, Any]:
    return {
        "id": _text(line.id),
        "lot": line.lot,
        "description": line.description,
        "quantity": str(line.quantity.value),
        "unit": line.quantity.unit,
        "delivery_place": line.delivery_place,
        "delivery_on": line.delivery_on.isoformat() if line.delivery_on else None,
        "item_id": _text(line.item_id),
    }


def _criterion(criterion: WantedCriterion) -> dict[str, Any]:
    return {
        "id": str(criterion.id),
        "name": criterion.name,
        "weight": None if criterion.weight is None else str(criterion.weight),
        "importance": criterion.importance,
    }


def _read_criterion(data: Mapping[str, Any]) -> WantedCriterion:
    weight = data["weight"]
    return WantedCriterion(
        id=UUID(data["id"]),
        name=data["name"],
        weight=None if weight is None else Decimal(weight),
        importance=data.get("importance"),
    )


def _conditions(conditions: WantedConditions) -> dict[str, Any]:
    address = conditions.delivery
    return {
        "description": conditions.description,
        "payment_terms_days": conditions.payment_terms_days,
        "street": address.street,
        "postal_code": address.postal_code,
        "city": address.city,
        "country": address.country,
    }


def _read_lot(data: Mapping[str, Any]) -> WantedLot:
    return WantedLot(data["title"], data["description"], _id(data["id"]))


def _read_line(data: Mapping[str, Any]) -> WantedLine:
    delivery_on = data["delivery_on"]
    return WantedLine(
        description=data["description"],
        quantity=Quantity(Decimal(data["quantity"]), data["unit"]),
        lot=data["lot"],
        delivery_place=data["delivery_place"],
        delivery_on=date.fromisoformat(delivery_on) if delivery_on else None,
        item_id=_id(data["item_id"]),
        id=_id(data["id"]),
    )


def _read_conditions(data: Mapping[str, Any]) -> WantedConditions:
    return WantedConditions(
        description=data["description"],
        payment_terms_days=data["payment_terms_days"],
        delivery=Address(data["street"], data["postal_code"], data["city"], data["country"]),
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
