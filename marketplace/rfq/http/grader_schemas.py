"""What crosses the API about graders, their declarations and their scores."""

from marshmallow import fields, validate

from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.http.bid_schemas import BidDocumentSchema
from marketplace.web.fields import DecimalField, EnumField, IdField, InstantField, TextField
from marketplace.web.schemas import Schema


class GraderInputSchema(Schema):
    person_id = IdField(required=True)
    criterion_ids = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "Only these criteria; left out: all that people score."},
    )


class DeclarationSchema(Schema):
    interest = EnumField(Interest, required=True)
    reason = TextField(
        max=2000,
        load_default="",
        metadata={"description": "Required with a conflict: what ties the grader to a bidder."},
    )


class GraderSchema(Schema):
    person_id = IdField()
    name = fields.String()
    criterion_ids = fields.List(IdField(), metadata={"description": "Empty: all criteria."})
    named_at = InstantField()
    interest = EnumField(
        Interest, allow_none=True, metadata={"description": "null: not declared yet."}
    )
    conflict_reason = fields.String(allow_none=True)
    declared_at = InstantField(allow_none=True)
    scores_given = fields.Integer()
    scores_wanted = fields.Integer()
    is_done = fields.Boolean()


class GraderListSchema(Schema):
    rfq_id = IdField()
    items = fields.List(fields.Nested(GraderSchema))


class OwnScoreSchema(Schema):
    bid_id = IdField()
    criterion_id = IdField()
    score = DecimalField()
    comment = fields.String()
    scored_at = InstantField()


class SheetAnswerSchema(Schema):
    criterion_id = IdField()
    text = fields.String()


class SheetBidSchema(Schema):
    """What a bid says, without its prices."""

    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(metadata={"description": "0: the main bid of the supplier."})
    name = fields.String(metadata={"description": "Of an alternative."})
    delivery_days = fields.Integer(allow_none=True)
    note = fields.String()
    answers = fields.List(fields.Nested(SheetAnswerSchema))
    documents = fields.List(fields.Nested(BidDocumentSchema))


class SheetCriterionSchema(Schema):
    id = IdField()
    name = fields.String()
    weight = DecimalField()
    max_score = fields.Integer()


class ScoreSheetSchema(Schema):
    rfq_id = IdField()
    missing_scores = fields.Integer()
    criteria = fields.List(fields.Nested(SheetCriterionSchema))
    bids = fields.List(fields.Nested(SheetBidSchema))
    scores = fields.List(
        fields.Nested(OwnScoreSchema), metadata={"description": "The caller's own."}
    )


class GraderScoreSchema(OwnScoreSchema):
    person_id = IdField()
    name = fields.String()


class GraderScoreListSchema(Schema):
    items = fields.List(fields.Nested(GraderScoreSchema))
