"""What a bid says: plain values, and the one way of writing them as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from marketplace.core.money import Money, Quantity
from marketplace.rfq.bids.bundling import Bundle
from marketplace.rfq.bids.documents import SealedDocument, document_from_json, document_to_json
from marketplace.rfq.terms import offering
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.offering import QuantityBreak


@dataclass(frozen=True, slots=True)
class PricedLine:
    """The price of one unit of a line; ``quantity`` is what is offered, None: all of it.

    ``breaks`` say from which quantity on every unit has another price.
    """

    line_id: UUID
    unit_price: Decimal
    currency: str
    note: str = ""
    quantity: Quantity | None = None
    breaks: tuple[QuantityBreak, ...] = ()

    @property
    def price(self) -> Money:
        return Money(self.unit_price, self.currency)

    def offered(self, asked: AskedLine) -> Decimal:
        """How much of the line is offered; an addendum may ask for less than that."""
        return min(self.quantity.value, asked.quantity) if self.quantity else asked.quantity

    def price_at(self, quantity: Decimal) -> Decimal:
        """The price of each unit when so many are bought."""
        return offering.price_at(self.unit_price, self.breaks, quantity)

    def to_json(self) -> dict[str, Any]:
        content: dict[str, Any] = {
            "line_id": str(self.line_id),
            "unit_price": str(self.unit_price),
            "currency": self.currency,
            "note": self.note,
        }
        if self.quantity:
            content["quantity"] = [str(self.quantity.value), self.quantity.unit]
        if self.breaks:
            content["breaks"] = [each.to_json() for each in self.breaks]
        return content

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "PricedLine":
        part = data.get("quantity")
        return cls(
            UUID(data["line_id"]),
            Decimal(data["unit_price"]),
            data["currency"],
            data["note"],
            Quantity(Decimal(part[0]), part[1]) if part else None,
            offering.breaks_from(data),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bidder says to a criterion that is not the price."""

    criterion_id: UUID
    text: str


@dataclass(frozen=True)
class BidContent:
    """A whole bid. ``lot_ids`` are the lots it is for; empty: those of its lines.

    ``currency`` is that of all its amounts; None: the RFQ's.
    ``name`` is what the supplier calls an alternative; the main bid has none.
    """

    lines: tuple[PricedLine, ...] = ()
    lot_ids: tuple[UUID, ...] = ()
    note: str = ""
    delivery_days: int | None = None
    answers: tuple[Answer, ...] = ()
    documents: tuple[SealedDocument, ...] = ()
    minimum_order: Money | None = None
    bundles: tuple[Bundle, ...] = ()
    currency: str | None = None
    name: str = ""

    @cached_property
    def line_by_id(self) -> dict[UUID, PricedLine]:
        return {line.line_id: line for line in self.lines}

    def to_json(self) -> dict[str, Any]:
        least = self.minimum_order
        return {
            "lines": [line.to_json() for line in self.lines],
            "lot_ids": [str(lot_id) for lot_id in self.lot_ids],
            "note": self.note,
            "delivery_days": self.delivery_days,
            "answers": [
                {"criterion_id": str(answer.criterion_id), "text": answer.text}
                for answer in self.answers
            ],
            "documents": [document_to_json(document) for document in self.documents],
            **({"bundles": [each.to_json() for each in self.bundles]} if self.bundles else {}),
            **({"minimum_order": [str(least.amount), least.currency]} if least else {}),
            **({"currency": self.currency} if self.currency is not None else {}),
            **({"name": self.name} if self.name else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "BidContent":
        return cls(
            lines=tuple(PricedLine.from_json(line) for line in data["lines"]),
            lot_ids=tuple(UUID(lot_id) for lot_id in data["lot_ids"]),
            note=data["note"],
            delivery_days=data["delivery_days"],
            answers=tuple(
                Answer(UUID(answer["criterion_id"]), answer["text"]) for answer in data["answers"]
            ),
            documents=tuple(document_from_json(document) for document in data["documents"]),
            minimum_order=_money_from_json(data.get("minimum_order")),
            bundles=tuple(Bundle.from_json(each) for each in data.get("bundles", ())),
            currency=data.get("currency"),
            name=data.get("name", ""),
        )


def _money_from_json(data: list[str] | None) -> Money | None:
    return Money(Decimal(data[0]), data[1]) if data else None
