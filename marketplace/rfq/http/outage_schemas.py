"""What crosses the API about outages before a deadline."""

from marshmallow import fields

from marketplace.rfq.http.schemas import DEADLINE
from marketplace.web.fields import IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class SilenceSchema(Schema):
    began_at = InstantField()
    ended_at = InstantField(allow_none=True, metadata={"description": "null while it lasts."})


class OutageRulingInputSchema(Schema):
    reason = TextField(required=True, max=2000)
    bids_due_at = TextField(load_default=None, allow_none=True, max=40, metadata=DEADLINE)


class OutageRulingSchema(Schema):
    rfq_id = IdField()
    due_at = InstantField(metadata={"description": "The deadline that was ruled on."})
    extended_to = InstantField(allow_none=True)
    reason = fields.String()
    ruled_by = IdField()
    created_at = InstantField()


class WaitingAttemptSchema(Schema):
    id = IdField(metadata={"description": "The number that its sender was told."})
    arrived_at = InstantField()
    digest = fields.String()


class OutagesSchema(Schema):
    items = fields.List(fields.Nested(SilenceSchema))
    attempts = fields.List(
        fields.Nested(WaitingAttemptSchema),
        metadata={"description": "Submissions in time that the service could not take."},
    )
    needs_ruling = fields.Boolean()
    ruling = fields.Nested(OutageRulingSchema, allow_none=True)
