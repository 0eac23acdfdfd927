"""What a buyer asks for, as plain values: from a form, from the API or from an import."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict
from uuid import UUID

from marketplace.core.money import Money, Quantity
from marketplace.rfq.scoring.answers import AnswerSpec
from marketplace.rfq.scoring.formulas import PriceFormula
from marketplace.rfq.terms.cost_terms import NO_COSTS, Costs
from marketplace.rfq.terms.criteria_tree import Place, Section
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.lot_weights import LotWeight
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule, RfqSource

# A local time is read in the zone of the RFQ, a time with an offset means itself.
Deadline = str | datetime


@dataclass(frozen=True, slots=True)
class LotDraft:
    title: str
    description: str = ""
    estimate: Money | None = None
    minimum_bids: int | None = None
    # None: as they are
    weights: tuple[LotWeight, ...] | None = None


@dataclass(frozen=True, slots=True)
class LineDraft:
    """``lot`` is the number of a lot, counted from 1. An item lends its name to the line."""

    quantity: Quantity
    description: str = ""
    lot: int = 1
    item_id: UUID | None = None
    category_code: str | None = None
    delivery_place: str | None = None
    delivery_on: date | None = None
    reference_price: Money | None = None
    external_ref: str | None = None


@dataclass(frozen=True, slots=True)
class CriterionDraft:
    """``price_formula`` is for the price alone; left out: lowest total ÷ total.

    ``answer`` is for what people judge; left out: a text. In a section a criterion has an
    importance there and no weight.
    """

    name: str
    kind: CriterionKind
    weight: Decimal | None
    max_score: int = 100
    price_formula: PriceFormula | None = None
    answer: AnswerSpec | None = None
    section: str | None = None
    importance: int | None = None

    @property
    def place(self) -> Place:
        """Where it stands among the criteria."""
        return Place(self.weight, self.section, self.importance)


@dataclass(frozen=True, slots=True)
class Address:
    """Where to deliver, unless a line says otherwise."""

    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


class Header(TypedDict, total=False):
    """The fields of the RFQ itself; what is left out stays as it is.

    questions_days_before: sets the closing of questions so many calendar days before the
    deadline, at the same local time.
    """

    kind: RfqKind
    title: str
    description: str
    currency: str
    time_zone: str
    bids_due_at: Deadline | None
    questions_due_at: Deadline | None
    questions_days_before: int | None
    open_to_all: bool
    agreement_ref: str | None
    auction_starts_at: Deadline | None
    blind_scoring: bool
    low_price_check: bool
    envelopes: EnvelopeRule
    client_sealing: bool
    category_code: str | None
    delivery: Address | None
    estimate: Money | None
    payment_terms_days: int | None
    allows: Sequence[OfferKind]
    rates: Sequence[ExchangeRate]
    max_alternatives: int
    standstill_days: int
    minimum_bids: int | None
    addendum_days: int


@dataclass(frozen=True, slots=True)
class RfqDraft:
    """A whole RFQ. Without lots it gets one, without criteria the price decides alone."""

    header: Header
    lots: Sequence[LotDraft] = ()
    lines: Sequence[LineDraft] = ()
    criteria: Sequence[CriterionDraft] = ()
    sections: Sequence[Section] = ()
    costs: Costs = NO_COSTS
    supplier_ids: Sequence[UUID] = ()
    source: RfqSource = RfqSource.PORTAL
    external_ref: str | None = None
