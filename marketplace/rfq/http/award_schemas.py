"""What crosses the API when lots are decided: choices, awards, an end without award."""

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.http.round_schemas import AwardedAuctionSchema
from marketplace.web.fields import (
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import Schema


class AwardChoiceSchema(Schema):
    bid_id = IdField(required=True)
    lot_id = IdField(load_default=None, allow_none=True)
    line_id = IdField(load_default=None, allow_none=True)
    bundle = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "A bundle of the bid, by its number, instead of a lot or line."},
    )
    quantity = QuantityField(
        load_default=None,
        allow_none=True,
        metadata={"description": "How much of the line, where parts are allowed; left out: all."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Choice:
        return Choice(**data)


class AwardInputSchema(Schema):
    choices = fields.List(
        fields.Nested(AwardChoiceSchema),
        required=True,
        validate=validate.Length(1, 2000),
        metadata={"description": "Lots or lines with the bid that gets them; lines go first."},
    )
    justification = TextField(
        max=5000,
        load_default="",
        metadata={
            "description": "Required where a line does not go to the best bid; in an event of kind"
            " auction, where it does not go to the winner of the auction or none was held."
        },
    )
    reasons = TextField(
        max=5000,
        load_default="",
        metadata={"description": "What all bidders read in their letters; names no loser."},
    )


class AwardLineSchema(Schema):
    line_id = IdField(attribute="rfq_line_id")
    lot_id = IdField()
    number = fields.Integer()
    description = fields.String()
    bid_id = IdField()
    supplier_id = IdField()
    quantity = QuantityField()
    unit_price = MoneyField(unit_price=True)
    total = MoneyField()
    is_best = fields.Boolean()


class AwardSchema(Schema):
    id = IdField()
    rfq_id = IdField()
    decided_by = IdField()
    decided_at = InstantField()
    state = EnumField(AwardState)
    standstill_until = InstantField(
        allow_none=True, metadata={"description": "Not before then is the award final."}
    )
    concluded_at = InstantField(allow_none=True, metadata={"description": "Final since then."})
    justification = fields.String()
    reasons = fields.String()
    auction = fields.List(
        fields.Nested(AwardedAuctionSchema),
        metadata={"description": "Of an event of kind auction: how each lot follows its auction."},
    )
    lines = fields.List(fields.Nested(AwardLineSchema))


class UnsuccessfulSchema(Schema):
    reason = TextField(required=True, max=5000)
