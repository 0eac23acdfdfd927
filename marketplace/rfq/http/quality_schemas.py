"""What crosses the API about the lock of the scores and about excluded bids."""

from marshmallow import fields

from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class QualitySchema(Schema):
    blind_scoring = fields.Boolean()
    locked_at = InstantField(allow_none=True)
    locked_by = IdField(allow_none=True)
    lock_reason = fields.String(
        allow_none=True, metadata={"description": "Why scores that are missing stay out."}
    )
    prices_seen_at = InstantField(
        allow_none=True,
        metadata={"description": "First sight of a price under blind scoring; no unlock after."},
    )


class LockQualitySchema(Schema):
    reason = TextField(
        max=2000,
        load_default="",
        metadata={"description": "Required where scores are missing: they count nothing then."},
    )


class UnlockQualitySchema(Schema):
    reason = TextField(required=True, min=1, max=2000)


class ExclusionSchema(Schema):
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(metadata={"description": "0: the main bid of the supplier."})
    name = fields.String(metadata={"description": "Of an alternative."})
    ground = EnumField(ExclusionGround)
    criterion_id = IdField(allow_none=True)
    reason = fields.String()
    excluded_by = IdField()
    excluded_at = InstantField()


class ExcludedSchema(ExclusionSchema):
    class Meta(Schema.Meta):
        exclude = ("supplier_name", "alternative", "name")


class ExclusionInputSchema(Schema):
    ground = EnumField(ExclusionGround, load_default=ExclusionGround.RULING)
    criterion_id = IdField(
        load_default=None,
        allow_none=True,
        metadata={"description": "The criterion that is not met; required for `knock_out`."},
    )
    reason = TextField(required=True, min=1, max=2000)


class ReadmissionSchema(Schema):
    reason = TextField(required=True, min=1, max=2000)
