"""What crosses the API to be verified offline."""

from marshmallow import fields

from marketplace.web.schemas import Schema


class SignedPaperSchema(Schema):
    """A statement with all that verifies it; as a file it goes to `marketplace verify-receipt`."""

    statement = fields.String(metadata={"description": "Canonical JSON, as it was signed."})
    signature = fields.String(metadata={"description": "Ed25519, hexadecimal."})
    public_key = fields.String(metadata={"description": "Raw Ed25519 key, hexadecimal."})
    algorithm = fields.String()
