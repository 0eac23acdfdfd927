"""What an RFQ asks for as it was published: what bids answer to, and its one form as JSON."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any
from uuid import UUID

from marketplace.core import shares
from marketplace.core.shares import Share
from marketplace.core.text import Text, _
from marketplace.rfq.scoring.answers import FREE_TEXT, AnswerSpec, AnswerType, said_yes
from marketplace.rfq.scoring.formulas import USUAL_FORMULA, PriceFormula
from marketplace.rfq.terms.asked_lots import AskedLot
from marketplace.rfq.terms.cost_terms import NOT_ASKED, AskedCosts
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import Conversion, ExchangeRate


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line as it was published."""

    id: UUID
    number: int
    lot_id: UUID
    description: str
    quantity: Decimal
    unit: str
    delivery_place: str | None = None
    delivery_on: str | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for the RFQ as a whole; delivery: the usual address, in one line."""

    description: str = ""
    payment_terms_days: int | None = None
    delivery: str = ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """How an offer is judged: its share of 100 points, and the best score a judge may give.

    ``formula`` says how the price earns its points, ``answer`` what bidders are asked for. In a
    section the weight follows from its own and the importance there, and may be a fraction.
    """

    id: UUID
    number: int
    name: str
    is_price: bool
    weight: Share
    max_score: int
    formula: PriceFormula = USUAL_FORMULA
    answer: AnswerSpec = FREE_TEXT
    section: str | None = None
    importance: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it earns points; without a weight it is asked for the sake of a cost alone."""
        return self.section is not None or self.weight > 0

    def to_json(self) -> dict[str, Any]:
        own = (
            {} if self.section is None else {"section": self.section, "importance": self.importance}
        )
        return {
            "id": str(self.id),
            "number": self.number,
            "name": self.name,
            "is_price": self.is_price,
            "weight": str(self.weight),
            "max_score": self.max_score,
            "price_formula": self.formula.to_json() if self.is_price else None,
            "answer": None if self.is_price else self.answer.to_json(),
            **own,
        }

    def words(self, text: str) -> Text | str:
        """An answer for readers: yes and no in their language, a number with its unit."""
        if self.answer.type is AnswerType.YES_NO and (said := said_yes(text)) is not None:
            return _("yes") if said else _("no")
        return f"{text} {self.answer.unit}".strip()


@dataclass(frozen=True)
class Terms:
    """The published content of an RFQ, as far as bids answer to it.

    ``rates`` are the further currencies that bids may be in, each with its rate.
    """

    currency: str
    lots: tuple[AskedLot, ...]
    lines: tuple[AskedLine, ...]
    criteria: tuple[Criterion, ...]
    allows: frozenset[OfferKind] = frozenset()
    conditions: Conditions = Conditions()
    sections: tuple[Section, ...] = ()
    minimum_bids: int | None = None
    kind: RfqKind = RfqKind.RFQ
    costs: AskedCosts = NOT_ASKED
    rates: tuple[ExchangeRate, ...] = ()
    alternatives: int = 0

    @cached_property
    def currencies(self) -> tuple[str, ...]:
        """What a bid may be in: the currency of the RFQ first."""
        return (self.currency, *(each.currency for each in self.rates))

    def conversion(self, currency: str | None) -> Conversion:
        """From the currency of a bid into that of the RFQ; None: it is in that one."""
        if currency in (None, self.currency):
            return Conversion(self.currency, self.currency)
        (rate,) = (each.rate for each in self.rates if each.currency == currency and each.rate)
        return Conversion(currency or self.currency, self.currency, Fraction(rate))

    @cached_property
    def line_by_id(self) -> dict[UUID, AskedLine]:
        return {line.id: line for line in self.lines}

    @property
    def may_split(self) -> bool:
        """Whether a line may be awarded in parts."""
        return OfferKind.PARTIAL_QUANTITIES in self.allows

    @property
    def asks_prices(self) -> bool:
        return self.kind is not RfqKind.RFI

    @cached_property
    def judged(self) -> tuple[Criterion, ...]:
        """The criteria that people score: those that count for the RFQ or in a lot."""
        own = {criterion_id for lot in self.lots for criterion_id, _weight in lot.weights}
        return tuple(each for each in self.asked if each.counts or each.id in own)

    @cached_property
    def asked(self) -> tuple[Criterion, ...]:
        """The criteria that bidders answer, also those of which only a cost follows."""
        return tuple(criterion for criterion in self.criteria if not criterion.is_price)

    def lines_of(self, lot_id: UUID) -> tuple[AskedLine, ...]:
        return tuple(line for line in self.lines if line.lot_id == lot_id)

    def least_bidders(self, lot: AskedLot) -> int:
        """How many suppliers have to bid for the lot: its own number, or that of the RFQ."""
        return lot.minimum_bids or self.minimum_bids or 1

    @property
    def asks_for_several(self) -> bool:
        """Whether one bid is not enough for some lot."""
        return any(self.least_bidders(lot) > 1 for lot in self.lots)

    def only(self, lot_ids: Collection[UUID]) -> "Terms":
        """The same terms as if these lots alone were asked for."""
        return replace(
            self,
            lots=tuple(lot for lot in self.lots if lot.id in lot_ids),
            lines=tuple(line for line in self.lines if line.lot_id in lot_ids),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "lots": [lot.to_json() for lot in self.lots],
            "lines": [
                {
                    "id": str(line.id),
                    "number": line.number,
                    "lot_id": str(line.lot_id),
                    "description": line.description,
                    "quantity": str(line.quantity),
                    "unit": line.unit,
                    "delivery_place": line.delivery_place,
                    "delivery_on": line.delivery_on,
                }
                for line in self.lines
            ],
            "criteria": [criterion.to_json() for criterion in self.criteria],
            "allows": sorted(self.allows),
            "conditions": asdict(self.conditions),
            # said only where there are some: terms without them keep their fingerprint
            **({} if self.kind is RfqKind.RFQ else {"kind": str(self.kind)}),
            **({"sections": [each.to_json() for each in self.sections]} if self.sections else {}),
            **({"minimum_bids": self.minimum_bids} if self.minimum_bids else {}),
            **self.costs.to_json(),
            **({"rates": [each.to_json() for each in self.rates]} if self.rates else {}),
            **({"alternatives": self.alternatives} if self.alternatives else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Terms":
        """The terms as they were published; older ones say less."""
        return cls(
            currency=data["currency"],
            lots=tuple(map(AskedLot.from_json, data["lots"])),
            lines=tuple(
                AskedLine(
                    id=UUID(line["id"]),
                    number=line["number"],
                    lot_id=UUID(line["lot_id"]),
                    description=line["description"],
                    quantity=Decimal(line["quantity"]),
                    unit=line["unit"],
                    delivery_place=line.get("delivery_place"),
                    delivery_on=line.get("delivery_on"),
                )
                for line in data["lines"]
            ),
            criteria=tuple(
                Criterion(
                    id=UUID(criterion["id"]),
                    number=criterion["number"],
                    name=criterion["name"],
                    is_price=criterion["is_price"],
                    weight=shares.read(criterion["weight"]),
                    max_score=criterion["max_score"],
                    formula=PriceFormula.from_json(criterion.get("price_formula")),
                    answer=AnswerSpec.from_json(criterion.get("answer")),
                    section=criterion.get("section"),
                    importance=criterion.get("importance"),
                )
                for criterion in data["criteria"]
            ),
            allows=frozenset(OfferKind(each) for each in data.get("allows", ())),
            conditions=Conditions(**data.get("conditions", {})),
            sections=tuple(Section.from_json(each) for each in data.get("sections", ())),
            minimum_bids=data.get("minimum_bids"),
            costs=AskedCosts.from_json(data.get("costs")),
            kind=RfqKind(data.get("kind", RfqKind.RFQ)),
            rates=tuple(ExchangeRate.from_json(each) for each in data.get("rates", ())),
            alternatives=data.get("alternatives", 0),
        )
