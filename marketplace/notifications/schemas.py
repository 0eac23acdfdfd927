"""What crosses the API about notices."""

from marshmallow import fields

from marketplace.web.fields import IdField, InstantField
from marketplace.web.schemas import ListQuerySchema, Schema


class NoticeSchema(Schema):
    """A notice in the caller's language."""

    id = IdField()
    kind = fields.String()
    title = fields.String()
    body = fields.String()
    url = fields.String()
    occurred_at = InstantField()
    created_at = InstantField()
    read_at = InstantField(allow_none=True)


class NoticeQuerySchema(ListQuerySchema):
    unread = fields.Boolean(
        load_default=False, metadata={"description": "Only what has not been read."}
    )
