"""What crosses the API about RFQs, their content, invitations and questions."""

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.http.cost_schemas import CostsInputSchema, CostsSchema
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.http.criterion_schemas import (
    CriterionInputSchema,
    CriterionSchema,
    LotWeightInputSchema,
    LotWeightSchema,
    SectionInputSchema,
    SectionSchema,
)
from marketplace.rfq.http.formula_schemas import FoundInFormulaSchema
from marketplace.rfq.http.offer_schemas import (
    USUAL_ALTERNATIVES,
    OffersSchema,
    most_alternatives,
)
from marketplace.rfq.http.rate_schemas import FROZEN, ExchangeRateSchema, rates_field
from marketplace.rfq.terms.cost_terms import NO_COSTS
from marketplace.rfq.terms.drafts import Address, LineDraft, LotDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.lot_states import LotState
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.states import EnvelopeRule, RfqSource, RfqState
from marketplace.web.fields import (
    CountryField,
    CurrencyField,
    Day,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import ListQuerySchema, Schema

DEADLINE = {
    "description": "RFC 3339 with an offset, or a local time such as 2026-03-10T12:00, which is"
    " read in `time_zone`. A local time that the zone skips or has twice is refused."
}


class AddressSchema(Schema):
    street = TextField(max=200, load_default=None, allow_none=True)
    postal_code = TextField(max=20, load_default=None, allow_none=True)
    city = TextField(max=100, load_default=None, allow_none=True)
    country = CountryField(max=2, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Address:
        return Address(**{name: value or None for name, value in data.items()})


class LotInputSchema(Schema):
    title = TextField(required=True, max=200)
    description = TextField(max=10_000, load_default="")
    estimate = MoneyField(load_default=None, allow_none=True)
    minimum_bids = CountField(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 50),
        metadata={"description": "Left out: as the RFQ says."},
    )
    weights = fields.List(
        fields.Nested(LotWeightInputSchema),
        load_default=None,
        allow_none=True,
        metadata={"description": "Instead of the weights of the RFQ; left out: as they are."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> LotDraft:
        weights = data.pop("weights")
        return LotDraft(**data, weights=None if weights is None else tuple(weights))


class LineInputSchema(Schema):
    lot = CountField(
        strict=True,
        load_default=1,
        validate=validate.Range(1, 500),
        metadata={"description": "Number of the lot, counted from 1."},
    )
    item_id = IdField(load_default=None, allow_none=True)
    description = TextField(
        max=2000, load_default="", metadata={"description": "Left out: the name of the item."}
    )
    quantity = QuantityField(required=True)
    category_code = TextField(max=20, load_default=None, allow_none=True)
    delivery_place = TextField(max=300, load_default=None, allow_none=True)
    delivery_on = Day(load_default=None, allow_none=True)
    reference_price = MoneyField(unit_price=True, load_default=None, allow_none=True)
    external_ref = TextField(max=100, load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> LineDraft:
        return LineDraft(**data)


class LotsInputSchema(Schema):
    lots = fields.List(fields.Nested(LotInputSchema), required=True)


class LinesInputSchema(Schema):
    lines = fields.List(fields.Nested(LineInputSchema), required=True)


class InvitationsInputSchema(Schema):
    supplier_ids = fields.List(IdField(), required=True, validate=validate.Length(min=1, max=500))


class DocumentsInputSchema(Schema):
    document_ids = fields.List(IdField(), required=True, validate=validate.Length(min=1, max=50))


class HeaderSchema(OffersSchema):
    """The fields of the RFQ itself; a change names only those that change."""

    kind = EnumField(
        RfqKind,
        metadata={"description": "rfp: blind_scoring unless said. mini_competition: invited only."},
    )
    title = TextField(max=200, min=1)
    description = TextField(max=20_000)
    currency = CurrencyField(max=3)
    time_zone = TextField(max=60, metadata={"description": "Such as Europe/Paris."})
    bids_due_at = TextField(max=40, allow_none=True, metadata=DEADLINE)
    questions_due_at = TextField(max=40, allow_none=True, metadata=DEADLINE)
    questions_days_before = CountField(
        strict=True,
        allow_none=True,
        validate=validate.Range(0, 365),
        metadata={
            "description": "Questions close so many calendar days before the bids, at the same"
            " local time."
        },
    )
    agreement_ref = TextField(
        max=200,
        allow_none=True,
        metadata={"description": "mini_competition: the agreement under which it is held."},
    )
    auction_starts_at = TextField(
        max=40,
        allow_none=True,
        metadata={"description": "auction: its announced start. Left out: planned once opened."},
    )
    open_to_all = fields.Boolean(metadata={"description": "Open to all qualified suppliers."})
    blind_scoring = fields.Boolean(
        metadata={"description": "Prices stay hidden until the scores of the quality are locked."}
    )
    low_price_check = fields.Boolean(
        metadata={"description": "An abnormally low bid wins only once its price is accepted."}
    )
    envelopes = EnumField(
        EnvelopeRule,
        metadata={"description": "two: prices are sealed apart and opened once quality is locked."},
    )
    client_sealing = fields.Boolean(
        metadata={
            "description": "Bidders seal their bids themselves, in the browser or by a program:"
            " the service never sees what they say before the opening."
        }
    )
    category_code = TextField(max=20, allow_none=True)
    delivery = fields.Nested(AddressSchema, allow_none=True)
    estimate = MoneyField(allow_none=True, metadata={"description": "Not shown to bidders."})
    payment_terms_days = CountField(strict=True, allow_none=True, validate=validate.Range(0, 365))
    rates = rates_field()
    addendum_days = CountField(
        strict=True,
        validate=validate.Range(0, 60),
        metadata={
            "description": "Working days that bidders have at least after an addendum. Left out: as"
            " the organisation's sourcing settings say."
        },
    )
    minimum_bids = CountField(
        strict=True,
        allow_none=True,
        validate=validate.Range(1, 50),
        metadata={
            "description": "So many suppliers have to bid for a lot, as published. With fewer its"
            " award waits for a ruling."
        },
    )
    standstill_days = CountField(
        strict=True,
        validate=validate.Range(0, 90),
        metadata={
            "description": "Calendar days between the award and the moment in which it is final."
            " Left out: as the organisation's sourcing settings say."
        },
    )


class HeaderFormSchema(HeaderSchema):
    """The header as a form sends it: whole, so that a field can be emptied."""

    class Meta(Schema.Meta):
        exclude = ("open_to_all", "questions_days_before")

    title = TextField(required=True, max=200)
    description = TextField(max=20_000, load_default="")
    blind_scoring = fields.Boolean(load_default=False)
    low_price_check = fields.Boolean(load_default=False)
    allows = fields.List(EnumField(OfferKind), load_default=list)
    max_alternatives = most_alternatives(USUAL_ALTERNATIVES)
    client_sealing = fields.Boolean(load_default=False)
    rates = rates_field(load_default=list)


class KindFormSchema(Schema):
    kind = EnumField(RfqKind, required=True)


class LinesFormSchema(Schema):
    lots = fields.List(fields.Nested(LotInputSchema), load_default=list)
    lines = fields.List(fields.Nested(LineInputSchema), load_default=list)


class RfqInputSchema(HeaderSchema):
    title = TextField(required=True, max=200)
    lots = fields.List(fields.Nested(LotInputSchema), load_default=list)
    lines = fields.List(fields.Nested(LineInputSchema), load_default=list)
    criteria = fields.List(fields.Nested(CriterionInputSchema), load_default=list)
    sections = fields.List(
        fields.Nested(SectionInputSchema), load_default=list, validate=validate.Length(max=50)
    )
    costs = fields.Nested(CostsInputSchema, load_default=NO_COSTS)
    supplier_ids = fields.List(IdField(), load_default=list, validate=validate.Length(max=500))
    external_ref = TextField(max=100, load_default=None, allow_none=True)


class ExtendSchema(Schema):
    bids_due_at = TextField(required=True, max=40, metadata=DEADLINE)
    questions_due_at = TextField(max=40, load_default=None, allow_none=True, metadata=DEADLINE)


class CancelSchema(Schema):
    reason = TextField(required=True, max=2000)


class RfqQuerySchema(ListQuerySchema):
    state = EnumField(RfqState, load_default=None)
    kind = EnumField(RfqKind, load_default=None)
    text = TextField(
        max=200, load_default="", metadata={"description": "Words of the title or number."}
    )


class LotSchema(Schema):
    id = IdField()
    number = fields.Integer()
    title = fields.String()
    description = fields.String()
    estimate = MoneyField(metadata={"description": "For the buyer only."})
    state = EnumField(LotState)
    minimum_bids = fields.Integer(metadata={"description": "null: as the RFQ says."})
    weights = fields.List(
        fields.Nested(LotWeightSchema),
        allow_none=True,
        metadata={"description": "What criteria count in this lot; null: as in the RFQ."},
    )
    ended_at = InstantField()
    end_reason = fields.String()
    award_id = IdField(metadata={"description": "The decision that the lot ended with."})


class LineSchema(Schema):
    id = IdField()
    number = fields.Integer()
    lot_id = IdField()
    item_id = IdField()
    description = fields.String()
    quantity = QuantityField()
    category_code = fields.String()
    delivery_place = fields.String()
    delivery_on = Day()
    reference_price = MoneyField(unit_price=True, metadata={"description": "For the buyer only."})
    external_ref = fields.String()


class RfqSummarySchema(Schema):
    """An RFQ in a list."""

    id = IdField()
    kind = EnumField(RfqKind)
    number = fields.String()
    title = fields.String()
    state = EnumField(RfqState)
    actions = fields.List(fields.String())
    version = fields.Integer()
    buyer_id = IdField()
    currency = fields.String()
    bids_due_at = InstantField()
    questions_due_at = InstantField()
    time_zone = fields.String()
    open_to_all = fields.Boolean()
    published_at = InstantField()
    created_at = InstantField()


class RfqSchema(RfqSummarySchema):
    """An RFQ with its content."""

    description = fields.String()
    agreement_ref = fields.String()
    auction_starts_at = InstantField()
    category_code = fields.String()
    delivery = fields.Nested(AddressSchema)
    estimate = MoneyField(metadata={"description": "For the buyer only."})
    payment_terms_days = fields.Integer()
    allows = fields.List(EnumField(OfferKind))
    rates = fields.List(fields.Nested(ExchangeRateSchema), metadata=FROZEN)
    max_alternatives = fields.Integer()
    addendum_days = fields.Integer()
    addendum_count = fields.Integer(metadata={"description": "Published changes so far."})
    standstill_days = fields.Integer()
    minimum_bids = fields.Integer()
    source = EnumField(RfqSource)
    external_ref = fields.String()
    blind_scoring = fields.Boolean()
    low_price_check = fields.Boolean()
    envelopes = EnumField(EnvelopeRule)
    client_sealing = fields.Boolean()
    suspended_at = InstantField()
    suspension_reason = fields.String()
    opened_at = InstantField()
    prices_opened_at = InstantField()
    awarded_at = InstantField()
    ended_at = InstantField()
    end_reason = fields.String()
    lots = fields.List(fields.Nested(LotSchema))
    lines = fields.List(fields.Nested(LineSchema))
    criteria = fields.List(fields.Nested(CriterionSchema))
    sections = fields.List(fields.Nested(SectionSchema))
    costs = fields.Nested(CostsSchema)


class PublishedSchema(RfqSchema):
    opening_passphrase = fields.String(
        allow_none=True,
        metadata={
            "description": "Told this once. Nobody can recover it. null: officers open together."
        },
    )


class ReadinessReasonSchema(Schema):
    pointer = fields.String()
    code = fields.String()
    detail = fields.Function(lambda reason: str(reason.detail))


class ReadinessSchema(Schema):
    is_ready = fields.Boolean()
    reasons = fields.List(fields.Nested(ReadinessReasonSchema))
    warnings = fields.List(fields.Nested(ReadinessReasonSchema))
    formulas = fields.List(
        fields.Nested(FoundInFormulaSchema),
        metadata={"description": "What is doubtful about the price formula, with examples."},
    )


class InvitationSchema(Schema):
    supplier_id = IdField()
    supplier_name = fields.String()
    invited_at = InstantField()
    seen_at = InstantField()


class InvitationListSchema(Schema):
    items = fields.List(fields.Nested(InvitationSchema))
