"""What crosses the API about what follows an award."""

from marshmallow import fields

from marketplace.rfq.award_states import AwardState
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class ReasonSchema(Schema):
    reason = TextField(required=True, max=5000)


class AwardStandingSchema(Schema):
    """How far an award stands. It names no bidder."""

    award_id = IdField()
    rfq_id = IdField()
    state = EnumField(AwardState)
    actions = fields.List(fields.String())
    decided_at = InstantField()
    standstill_until = InstantField(allow_none=True)
    time_zone = fields.String()
    is_over = fields.Boolean(metadata={"description": "The standstill has ended by the clock."})
    concluded_at = InstantField(allow_none=True)
    withdrawn_at = InstantField(allow_none=True)
    withdrawal_reason = fields.String(allow_none=True)


class AwardStandingListSchema(Schema):
    items = fields.List(fields.Nested(AwardStandingSchema))
