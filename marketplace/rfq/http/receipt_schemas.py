"""What crosses the API about receipts: signed statements about attempts to bid."""

from marshmallow import fields

from marketplace.rfq.terms.bid_states import AttemptOutcome
from marketplace.web.fields import EnumField, IdField, InstantField
from marketplace.web.schemas import Schema


class BidReceiptSchema(Schema):
    """A signed statement: `signature` is Ed25519 over the bytes of `statement`."""

    id = IdField()
    rfq_id = IdField()
    bid_id = IdField(allow_none=True)
    number = fields.Integer(allow_none=True)
    alternative = fields.Integer(metadata={"description": "Which of the supplier's bids."})
    outcome = EnumField(AttemptOutcome)
    code = fields.String(allow_none=True)
    digest = fields.String(allow_none=True)
    arrived_at = InstantField()
    statement = fields.String(metadata={"description": "Canonical JSON, as it was signed."})
    signature = fields.Function(
        lambda attempt: attempt.signature.hex(),
        metadata={"type": "string", "description": "Ed25519, hexadecimal."},
    )


class BidReceiptListSchema(Schema):
    items = fields.List(fields.Nested(BidReceiptSchema))


class ReceiptKeySchema(Schema):
    algorithm = fields.String()
    public_key = fields.String(metadata={"description": "Raw Ed25519 key, hexadecimal."})
