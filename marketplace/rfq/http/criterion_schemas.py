"""What crosses the API about criteria and the formula of the price."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType, GradedChoice
from marketplace.rfq.scoring.formulas import FormulaKind, PriceFormula
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.lot_weights import LotWeight
from marketplace.rfq.terms.states import CriterionKind
from marketplace.web.fields import DecimalField, EnumField, IdField, TextField
from marketplace.web.schemas import Schema


class PriceFormulaInputSchema(Schema):
    kind = EnumField(FormulaKind, required=True)
    zero_at = DecimalField(
        places=4,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "For `sloped_lowest`: at how many times the lowest total points are 0."
        },
    )
    references = fields.List(
        DecimalField(places=2, minimum=Decimal(0), exclusive=True),
        load_default=list,
        validate=validate.Length(max=500),
        metadata={"description": "For absolute formulas: the published amount of each lot."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> PriceFormula:
        return PriceFormula(data["kind"], data["zero_at"], tuple(data["references"]))


class GradedChoiceSchema(Schema):
    label = TextField(required=True, max=200)
    grade = DecimalField(
        places=2,
        load_default=None,
        allow_none=True,
        metadata={"description": "0 to 100; null: people grade it."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> GradedChoice:
        return GradedChoice(**data)


class AnswerSpecSchema(Schema):
    """What bidders are asked for, and how an answer is graded before people look at it."""

    type = EnumField(AnswerType, required=True)
    unit = TextField(max=40, load_default="")
    knock_out = fields.Boolean(
        load_default=False,
        metadata={
            "description": "Must be met: no answer, a value outside, `no`, or a choice graded 0"
            " proposes that the bid is excluded."
        },
    )
    lowest = TextField(max=20, load_default=None, allow_none=True)
    ideal = TextField(max=20, load_default=None, allow_none=True)
    highest = TextField(max=20, load_default=None, allow_none=True)
    target = DecimalField(
        places=2,
        load_default=None,
        allow_none=True,
        metadata={"description": "Grades below it are pointed out."},
    )
    choices = fields.List(
        fields.Nested(GradedChoiceSchema), load_default=list, validate=validate.Length(max=50)
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> AnswerSpec:
        return AnswerSpec(**{**data, "choices": tuple(data["choices"])})


class CriterionInputSchema(Schema):
    name = TextField(required=True, max=100)
    kind = EnumField(CriterionKind, load_default=CriterionKind.OTHER)
    weight = DecimalField(
        load_default=None,
        allow_none=True,
        places=2,
        minimum=Decimal(0),
        metadata={
            "description": "Required outside of sections. 0: its answer is asked for a cost alone."
        },
    )
    section = TextField(
        load_default=None,
        allow_none=True,
        max=100,
        metadata={"description": "The name of a section of the RFQ."},
    )
    importance = CountField(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 10),
        metadata={"description": "Required in a section, in place of a weight."},
    )
    max_score = CountField(strict=True, load_default=100, validate=validate.Range(1, 1000))
    price_formula = fields.Nested(
        PriceFormulaInputSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "For the price alone. Left out: lowest total ÷ total."},
    )
    answer = fields.Nested(
        AnswerSpecSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "For what people judge. Left out: a text."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> CriterionDraft:
        return CriterionDraft(**{**data, "section": data["section"] or None})


class LotWeightInputSchema(Schema):
    criterion = TextField(
        required=True, max=100, metadata={"description": "The name of a criterion of the RFQ."}
    )
    weight = DecimalField(required=True, places=2, minimum=Decimal(0), exclusive=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> LotWeight:
        return LotWeight(**data)


class LotWeightsInputSchema(Schema):
    """The lot's own weights, adding up to 100 with the price; empty: those of the RFQ."""

    weights = fields.List(
        fields.Nested(LotWeightInputSchema), required=True, validate=validate.Length(max=100)
    )


class LotWeightSchema(Schema):
    criterion = fields.String()
    weight = fields.String(metadata={"description": "A decimal, per cent."})


class SectionInputSchema(Schema):
    name = TextField(required=True, max=100)
    weight = DecimalField(required=True, places=2, minimum=Decimal(0), exclusive=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Section:
        return Section(**data)


class CriteriaInputSchema(Schema):
    criteria = fields.List(fields.Nested(CriterionInputSchema), required=True)


class CriteriaTreeInputSchema(CriteriaInputSchema):
    """All criteria. Weights of sections and of criteria outside of them add up to 100."""

    sections = fields.List(
        fields.Nested(SectionInputSchema), load_default=list, validate=validate.Length(max=50)
    )


class CriteriaFormSchema(CriteriaTreeInputSchema):
    """The criteria as the portal sends them: the formula stands beside the table."""

    price_formula = fields.Nested(PriceFormulaInputSchema, load_default=None, allow_none=True)


class PriceFormulaSchema(Schema):
    kind = EnumField(FormulaKind)
    zero_at = DecimalField(allow_none=True)
    references = fields.List(DecimalField())


class SectionSchema(Schema):
    name = fields.String()
    weight = DecimalField()


class CriterionSchema(Schema):
    id = IdField()
    number = fields.Integer()
    name = fields.String()
    kind = EnumField(CriterionKind)
    weight = DecimalField(allow_none=True, metadata={"description": "null in a section."})
    section = fields.String(allow_none=True)
    importance = fields.Integer(allow_none=True)
    share = DecimalField(
        metadata={"description": "What it counts, in per cent; to two places if it must be."}
    )
    exact_share = fields.String(
        metadata={"description": "The same exactly, as a decimal or as a fraction."}
    )
    max_score = fields.Integer()
    price_formula = fields.Nested(
        PriceFormulaSchema,
        attribute="formula",
        allow_none=True,
        metadata={"description": "How the price earns its points; null for what people score."},
    )
    answer = fields.Nested(AnswerSpecSchema, attribute="asked", allow_none=True)
