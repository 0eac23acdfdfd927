"""What crosses the API about questions and their answers."""

from marshmallow import fields

from marketplace.web.fields import IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class QuestionInputSchema(Schema):
    body = TextField(required=True, max=5000)


class QuestionAnswerSchema(Schema):
    answer = TextField(required=True, max=10_000)


class QuestionSchema(Schema):
    id = IdField()
    body = fields.String()
    asked_at = InstantField()
    answer = fields.String()
    answered_at = InstantField()
    is_own = fields.Boolean(metadata={"description": "Asked by the caller's organisation."})


class QuestionListSchema(Schema):
    items = fields.List(fields.Nested(QuestionSchema))
