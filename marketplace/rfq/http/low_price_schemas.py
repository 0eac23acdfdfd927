"""What crosses the API about abnormally low prices."""

from typing import Any

from marshmallow import fields, validate

from marketplace.core.shares import shown
from marketplace.rfq.evaluation.states import LowPriceRuling
from marketplace.rfq.http.rate_schemas import CONVERTED
from marketplace.web.fields import EnumField, IdField, InstantField, MoneyField, TextField
from marketplace.web.schemas import Schema


def _percent(name: str) -> fields.Function:
    def read(flagged: Any) -> str:
        return str(shown(getattr(flagged.flag, name) * 100))

    return fields.Function(read, metadata={"type": "string", "description": "Per cent."})


class InquiryInputSchema(Schema):
    question = TextField(required=True, min=1, max=5000)
    due_at = InstantField(
        load_default=None,
        allow_none=True,
        metadata={"description": "Left out: one working day from now."},
    )


class JustificationSchema(Schema):
    text = TextField(required=True, min=1, max=20_000)
    document_ids = fields.List(IdField(), load_default=list, validate=validate.Length(max=20))


class LowPriceRulingSchema(Schema):
    outcome = EnumField(LowPriceRuling, required=True)
    reason = TextField(required=True, min=1, max=5000)


class AskedSchema(Schema):
    """What a bidder was asked, as the bidder reads it."""

    bid_id = IdField()
    rfq_id = IdField()
    question = fields.String()
    asked_at = InstantField()
    due_at = InstantField()
    answer = fields.String(allow_none=True)
    answered_at = InstantField(allow_none=True)


class InquirySchema(AskedSchema):
    supplier_id = IdField()
    outcome = EnumField(LowPriceRuling, allow_none=True)
    reason = fields.String(allow_none=True)
    ruled_at = InstantField(allow_none=True)


class FlaggedTotalSchema(Schema):
    lot_id = IdField()
    bid_id = IdField()
    supplier_id = IdField()
    total = MoneyField(metadata={"description": "Of the bid in this lot."})
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)
    below_mean_percent = _percent("below_mean")
    below_next_percent = _percent("below_next")
    by_mean = fields.Boolean(
        attribute="flag.by_mean",
        metadata={"description": "At least 40 % below the mean of the others."},
    )
    by_next = fields.Boolean(
        attribute="flag.by_next",
        metadata={"description": "At least 30 % below the next bid."},
    )


class LowPricesSchema(Schema):
    is_checked = fields.Boolean(
        metadata={"description": "Whether a flagged bid wins only once its price is accepted."}
    )
    flagged = fields.List(fields.Nested(FlaggedTotalSchema))
    inquiries = fields.List(fields.Nested(InquirySchema))
