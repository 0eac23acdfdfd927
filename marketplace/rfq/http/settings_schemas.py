"""What crosses the API about an organisation's sourcing settings."""

from marshmallow import fields, validate

from marketplace.rfq.http.count_field import CountField
from marketplace.web.fields import TextField
from marketplace.web.schemas import Schema


class SourcingSettingsInputSchema(Schema):
    addendum_days = CountField(
        load_default=2,
        strict=True,
        validate=validate.Range(0, 60),
        metadata={"description": "Working days that new RFQs leave bidders after an addendum."},
    )
    standstill_days = CountField(
        required=True,
        strict=True,
        validate=validate.Range(0, 90),
        metadata={"description": "What new RFQs begin with; procedures after public rules: 10."},
    )
    debrief_days = CountField(
        load_default=15,
        strict=True,
        validate=validate.Range(1, 90),
        metadata={"description": "How long after an award bidders may ask for a debrief."},
    )
    dispute_clause = TextField(
        max=5000,
        load_default="",
        metadata={"description": "Who mediates and who arbitrates; empty: neither is agreed."},
    )


class SourcingSettingsSchema(Schema):
    version = fields.Integer()
    addendum_days = fields.Integer()
    standstill_days = fields.Integer()
    debrief_days = fields.Integer()
    dispute_clause = fields.String()
