"""What crosses the API about debriefs and challenges."""

from marshmallow import fields, validate

from marketplace.remedies import case_acting, case_rules
from marketplace.remedies.states import CaseAction, CaseKind, CaseState, CaseStep
from marketplace.web.fields import EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class CaseWordsSchema(Schema):
    body = TextField(max=20_000, load_default="")
    document_ids = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=case_rules.MAX_DOCUMENTS),
        metadata={"description": "Own documents, from /documents; the other party may read them."},
    )


class CaseInputSchema(CaseWordsSchema):
    kind = EnumField(CaseKind, required=True)
    award_id = IdField(required=True)


class CaseEntryInputSchema(CaseWordsSchema):
    action = EnumField(
        CaseAction,
        required=True,
        validate=validate.OneOf(case_acting.ACTIONS),
        metadata={"description": "One of the case's `actions`."},
    )


class CaseDocumentSchema(Schema):
    id = IdField()
    filename = fields.String()
    size = fields.Integer()


class CaseEntrySchema(Schema):
    id = IdField()
    action = EnumField(CaseAction)
    party = fields.String(metadata={"description": "supplier or buyer"})
    step = EnumField(CaseStep, allow_none=True)
    body = fields.String()
    documents = fields.List(fields.Nested(CaseDocumentSchema))
    at = InstantField()


class CaseSchema(Schema):
    id = IdField()
    rfq_id = IdField()
    award_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    kind = EnumField(CaseKind)
    state = EnumField(CaseState)
    step = EnumField(CaseStep, allow_none=True)
    actions = fields.List(fields.String())
    version = fields.Integer()
    opened_at = InstantField()
    due_at = InstantField(
        allow_none=True, metadata={"description": "Until when the buyer does the present step."}
    )
    is_overdue = fields.Boolean()
    closed_at = InstantField(allow_none=True)
    dispute_clause = fields.String()
    entries = fields.List(fields.Nested(CaseEntrySchema))


class CaseListSchema(Schema):
    items = fields.List(fields.Nested(CaseSchema))
