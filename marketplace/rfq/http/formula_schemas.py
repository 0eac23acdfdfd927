"""What crosses the API about price formulas: the table, a simulation, and what is doubtful."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, validate

from marketplace.core.shares import shown
from marketplace.rfq.http.criterion_schemas import PriceFormulaInputSchema
from marketplace.rfq.scoring.formulas import FormulaKind
from marketplace.web.fields import DecimalField, EnumField
from marketplace.web.schemas import Schema


def _points(value: Any) -> str | None:
    return None if value is None else str(shown(value))


class FormulaFamilySchema(Schema):
    kind = EnumField(FormulaKind)
    name = fields.Function(lambda family: str(family.name), metadata={"type": "string"})
    explanation = fields.Function(
        lambda family: str(family.explanation), metadata={"type": "string"}
    )
    is_relative = fields.Boolean(
        metadata={"description": "Whether bids are measured by each other."}
    )
    takes_zero_at = fields.Boolean()
    takes_references = fields.Boolean()


class FormulaListSchema(Schema):
    items = fields.List(fields.Nested(FormulaFamilySchema))


class FormulaSimulationInputSchema(Schema):
    price_formula = fields.Nested(PriceFormulaInputSchema, required=True)
    weight = DecimalField(required=True, places=2, minimum=Decimal(0), exclusive=True)
    totals = fields.List(
        DecimalField(places=2, minimum=Decimal(0), exclusive=True),
        required=True,
        validate=validate.Length(1, 50),
    )


class SimulatedTotalSchema(Schema):
    total = DecimalField()
    points = DecimalField(metadata={"description": "Rounded to two places."})
    exact = fields.String(metadata={"description": "The points as a fraction."})


class ExampleBidSchema(Schema):
    name = fields.String()
    price = fields.Integer()
    quality = fields.Integer(metadata={"description": "Per cent of the points for the quality."})
    before = fields.Function(
        lambda bid: _points(bid.before),
        metadata={"type": ["string", "null"], "description": "Points before C has come."},
    )
    after = fields.Function(lambda bid: _points(bid.after), metadata={"type": "string"})


class ReversalExampleSchema(Schema):
    """A stands before B; once C has come, B stands before A."""

    bids = fields.List(fields.Nested(ExampleBidSchema))


class FormulaFindingSchema(Schema):
    code = fields.String()
    is_irregular = fields.Boolean(
        metadata={"description": "Published only with `confirm_formula`."}
    )
    detail = fields.Function(lambda finding: str(finding.detail), metadata={"type": "string"})
    reversal = fields.Nested(ReversalExampleSchema, allow_none=True)


class FormulaSimulationSchema(Schema):
    totals = fields.List(fields.Nested(SimulatedTotalSchema))
    findings = fields.List(fields.Nested(FormulaFindingSchema))


class FoundInFormulaSchema(Schema):
    pointer = fields.String()
    finding = fields.Nested(FormulaFindingSchema)
