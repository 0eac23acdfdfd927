"""What crosses the API about opening keys, officers and the ceremony."""

from typing import Any

from marshmallow import fields, validate

from marketplace.rfq.http.evaluation_schemas import OpeningMinutesSchema
from marketplace.rfq.sealing.officers.states import OfficerPart, OpeningRule
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema

HEX_KEY = {"type": "string", "description": "X25519, hexadecimal."}


class OpeningKeyInputSchema(Schema):
    passphrase = TextField(
        required=True,
        max=200,
        metadata={"description": "At least 12 characters. It is kept nowhere."},
    )


class OpeningKeyFormSchema(OpeningKeyInputSchema):
    repeated = TextField(required=True, max=200)


class OpeningKeySchema(Schema):
    id = IdField()
    public_key = fields.Function(lambda key: key.public_key.hex(), metadata=HEX_KEY)
    created_at = InstantField()


class ColleagueSchema(Schema):
    person_id = IdField(attribute="person.id")
    name = fields.String(attribute="person.name")
    may_open = fields.Boolean(metadata={"description": "Their role includes opening bids."})
    has_key = fields.Function(
        lambda colleague: colleague.key is not None, metadata={"type": "boolean"}
    )


class ColleagueListSchema(Schema):
    items = fields.List(fields.Nested(ColleagueSchema))


class OfficerSchema(Schema):
    person_id = IdField(attribute="person.id")
    name = fields.String(attribute="person.name")
    part = EnumField(OfficerPart, attribute="row.part")
    given_at = InstantField(allow_none=True, metadata={"description": "null: not given (yet)."})
    is_awaited = fields.Boolean()
    lost_at = InstantField(attribute="row.lost_at", allow_none=True)
    lost_reason = fields.String(attribute="row.lost_reason", allow_none=True)


class CeremonySchema(Schema):
    """How far the opening has come."""

    rule = EnumField(OpeningRule)
    opens_at = InstantField(metadata={"description": "Shares are taken from here on."})
    waits_until = InstantField(
        allow_none=True, metadata={"description": "Until when the second share must be given."}
    )
    quorum_available = fields.Boolean(
        metadata={"description": "false: two shares are lost, and nobody can open."}
    )
    officers = fields.List(fields.Nested(OfficerSchema))
    envelope = fields.String(
        allow_none=True,
        validate=validate.OneOf(("whole", "technical", "price")),
        metadata={"description": "Which one is opened next; null when all are open."},
    )
    minutes = fields.Nested(OpeningMinutesSchema, allow_none=True)
    price_minutes = fields.Nested(OpeningMinutesSchema, allow_none=True)


class ShareInputSchema(Schema):
    passphrase = TextField(
        required=True,
        max=500,
        metadata={"description": "The passphrase of the caller's own opening key."},
    )


class ShareLossInputSchema(Schema):
    person_id = IdField(required=True)
    reason = TextField(required=True, max=2000)


def as_officer(officer: Any, ceremony: Any) -> dict[str, Any]:
    """An officer with what they have done in this ceremony."""
    return {
        "row": officer.row,
        "person": officer.person,
        "given_at": ceremony.given.get(officer.row.number),
        "is_awaited": officer in ceremony.awaited,
    }
