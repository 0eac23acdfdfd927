"""What crosses the API about answers to a request for information."""

from marshmallow import fields, validate

from marketplace.rfq.http.bid_schemas import BidDocumentSchema
from marketplace.web.fields import DecimalField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class FindingsSchema(Schema):
    findings = TextField(
        required=True, max=5000, metadata={"description": "Whoever has answered reads them."}
    )


class FollowUpSchema(Schema):
    supplier_ids = fields.List(
        IdField(),
        required=True,
        validate=validate.Length(max=500),
        metadata={"description": "Respondents to invite; those who are blocked are left out."},
    )


class FollowUpFormSchema(FollowUpSchema):
    """As a form sends it: nobody chosen is an empty list."""

    supplier_ids = fields.List(IdField(), load_default=list)


class RespondentSchema(Schema):
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    submitted_at = InstantField()
    note = fields.String()
    documents = fields.List(fields.Nested(BidDocumentSchema))
    grade = DecimalField(metadata={"description": "Of 100, half up to two places."})
    missing_scores = fields.Integer()


class GivenAnswerSchema(Schema):
    bid_id = IdField()
    text = fields.String(metadata={"description": "null: no answer."})
    score = DecimalField()


class AnsweredQuestionSchema(Schema):
    criterion_id = IdField()
    name = fields.String()
    section = fields.String()
    weight = DecimalField()
    max_score = fields.Integer()
    answers = fields.List(fields.Nested(GivenAnswerSchema))


class AnswersSchema(Schema):
    """Answers side by side: for each question one per respondent, in the order of arrival."""

    respondents = fields.List(fields.Nested(RespondentSchema))
    questions = fields.List(fields.Nested(AnsweredQuestionSchema))
