"""What crosses the API about the lots of an RFQ, each with its own end."""

from marshmallow import fields

from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.http.schemas import LotSchema
from marketplace.rfq.http.turnout_schemas import LotRulingSchema, TurnoutSchema
from marketplace.web.fields import EnumField, IdField, TextField
from marketplace.web.schemas import Schema


class LotStandingSchema(LotSchema):
    """A lot with its end, and what may be done with it."""

    award_state = EnumField(AwardState, allow_none=True)
    bids = fields.Integer(
        allow_none=True,
        metadata={"description": "Bids for the lot; for the buyer only, after the opening."},
    )
    turnout = fields.Nested(
        TurnoutSchema,
        allow_none=True,
        metadata={"description": "For the buyer only, once it is known who bids for which lot."},
    )
    rulings = fields.List(fields.Nested(LotRulingSchema))
    actions = fields.List(fields.String())


class LotListSchema(Schema):
    rfq_id = IdField(attribute="id")
    items = fields.List(fields.Nested(LotStandingSchema), attribute="lots")


class LotEndSchema(Schema):
    reason = TextField(required=True, min=1, max=2000, metadata={"description": "Bidders read it."})
