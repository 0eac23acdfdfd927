"""What crosses the API about documents."""

from flask_smorest.fields import Upload
from marshmallow import fields

from marketplace.web.fields import IdField, InstantField
from marketplace.web.schemas import Schema


class UploadSchema(Schema):
    file = Upload(required=True, metadata={"description": "One file of at most 10 MB."})


class DocumentSchema(Schema):
    id = IdField()
    filename = fields.String()
    content_type = fields.String()
    size = fields.Integer(metadata={"description": "Bytes."})
    sha256 = fields.String(
        attribute="digest", allow_none=True, metadata={"description": "Hexadecimal."}
    )
    url = fields.String(
        allow_none=True, metadata={"description": "Where it lies, when it is not kept here."}
    )
    owner_id = IdField(metadata={"description": "The organisation that brought it."})
    created_at = InstantField()
