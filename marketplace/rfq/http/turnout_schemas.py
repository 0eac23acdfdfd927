"""What crosses the API about lots with fewer bids than were asked for."""

from marshmallow import fields

from marketplace.rfq.awards.turnout_states import TooFewRuling
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class TurnoutSchema(Schema):
    """How many suppliers in the race price a line of the lot, where more than one is wanted."""

    wanted = fields.Integer()
    bidders = fields.Integer()
    is_short = fields.Boolean()
    waits = fields.Boolean(
        metadata={"description": "The lot is not awarded before the buyer has ruled."}
    )


class LotRulingSchema(Schema):
    outcome = EnumField(TooFewRuling)
    wanted = fields.Integer()
    bidders = fields.Integer(metadata={"description": "When it was ruled."})
    reason = fields.String()
    copy_id = IdField(
        allow_none=True, metadata={"description": "The new draft that asks for the lot again."}
    )
    ruled_by = IdField()
    ruled_at = InstantField(attribute="created_at")


class LotRulingInputSchema(Schema):
    outcome = EnumField(TooFewRuling, required=True)
    reason = TextField(
        required=True,
        min=1,
        max=2000,
        metadata={"description": "Bidders read it where the lot ends."},
    )
