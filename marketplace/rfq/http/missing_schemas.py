"""What crosses the API about bids that leave lines out."""

from marshmallow import fields

from marketplace.rfq.evaluation.missing_rules import LineView
from marketplace.web.fields import DecimalField, EnumField, IdField, MoneyField, QuantityField
from marketplace.web.schemas import Schema


class FilledLineSchema(Schema):
    """A price that stands in for what the bid does not offer; never what is awarded."""

    line_id = IdField()
    number = fields.Integer()
    quantity = QuantityField()
    exact_unit_price = fields.String(metadata={"description": "As a fraction."})
    amount = MoneyField()


class SeenBidSchema(Schema):
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(metadata={"description": "0: the main bid of the supplier."})
    name = fields.String(metadata={"description": "Of an alternative."})
    total = MoneyField(
        allow_none=True, metadata={"description": "null: a line could not be filled."}
    )
    exact_total = fields.String(allow_none=True)
    missing_lines = fields.List(
        fields.Integer(), metadata={"description": "Among the lines of the view."}
    )
    filled = fields.List(fields.Nested(FilledLineSchema))
    unfilled_lines = fields.List(fields.Integer())
    is_lowest = fields.Boolean()
    above_lowest_percent = DecimalField(allow_none=True)


class SeenLotSchema(Schema):
    lot_id = IdField()
    number = fields.Integer()
    title = fields.String()
    lines = fields.List(
        fields.Integer(), metadata={"description": "The lines that the totals are of."}
    )
    bids = fields.List(fields.Nested(SeenBidSchema))


class LineViewSchema(Schema):
    view = EnumField(LineView)
    name = fields.String()
    lots = fields.List(fields.Nested(SeenLotSchema))


class MissingLinesSchema(Schema):
    """For looking only: ranking and award rest on what was offered."""

    rfq_id = IdField()
    currency = fields.String()
    views = fields.List(fields.Nested(LineViewSchema))
