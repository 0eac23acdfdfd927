"""What crosses the API about auctions."""

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.auctions.drafts import AuctionDraft, LotDraft
from marketplace.auctions.states import (
    AuctionState,
    AuctionType,
    Beat,
    DecrementKind,
    Display,
    LotOrder,
    LotPhase,
    Skip,
)
from marketplace.auctions.terms import AuctionTerms, Band, Decrement, Overtime
from marketplace.web.fields import (
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
)
from marketplace.web.schemas import Schema

_SECONDS: dict[str, Any] = {"strict": True, "validate": validate.Range(0, 86_400)}


class BandSchema(Schema):
    from_price = DecimalField(required=True, places=4)
    value = DecimalField(required=True, places=4)


class DecrementSchema(Schema):
    """By how much an English bid has to be lower; bands replace the value from a price on."""

    kind = EnumField(DecrementKind, load_default=DecrementKind.PERCENT)
    value = DecimalField(required=True, places=4)
    bands = fields.List(
        fields.Nested(BandSchema), load_default=list, validate=validate.Length(max=10)
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Decrement:
        bands = tuple(Band(band["from_price"], band["value"]) for band in data["bands"])
        return Decrement(data["kind"], data["value"], bands)


class OvertimeSchema(Schema):
    """A bid in the last seconds leaves at least so many more; limit 0 is no overtime."""

    trigger_seconds = fields.Integer(load_default=120, **_SECONDS)
    extension_seconds = fields.Integer(load_default=120, **_SECONDS)
    limit = fields.Integer(
        load_default=None, allow_none=True, strict=True, validate=validate.Range(0, 1000)
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Overtime:
        return Overtime(data["trigger_seconds"], data["extension_seconds"], data["limit"])


class LotPricesSchema(Schema):
    lot_id = IdField(required=True)
    first_price = MoneyField(
        load_default=None,
        allow_none=True,
        metadata={"description": "English: the ceiling. Others: the price that is called first."},
    )
    step = MoneyField(load_default=None, allow_none=True)
    last_price = MoneyField(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> LotDraft:
        return LotDraft(**data)


class AuctionInputSchema(Schema):
    type = EnumField(AuctionType, load_default=AuctionType.ENGLISH)
    starts_at = InstantField(required=True)
    lot_order = EnumField(LotOrder, load_default=LotOrder.PARALLEL)
    display = EnumField(Display, load_default=Display.RANK)
    beat = EnumField(Beat, load_default=Beat.OWN)
    decrement = fields.Nested(DecrementSchema, load_default=None)
    overtime = fields.Nested(OvertimeSchema, load_default=None)
    length_seconds = fields.Integer(load_default=1800, **_SECONDS)
    interval_seconds = fields.Integer(load_default=60, **_SECONDS)
    pause_between_seconds = fields.Integer(load_default=0, **_SECONDS)
    lots = fields.List(
        fields.Nested(LotPricesSchema),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "None: all lots (English only)."},
    )
    excluded_supplier_ids = fields.List(
        IdField(), load_default=list, validate=validate.Length(max=500)
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, AuctionDraft]:
        usual = AuctionTerms()
        terms = AuctionTerms(
            lot_order=data["lot_order"],
            display=data["display"],
            beat=data["beat"],
            decrement=data["decrement"] or usual.decrement,
            overtime=data["overtime"] or usual.overtime,
            length=data["length_seconds"],
            interval=data["interval_seconds"],
            pause_between=data["pause_between_seconds"],
        )
        draft = AuctionDraft(
            type=data["type"],
            starts_at=data["starts_at"],
            terms=terms,
            lots=tuple(data["lots"]),
            excluded=tuple(data["excluded_supplier_ids"]),
        )
        return {"draft": draft}


class AuctionBidInputSchema(Schema):
    lot_id = IdField(required=True)
    amount = MoneyField(required=True)
    floor = MoneyField(
        load_default=None,
        allow_none=True,
        metadata={"description": "How low we may bid for you (English). Nobody else reads it."},
    )


class AuctionProxySchema(Schema):
    lot_id = IdField(required=True)
    floor = MoneyField(required=True, allow_none=True)


class AuctionProxyFormSchema(Schema):
    """As `AuctionProxySchema`; a blank field ends it."""

    lot_id = IdField(required=True)
    floor = MoneyField(load_default=None, allow_none=True)


class AuctionLotChoiceSchema(Schema):
    lot_id = IdField(required=True)


class AuctionExtensionSchema(Schema):
    lot_id = IdField(required=True)
    minutes = fields.Integer(required=True, strict=True)


class AuctionReasonSchema(Schema):
    reason = TextField(load_default="", max=1000)


class CalledPriceSchema(Schema):
    level = fields.Integer()
    price = MoneyField()
    until = InstantField()


class AuctionEntrySchema(Schema):
    """A bidder in a lot. ``seq`` is the number of the bid that counts; null: the opened bid."""

    label = fields.Integer()
    supplier_id = IdField()
    supplier_name = fields.String()
    opened_total = MoneyField()
    amount = MoneyField()
    rank = fields.Integer(allow_none=True)
    seq = fields.Integer(allow_none=True)
    level = fields.Integer()
    is_in = fields.Boolean()
    highest_allowed = MoneyField(allow_none=True)
    floor = MoneyField(allow_none=True)


class AuctionLotSchema(Schema):
    lot_id = IdField()
    number = fields.Integer()
    title = fields.String()
    phase = EnumField(LotPhase)
    skipped = EnumField(Skip, allow_none=True)
    starts_at = InstantField()
    ends_at = InstantField()
    first_price = MoneyField(allow_none=True)
    step = MoneyField(allow_none=True)
    last_price = MoneyField(allow_none=True)
    called = fields.Nested(CalledPriceSchema, allow_none=True)
    overtimes = fields.Integer()
    bid_count = fields.Integer(allow_none=True)
    best = MoneyField(allow_none=True)
    entries = fields.List(
        fields.Nested(AuctionEntrySchema),
        allow_none=True,
        metadata={"description": "The buyer's alone."},
    )
    own = fields.Nested(
        AuctionEntrySchema, allow_none=True, metadata={"description": "The bidder's own entry."}
    )


class AuctionRulesSchema(Schema):
    lot_order = EnumField(LotOrder)
    display = EnumField(Display)
    beat = EnumField(Beat)
    decrement = fields.Nested(DecrementSchema)
    overtime = fields.Nested(OvertimeSchema)
    length_seconds = fields.Integer()
    interval_seconds = fields.Integer()
    pause_between_seconds = fields.Integer()


class AuctionSchema(Schema):
    id = IdField()
    version = fields.Integer()
    rfq_id = IdField()
    type = EnumField(AuctionType)
    state = EnumField(AuctionState)
    actions = fields.List(fields.String())
    currency = fields.String()
    server_time = InstantField()
    starts_at = InstantField()
    paused_at = InstantField(allow_none=True)
    closed_at = InstantField(allow_none=True)
    reason = fields.String()
    last_event = fields.Integer(
        metadata={"description": "The number of the newest event; replay goes on after it."}
    )
    rules = fields.Nested(AuctionRulesSchema)
    lots = fields.List(fields.Nested(AuctionLotSchema))


class AuctionSummarySchema(Schema):
    id = IdField()
    rfq_id = IdField()
    rfq_number = fields.String()
    rfq_title = fields.String()
    type = EnumField(AuctionType)
    state = EnumField(AuctionState)
    starts_at = InstantField()
    closed_at = InstantField(allow_none=True)


class AuctionBidSchema(Schema):
    """A bid with its number in the lot: the receipt."""

    id = IdField()
    lot_id = IdField()
    seq = fields.Integer()
    amount = MoneyField()
    automatic = fields.Boolean()
    placed_at = InstantField()
    supplier_id = IdField()
    supplier_name = fields.String(allow_none=True)
    withdrawn_at = InstantField(allow_none=True)
    withdrawal_reason = fields.String(allow_none=True)


class AuctionBidsSchema(Schema):
    items = fields.List(fields.Nested(AuctionBidSchema))


class PlacedBidSchema(Schema):
    bid = fields.Nested(AuctionBidSchema)
    lot = fields.Nested(AuctionLotSchema, allow_none=True)
