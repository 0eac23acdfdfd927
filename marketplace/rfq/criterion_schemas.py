"""What crosses the API about criteria and the formula of the price."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.count_field import CountField
from marketplace.rfq.drafts import CriterionDraft
from marketplace.rfq.scoring.formulas import FormulaKind, PriceFormula
from marketplace.rfq.states import CriterionKind
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


class CriterionInputSchema(Schema):
    name = TextField(required=True, max=100)
    kind = EnumField(CriterionKind, load_default=CriterionKind.OTHER)
    weight = DecimalField(required=True, places=2, minimum=Decimal(0), exclusive=True)
    max_score = CountField(strict=True, load_default=100, validate=validate.Range(1, 1000))
    price_formula = fields.Nested(
        PriceFormulaInputSchema,
        load_default=None,
        allow_none=True,
        metadata={"description": "For the price alone. Left out: lowest total ÷ total."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> CriterionDraft:
        return CriterionDraft(**data)


class CriteriaInputSchema(Schema):
    criteria = fields.List(fields.Nested(CriterionInputSchema), required=True)


class CriteriaFormSchema(CriteriaInputSchema):
    """The criteria as the portal sends them: the formula stands beside the table."""

    price_formula = fields.Nested(PriceFormulaInputSchema, load_default=None, allow_none=True)


class PriceFormulaSchema(Schema):
    kind = EnumField(FormulaKind)
    zero_at = DecimalField(allow_none=True)
    references = fields.List(DecimalField())


class CriterionSchema(Schema):
    id = IdField()
    number = fields.Integer()
    name = fields.String()
    kind = EnumField(CriterionKind)
    weight = DecimalField()
    max_score = fields.Integer()
    price_formula = fields.Nested(
        PriceFormulaSchema,
        attribute="formula",
        allow_none=True,
        metadata={"description": "How the price earns its points; null for what people score."},
    )
