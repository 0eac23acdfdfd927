"""Tables of the RFQ and what it asks for: its lots, lines and criteria."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CHAR,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core import clock
from marketplace.core.db import (
    Amount,
    Base,
    CurrencyCode,
    HasCreated,
    HasId,
    HasVersion,
    QuantityValue,
    Rate,
    UnitCode,
    UnitPrice,
)
from marketplace.core.money import Money, Quantity
from marketplace.core.shares import Share
from marketplace.core.states import Flow
from marketplace.rfq.scoring.answers import AnswerSpec
from marketplace.rfq.scoring.formulas import PriceFormula
from marketplace.rfq.terms import criteria_tree
from marketplace.rfq.terms.clocks import Moment, moments
from marketplace.rfq.terms.cost_states import PriceBasis
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.criteria_tree import Place, Section
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from marketplace.rfq.terms.states import (
    RFI_FLOW,
    RFQ_FLOW,
    CriterionKind,
    EnvelopeRule,
    RfqSource,
    RfqState,
)


class Rfq(HasId, HasVersion, HasCreated, Base):
    """A request for quotation of one buyer, with one deadline.

    Its own amounts are in ``currency``, and bids are compared in it; ``currency_rates`` are the
    further currencies that bids may be in.
    """

    __tablename__ = "rfq"
    __table_args__ = (
        UniqueConstraint("buyer_id", "number"),
        CheckConstraint("estimated_value BETWEEN 0 AND 1e13", name="estimated_value_sane"),
        CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name="payment_terms_sane"),
        CheckConstraint(
            "state <> 'suspended' OR (suspended_at IS NOT NULL AND suspension_reason IS NOT NULL)",
            name="suspended_with_reason",
        ),
        CheckConstraint("addendum_days BETWEEN 0 AND 60", name="addendum_days_sane"),
        CheckConstraint("standstill_days BETWEEN 0 AND 90", name="standstill_sane"),
        CheckConstraint("minimum_bids BETWEEN 1 AND 50", name="minimum_bids_sane"),
        CheckConstraint("max_alternatives BETWEEN 1 AND 9", name="max_alternatives_sane"),
        CheckConstraint(
            "state IN ('draft', 'cancelled')"
            " OR (published_at IS NOT NULL AND bids_due_at IS NOT NULL)",
            name="published_with_deadline",
        ),
        CheckConstraint(
            "state <> 'concluded' OR (kind = 'rfi' AND end_reason IS NOT NULL)",
            name="concluded_rfi",
        ),
        CheckConstraint(
            "kind <> 'mini_competition' OR NOT open_to_all", name="mini_competition_invites"
        ),
        Index(None, "buyer_id", "created_at", "id"),
        Index("ix_rfq_next_check", "next_check", postgresql_where=text("next_check IS NOT NULL")),
        Index(
            "ix_rfq_published",
            "bids_due_at",
            "id",
            postgresql_where=text("published_at IS NOT NULL"),
        ),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[RfqKind] = mapped_column(default=RfqKind.RFQ, server_default=RfqKind.RFQ.value)
    number: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[RfqState] = mapped_column(default=RfqState.DRAFT)
    currency: Mapped[CurrencyCode]
    bids_due_at: Mapped[datetime | None]
    questions_due_at: Mapped[datetime | None]
    time_zone: Mapped[str]
    open_to_all: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    # of a mini-competition: the agreement under which it is held
    agreement_ref: Mapped[str | None]
    # of an auction: the start that bidders are told beforehand; it is planned after the opening
    auction_starts_at: Mapped[datetime | None]
    category_code: Mapped[str | None]
    delivery_street: Mapped[str | None]
    delivery_postal_code: Mapped[str | None]
    delivery_city: Mapped[str | None]
    delivery_country: Mapped[str | None] = mapped_column(CHAR(2))
    estimated_value: Mapped[Amount | None]
    payment_terms_days: Mapped[int | None]
    allows: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    max_alternatives: Mapped[int] = mapped_column(SmallInteger, default=2, server_default="2")
    standstill_days: Mapped[int] = mapped_column(default=0, server_default="0")
    addendum_days: Mapped[int] = mapped_column(default=2, server_default="2")
    minimum_bids: Mapped[int | None]
    price_basis: Mapped[PriceBasis] = mapped_column(
        default=PriceBasis.BID_TOTAL, server_default=PriceBasis.BID_TOTAL.value
    )
    cost_terms: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    addendum_count: Mapped[int] = mapped_column(default=0, server_default="0")
    source: Mapped[RfqSource] = mapped_column(default=RfqSource.PORTAL)
    external_ref: Mapped[str | None]
    created_by: Mapped[UUID | None]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=func.now())
    published_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    suspension_reason: Mapped[str | None]
    next_check: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    blind_scoring: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    quality_locked_at: Mapped[datetime | None]
    quality_locked_by: Mapped[UUID | None]
    quality_lock_reason: Mapped[str | None]
    prices_seen_at: Mapped[datetime | None]
    low_price_check: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    envelopes: Mapped[EnvelopeRule] = mapped_column(
        default=EnvelopeRule.ONE, server_default=EnvelopeRule.ONE.value
    )
    prices_opened_at: Mapped[datetime | None]
    # bids are sealed before they reach the service
    client_sealing: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    awarded_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    # the further round, such as an auction, that has to end before anything is awarded
    award_held_by: Mapped[UUID | None]
    criteria_sections: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    currency_rates: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))

    lots: Mapped[list["RfqLot"]] = relationship(order_by="RfqLot.number", lazy="raise")
    lines: Mapped[list["RfqLine"]] = relationship(order_by="RfqLine.number", lazy="raise")
    criteria: Mapped[list["RfqCriterion"]] = relationship(
        order_by="RfqCriterion.number", lazy="raise"
    )

    def state_at(self, now: datetime) -> RfqState:
        """The state as it reads at this instant: the deadline closes an RFQ, not a job."""
        if self.state is RfqState.PUBLISHED and self.is_past_deadline(now):
            return RfqState.CLOSED
        return self.state

    def is_past_deadline(self, now: datetime) -> bool:
        """What arrives at the deadline itself is still on time."""
        return self.bids_due_at is not None and now > self.bids_due_at

    @property
    def flow(self) -> Flow[RfqState]:
        """What may happen to an event of this kind."""
        return RFI_FLOW if self.kind is RfqKind.RFI else RFQ_FLOW

    @property
    def named(self) -> dict[str, object]:
        """What a notice says of the event; it is worded for an event of this kind."""
        return {"title": self.title, "number": self.number, "about": self.kind}

    @property
    def prices_sealed(self) -> bool:
        """Whether the bids are open, but their prices are still in an envelope of their own."""
        apart = self.envelopes is EnvelopeRule.TWO and self.prices_opened_at is None
        return apart and self.opened_at is not None

    @property
    def offer_kinds(self) -> list[OfferKind]:
        """What bids may say besides one price per line."""
        return [OfferKind(each) for each in self.allows]

    @property
    def rates(self) -> list[ExchangeRate]:
        """The further currencies that bids may be in, with their rates."""
        return [ExchangeRate.from_json(each) for each in self.currency_rates or ()]

    @property
    def sections(self) -> list[Section]:
        """What criteria are grouped by; none where each has a weight of its own."""
        return [Section.from_json(each) for each in self.criteria_sections or ()]

    @property
    def costs(self) -> Costs:
        """What a draft says about costs beside the price."""
        return Costs(self.price_basis, tuple(map(CostTerm.from_json, self.cost_terms or ())))

    @property
    def shares(self) -> dict[UUID, Share]:
        """What each criterion counts, in per cent. The criteria have been loaded."""
        found = criteria_tree.shares(self.sections, [each.place for each in self.criteria])
        return {each.id: share for each, share in zip(self.criteria, found, strict=True)}

    @property
    def moments(self) -> list[tuple[datetime, Moment]]:
        """What the clock will bring, as things stand."""
        return moments(self.state, self.bids_due_at, self.questions_due_at)

    def next_moment(self, after: datetime) -> datetime | None:
        """The earliest instant after this one; None where nothing will happen by itself."""
        return min((at for at, _moment in self.moments if at > after), default=None)

    @property
    def estimate(self) -> Money | None:
        return money_of(self.estimated_value, self.currency)


# one place, whoever moves a deadline or a state
@event.listens_for(Rfq, "before_insert")
@event.listens_for(Rfq, "before_update")
def _note_next_check(_mapper: object, _connection: object, rfq: Rfq) -> None:
    rfq.next_check = rfq.next_moment(clock.now())


class RfqLot(HasId, Base):
    """What is awarded as one, and ends for itself. Its own numbers go before those of the RFQ."""

    __tablename__ = "rfq_lot"
    __table_args__ = (
        UniqueConstraint("rfq_id", "number", deferrable=True),
        CheckConstraint("estimated_value BETWEEN 0 AND 1e13", name="estimated_value_sane"),
        CheckConstraint("minimum_bids BETWEEN 1 AND 50", name="minimum_bids_sane"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended_with_time"),
        CheckConstraint("(state = 'awarded') = (award_id IS NOT NULL)", name="awarded_by_award"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    number: Mapped[int]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    estimated_value: Mapped[Amount | None]
    minimum_bids: Mapped[int | None]
    weights: Mapped[list[dict[str, str]] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[LotState] = mapped_column(
        default=LotState.OPEN, server_default=LotState.OPEN.value
    )
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    # the decision that gave something of the lot away
    award_id: Mapped[UUID | None] = mapped_column(ForeignKey("award.id"))


class RfqLine(HasId, Base):
    """What is priced: an item of the catalogue or free text, with its quantity."""

    __tablename__ = "rfq_line"
    __table_args__ = (
        UniqueConstraint("rfq_id", "number", deferrable=True),
        CheckConstraint("quantity_value > 0 AND quantity_value < 1e13", name="quantity_sane"),
        CheckConstraint("reference_price BETWEEN 0 AND 1e13", name="reference_price_sane"),
        Index(None, "lot_id"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_lot.id", ondelete="CASCADE"))
    number: Mapped[int]
    item_id: Mapped[UUID | None]
    description: Mapped[str]
    quantity_value: Mapped[QuantityValue]
    quantity_unit: Mapped[UnitCode]
    category_code: Mapped[str | None]
    delivery_place: Mapped[str | None]
    delivery_on: Mapped[date | None]
    reference_price: Mapped[UnitPrice | None]
    external_ref: Mapped[str | None]

    @property
    def quantity(self) -> Quantity:
        return Quantity(self.quantity_value, self.quantity_unit)


class RfqCriterion(HasId, Base):
    """What bids are weighed by: with a weight, or in a section with an importance there."""

    __tablename__ = "rfq_criterion"
    __table_args__ = (
        UniqueConstraint("rfq_id", "number", deferrable=True),
        CheckConstraint("weight >= 0 AND weight <= 100", name="weight_sane"),
        CheckConstraint("max_score BETWEEN 1 AND 1000", name="max_score_sane"),
        CheckConstraint(
            "CASE WHEN section IS NULL THEN weight IS NOT NULL AND importance IS NULL"
            " ELSE weight IS NULL AND importance IS NOT NULL"
            " AND importance BETWEEN 0 AND 10 END",
            name="weight_or_importance",
        ),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str]
    kind: Mapped[CriterionKind]
    weight: Mapped[Rate | None]
    section: Mapped[str | None]
    importance: Mapped[int | None]
    max_score: Mapped[int] = mapped_column(default=100, server_default="100")
    price_formula: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    @property
    def place(self) -> Place:
        """Where it stands among the criteria."""
        return Place(self.weight, self.section, self.importance)

    @property
    def formula(self) -> PriceFormula | None:
        """How the price earns its points; None for what people score."""
        if self.kind is not CriterionKind.PRICE:
            return None
        return PriceFormula.from_json(self.price_formula)

    @property
    def asked(self) -> AnswerSpec | None:
        """What bidders are asked for; None for the price."""
        return None if self.kind is CriterionKind.PRICE else AnswerSpec.from_json(self.answer)


def money_of(amount: Decimal | None, currency: str) -> Money | None:
    """An optional amount with the currency of its RFQ."""
    return None if amount is None else Money(amount, currency)
