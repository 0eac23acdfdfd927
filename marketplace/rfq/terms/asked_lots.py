"""Lots as they were published."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class AskedLot:
    """A lot as it was published."""

    id: UUID
    number: int
    title: str
    description: str = ""
    minimum_bids: int | None = None
    weights: tuple[tuple[UUID, Decimal], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Numbers and weights are said only where the lot has its own."""
        own: dict[str, Any] = {}
        if self.minimum_bids:
            own["minimum_bids"] = self.minimum_bids
        if self.weights:
            own["weights"] = [[str(each), str(weight)] for each, weight in self.weights]
        return {
            "id": str(self.id),
            "number": self.number,
            "title": self.title,
            "description": self.description,
            **own,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "AskedLot":
        return cls(
            UUID(data["id"]),
            data["number"],
            data["title"],
            data.get("description", ""),
            data.get("minimum_bids"),
            tuple((UUID(each), Decimal(weight)) for each, weight in data.get("weights", ())),
        )
