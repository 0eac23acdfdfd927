"""What crosses the API about costs beside the price."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.evaluation.total_costs import EnteredCost
from marketplace.rfq.http.count_field import CountField
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis
from marketplace.rfq.terms.cost_terms import ONCE, Costs, CostTerm
from marketplace.web.fields import DecimalField, EnumField, IdField, MoneyField, TextField
from marketplace.web.schemas import Schema


class CostTermInputSchema(Schema):
    name = TextField(required=True, min=1, max=100)
    source = EnumField(CostSource, required=True)
    lot = CountField(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 500),
        metadata={"description": "Number of the lot that it counts in; left out: in every lot."},
    )
    criterion = TextField(
        max=100,
        load_default=None,
        allow_none=True,
        metadata={
            "description": "answer: the name of a criterion that asks for a number. Give it"
            " weight 0 where it is asked for the cost alone."
        },
    )
    rate = DecimalField(
        places=6,
        minimum=Decimal(0),
        exclusive=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "answer: what one unit costs, in the currency of the RFQ."},
    )
    periods = DecimalField(
        places=4,
        minimum=Decimal(0),
        exclusive=True,
        load_default=ONCE,
        metadata={"description": "How often it is paid, such as the number of years."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> CostTerm:
        return CostTerm(**{**data, "criterion": data["criterion"] or None})


class CostsInputSchema(Schema):
    basis = EnumField(
        PriceBasis,
        load_default=PriceBasis.BID_TOTAL,
        metadata={"description": "What the price points are measured by. Published."},
    )
    terms = fields.List(fields.Nested(CostTermInputSchema), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> Costs:
        return Costs(data["basis"], tuple(data["terms"]))


class CostTermSchema(Schema):
    name = fields.String()
    source = EnumField(CostSource)
    lot = fields.Integer(allow_none=True)
    criterion = fields.String(allow_none=True)
    rate = DecimalField(allow_none=True)
    periods = DecimalField()


class CostsSchema(Schema):
    basis = EnumField(PriceBasis)
    terms = fields.List(fields.Nested(CostTermSchema))


class EnteredCostSchema(Schema):
    term_id = IdField(required=True)
    amount = MoneyField(required=True)
    reason = TextField(required=True, min=1, max=2000)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> EnteredCost:
        return EnteredCost(**data)


class EnteredCostsSchema(Schema):
    costs = fields.List(
        fields.Nested(EnteredCostSchema), required=True, validate=validate.Length(1, 20)
    )


class CostSchema(Schema):
    """One cost of a bid in a lot, with where its amount comes from."""

    term_id = IdField()
    name = fields.String()
    source = EnumField(CostSource)
    answer = fields.String(
        allow_none=True, metadata={"description": "The bidder's number, as a fraction."}
    )
    rate = DecimalField(allow_none=True)
    periods = DecimalField()
    amount = MoneyField(allow_none=True, metadata={"description": "null: not known yet."})
    exact = fields.String(allow_none=True, metadata={"description": "The amount as a fraction."})
    reason = fields.String()


class RankCostsSchema(Schema):
    """What a bid costs in the lot with and beside its price."""

    count = fields.Boolean(metadata={"description": "Whether the price is measured with them."})
    items = fields.List(fields.Nested(CostSchema))
    unknown_costs = fields.List(
        fields.String(), metadata={"description": "Costs that keep the bid from a place."}
    )
    whole = MoneyField(allow_none=True, metadata={"description": "Price and costs together."})
    exact_whole = fields.String(allow_none=True)
