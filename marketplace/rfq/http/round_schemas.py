"""What crosses the API about awards that follow an auction."""

from marshmallow import fields

from marketplace.web.fields import IdField
from marketplace.web.schemas import Schema


class AwardedAuctionSchema(Schema):
    lot_id = IdField()
    held = fields.Boolean(metadata={"description": "Whether there was an auction of the lot."})
    followed = fields.Boolean(
        metadata={"description": "False: the justification says why it was departed from."}
    )
    winner_bid_id = IdField(
        allow_none=True, metadata={"description": "The bid that ended first in the auction."}
    )
