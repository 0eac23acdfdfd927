"""What crosses the API about bids: the supplier's own, and the receipts."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, pre_load, validate

from marketplace.core.money import CURRENCIES
from marketplace.core.tabular.values import BadValue
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids.bundling import MAX_BUNDLES, Bundle
from marketplace.rfq.bids.content import Answer, BidContent, PricedLine
from marketplace.rfq.bids.offer_rules import PRICE_PLACES
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.http.offer_schemas import RefusedDocumentSchema
from marketplace.rfq.http.rate_schemas import CONVERTED
from marketplace.rfq.http.receipt_schemas import BidReceiptSchema
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.offering import MAX_BREAKS, QuantityBreak, read_breaks
from marketplace.web.fields import (
    CurrencyField,
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
    read_decimal,
    refuse,
)
from marketplace.web.forms import plain_decimal
from marketplace.web.schemas import Schema

MAX_LINES = 2000
_DAYS = validate.Range(0, 3650)


class QuantityBreakSchema(Schema):
    from_quantity = DecimalField(
        required=True, metadata={"description": "In the unit of the line."}
    )
    unit_price = DecimalField(
        required=True, metadata={"description": "Of every unit, in the currency of the line."}
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> QuantityBreak:
        return QuantityBreak(**data)


class BidLineInputSchema(Schema):
    line_id = IdField(required=True)
    unit_price = MoneyField(required=True, unit_price=True, minimum=None)
    note = TextField(max=500, load_default="")
    quantity = QuantityField(
        load_default=None,
        allow_none=True,
        metadata={"description": "What is offered, where parts are allowed; left out: all."},
    )
    breaks = fields.List(
        fields.Nested(QuantityBreakSchema),
        load_default=list,
        validate=validate.Length(max=MAX_BREAKS),
        metadata={"description": "Ascending; from each quantity on every unit has its price."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> PricedLine:
        price = data["unit_price"]
        return PricedLine(
            data["line_id"],
            price.amount,
            price.currency,
            data["note"],
            data["quantity"],
            tuple(data["breaks"]),
        )


class BundleSchema(Schema):
    """Lines and whole lots that come together, or not at all."""

    name = TextField(required=True, max=100)
    line_ids = fields.List(IdField(), load_default=list, validate=validate.Length(max=MAX_LINES))
    lot_ids = fields.List(IdField(), load_default=list, validate=validate.Length(max=500))
    price = MoneyField(
        load_default=None,
        allow_none=True,
        minimum=None,
        metadata={"description": "Of all its lines together; or give `percent`."},
    )
    percent = DecimalField(
        load_default=None,
        allow_none=True,
        metadata={"description": "Discount on the unit price of each of its lines."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Bundle:
        ids = {name: tuple(data[name]) for name in ("line_ids", "lot_ids")}
        return Bundle(**(data | ids))


class BidAnswerInputSchema(Schema):
    criterion_id = IdField(required=True)
    text = TextField(required=True, max=5000)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Answer:
        return Answer(**data)


class BidInputSchema(Schema):
    currency = CurrencyField(
        max=3,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "Of all amounts of the bid, where the RFQ has rates; left out: that of"
            " the RFQ."
        },
    )
    name = TextField(
        max=alternatives.LONGEST_NAME,
        load_default="",
        metadata={"description": "Of an alternative, needed to submit it. Sealed with the bid."},
    )
    lot_ids = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "The lots that the bid is for; left out: those of its lines."},
    )
    lines = fields.List(
        fields.Nested(BidLineInputSchema),
        load_default=list,
        validate=validate.Length(max=MAX_LINES),
    )
    note = TextField(max=5000, load_default="")
    delivery_days = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_DAYS)
    answers = fields.List(
        fields.Nested(BidAnswerInputSchema), load_default=list, validate=validate.Length(max=100)
    )
    minimum_order = MoneyField(
        load_default=None,
        allow_none=True,
        metadata={"description": "The least order that the bidder takes, where that is allowed."},
    )
    bundles = fields.List(
        fields.Nested(BundleSchema), load_default=list, validate=validate.Length(max=MAX_BUNDLES)
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Any:
        return content_of(data)


class BidCreateSchema(BidInputSchema):
    alternative = CountField(
        strict=True,
        load_default=0,
        validate=validate.Range(0, alternatives.MOST),
        metadata={
            "description": "Which of the supplier's bids: 0 is the main one; further ones where the"
            " RFQ allows alternatives."
        },
    )
    submit = fields.Boolean(
        load_default=False,
        truthy={True},
        falsy={False},
        metadata={"description": "Submit at once instead of keeping a draft."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        return {
            "submit": data.pop("submit"),
            "alternative": data.pop("alternative"),
            "content": content_of(data),
        }


def content_of(data: dict[str, Any]) -> BidContent:
    """The loaded input as the content of a bid."""
    return BidContent(
        lines=tuple(data["lines"]),
        lot_ids=tuple(data["lot_ids"]),
        note=data["note"],
        delivery_days=data["delivery_days"],
        answers=tuple(data["answers"]),
        minimum_order=data["minimum_order"],
        bundles=tuple(data["bundles"]),
        currency=data["currency"],
        name=data["name"],
    )


class BidLineSchema(Schema):
    line_id = IdField()
    unit_price = MoneyField(unit_price=True)
    total = MoneyField(metadata={"description": "Of what is offered, at the price for that."})
    note = fields.String()
    quantity = QuantityField(metadata={"description": "What is offered of the line."})
    is_partial = fields.Boolean()
    breaks = fields.List(fields.Nested(QuantityBreakSchema))
    auction_unit_price = MoneyField(
        allow_none=True,
        unit_price=True,
        metadata={"description": "The price that counts, where an auction has lowered it."},
    )
    auction_total = MoneyField(allow_none=True)


class BidAnswerSchema(Schema):
    criterion_id = IdField()
    text = fields.String()


class BidDocumentSchema(Schema):
    id = IdField()
    name = fields.String()
    media_type = fields.String()
    size = fields.Integer(metadata={"description": "Bytes."})
    sha256 = fields.String(metadata={"description": "Hexadecimal."})


class BidContentSchema(Schema):
    currency = fields.String(
        allow_none=True,
        metadata={"description": "Of all its amounts; null while prices may not be seen."},
    )
    name = fields.String(metadata={"description": "Of an alternative; empty for the main bid."})
    lot_ids = fields.List(IdField())
    lines = fields.List(fields.Nested(BidLineSchema))
    total = MoneyField(
        allow_none=True, metadata={"description": "Null while prices may not be seen."}
    )
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)
    note = fields.String()
    delivery_days = fields.Integer(allow_none=True)
    answers = fields.List(fields.Nested(BidAnswerSchema))
    documents = fields.List(fields.Nested(BidDocumentSchema))
    refused_documents = fields.List(fields.Nested(RefusedDocumentSchema))
    minimum_order = MoneyField(allow_none=True)
    bundles = fields.List(fields.Nested(BundleSchema))


class OwnExclusionSchema(Schema):
    ground = EnumField(ExclusionGround)
    reason = fields.String()
    excluded_at = InstantField()


class BidSchema(Schema):
    id = IdField()
    rfq_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(
        metadata={"description": "0: the main bid of the supplier; else an alternative to it."}
    )
    state = EnumField(BidState)
    actions = fields.List(fields.String())
    version = fields.Integer()
    number = fields.Integer(metadata={"description": "Submitted versions so far."})
    submitted_at = InstantField(allow_none=True)
    created_at = InstantField()
    draft = fields.Nested(
        BidContentSchema, allow_none=True, metadata={"description": "What is being written."}
    )
    content = fields.Nested(
        BidContentSchema,
        allow_none=True,
        metadata={"description": "The submitted bid: with X-Read-Back-Key, or after the opening."},
    )
    terms_number = fields.Integer(
        allow_none=True, metadata={"description": "The present version of the RFQ's terms."}
    )
    lines_to_confirm = fields.List(
        IdField(), metadata={"description": "Touched by an addendum: confirm or price anew."}
    )
    lines_to_price = fields.List(
        fields.Integer(), metadata={"description": "Numbers of lines that an addendum added."}
    )
    receipt = fields.Nested(
        BidReceiptSchema, allow_none=True, metadata={"description": "After a submission."}
    )
    exclusion = fields.Nested(
        OwnExclusionSchema,
        allow_none=True,
        metadata={"description": "Why the bid was out of the race, once that is decided."},
    )
    read_back_key = fields.String(
        allow_none=True,
        metadata={
            "description": "Told once, after a submission: send it as X-Read-Back-Key to read the"
            " sealed bid."
        },
    )


class BidListSchema(Schema):
    items = fields.List(fields.Nested(BidSchema))
    next_cursor = fields.String(allow_none=True)


class BreaksField(fields.Field[tuple[QuantityBreak, ...]]):
    """Quantity breaks as people type them: ``100: 9.50; 500: 9``, in the reader's notation."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **_kw: Any) -> Any:
        try:
            return read_breaks(str(value), _typed)
        except BadValue as bad:
            raise refuse(bad.code, bad.detail) from None


def _typed(text: str) -> Decimal:
    return read_decimal(plain_decimal(text), PRICE_PLACES)


class BidFormLineSchema(Schema):
    """A row of the bid form; without a price the line is not bid for."""

    line_id = IdField(required=True)
    unit_price = MoneyField(load_default=None, unit_price=True, exclusive=True)
    note = TextField(max=500, load_default="")
    quantity = QuantityField(load_default=None)
    breaks = BreaksField(load_default=())


class BidFormAnswerSchema(Schema):
    criterion_id = IdField(required=True)
    text = TextField(max=5000, load_default="")


class BidFormBundleSchema(Schema):
    """A row for a bundle; without name, lines and price there is none."""

    name = TextField(max=100, load_default="")
    line_ids = fields.List(IdField(), load_default=list)
    lot_ids = fields.List(IdField(), load_default=list)
    price = MoneyField(load_default=None)
    percent = DecimalField(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Bundle | None:
        return BundleSchema().make(data) if any(data.values()) else None


class BidFormSchema(Schema):
    """The bid as a form. Loads to ``content``, and ``rows``: those of priced lines and bundles."""

    currency = CurrencyField(max=3, load_default=None)
    name = TextField(max=alternatives.LONGEST_NAME, load_default="")
    lot_ids = fields.List(IdField(), load_default=list)
    lines = fields.List(fields.Nested(BidFormLineSchema), load_default=list)
    note = TextField(max=5000, load_default="")
    delivery_days = fields.Integer(load_default=None, allow_none=True, validate=_DAYS)
    answers = fields.List(fields.Nested(BidFormAnswerSchema), load_default=list)
    minimum_order = MoneyField(load_default=None)
    bundles = fields.List(fields.Nested(BidFormBundleSchema), load_default=list)

    @pre_load
    def name_currency_once(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """What is chosen for the whole bid holds for each amount, whatever stood beside it."""
        chosen = data.get("currency")
        return _all_in(data, chosen) if chosen in CURRENCIES else data

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        rows = [row for row, line in enumerate(data["lines"]) if line["unit_price"] is not None]
        data["lines"] = [BidLineInputSchema().make(data["lines"][row]) for row in rows]
        data["answers"] = [Answer(**answer) for answer in data["answers"] if answer["text"]]
        bundled = [row for row, bundle in enumerate(data["bundles"]) if bundle is not None]
        data["bundles"] = [data["bundles"][row] for row in bundled]
        return {"content": content_of(data), "rows": {"lines": rows, "bundles": bundled}}


def _all_in(value: Any, currency: str) -> Any:
    """The same values with all money in this currency."""
    if isinstance(value, list):
        return [_all_in(each, currency) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"amount", "currency"}:
        return {**value, "currency": currency}
    return {name: _all_in(each, currency) for name, each in value.items()}
