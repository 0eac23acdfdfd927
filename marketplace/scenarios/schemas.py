"""What crosses the API about award scenarios."""

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.http.award_schemas import AwardChoiceSchema
from marketplace.rfq.http.rate_schemas import CONVERTED
from marketplace.scenarios import rules
from marketplace.scenarios.model import Kind, Objective
from marketplace.scenarios.rules import ConstraintDraft, ScenarioDraft
from marketplace.scenarios.states import Failure, Preset, ScenarioState
from marketplace.web.fields import (
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import Schema

_NAME = {"required": True, "max": 120}


class ConstraintInputSchema(Schema):
    kind = EnumField(Kind, required=True)
    count = fields.Integer(load_default=None, allow_none=True, strict=True)
    percent = DecimalField(load_default=None, allow_none=True, places=2)
    amount = MoneyField(load_default=None, allow_none=True)
    supplier_ids = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "Counted together; none: each supplier by itself."},
    )
    lot_ids = fields.List(
        IdField(),
        load_default=list,
        validate=validate.Length(max=200),
        metadata={"description": "Together, or one by one where the kind is about a lot."},
    )
    line_id = IdField(load_default=None, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> ConstraintDraft:
        return ConstraintDraft(**data)


class ScenarioInputSchema(Schema):
    name = TextField(**_NAME)
    objective = EnumField(
        Objective,
        load_default=None,
        metadata={
            "description": "`cost`: bid prices; `total_cost`: prices and further costs. None:"
            " what the ranking measures prices by."
        },
    )
    constraints = fields.List(
        fields.Nested(ConstraintInputSchema),
        load_default=list,
        validate=validate.Length(max=rules.MAX_CONSTRAINTS),
    )
    time_limit = fields.Integer(
        load_default=rules.DEFAULT_SECONDS,
        strict=True,
        validate=validate.Range(5, 120),
        metadata={"description": "Seconds for the award and the prices of its constraints."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, ScenarioDraft]:
        return {"draft": ScenarioDraft(**data)}


class PresetSchema(Schema):
    preset = EnumField(Preset, required=True)
    name = TextField(**_NAME)
    suppliers = fields.Integer(load_default=2, strict=True, validate=validate.Range(1, 1000))

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, ScenarioDraft]:
        return {"draft": rules.preset(data["preset"], data["name"], data["suppliers"])}


class ConstraintSchema(Schema):
    """A constraint, and what the solver found about it."""

    kind = EnumField(Kind)
    count = fields.Integer(allow_none=True)
    percent = DecimalField(allow_none=True)
    amount = MoneyField(allow_none=True)
    supplier_ids = fields.List(IdField())
    lot_ids = fields.List(IdField())
    line_id = IdField(allow_none=True)
    words = fields.String()
    measured = DecimalField(
        allow_none=True, metadata={"description": "What the award comes to at this limit."}
    )
    slack = DecimalField(allow_none=True, metadata={"description": "What is left to the limit."})
    cost = DecimalField(
        allow_none=True,
        metadata={"description": "What the objective loses by it; null while not known."},
    )
    without = DecimalField(
        allow_none=True, metadata={"description": "The objective without this constraint."}
    )
    cost_is_proven = fields.Boolean()


class ScenarioAwardSchema(Schema):
    line_id = IdField()
    number = fields.Integer()
    description = fields.String()
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    quantity = QuantityField(metadata={"description": "Of the line; suppliers may share it."})
    unit_price = MoneyField(unit_price=True, metadata={"description": "As the bid has it."})
    total = MoneyField()
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)


class LoosenedSchema(Schema):
    constraint = fields.Integer(metadata={"description": "Position among the constraints."})
    words = fields.String()
    limit = DecimalField()
    needed = DecimalField(metadata={"description": "The limit with which there is an award."})


class RelaxationSchema(Schema):
    loosened = fields.List(fields.Nested(LoosenedSchema))
    total = MoneyField()
    is_proven = fields.Boolean()
    awards = fields.List(fields.Nested(ScenarioAwardSchema))


class ScenarioSummarySchema(Schema):
    id = IdField()
    rfq_id = IdField()
    version = fields.Integer()
    name = fields.String()
    objective = EnumField(Objective)
    state = EnumField(ScenarioState)
    actions = fields.List(fields.String())
    time_limit = fields.Integer()
    steps_done = fields.Integer()
    steps_total = fields.Integer()
    created_at = InstantField()
    requested_at = InstantField(allow_none=True)
    finished_at = InstantField(allow_none=True)
    is_current = fields.Boolean(
        metadata={"description": "Whether bids and scores are still those that it was solved on."}
    )
    total = MoneyField(
        allow_none=True, metadata={"description": "At bid prices, which is what orders come to."}
    )
    further_costs = MoneyField(
        allow_none=True,
        metadata={
            "description": "What the award costs beside its prices: each bid its costs of every lot"
            " of which it wins a line. Null without such costs, or when outdated."
        },
    )
    whole_cost = MoneyField(
        allow_none=True, metadata={"description": "The total and the further costs."}
    )
    above_cheapest = MoneyField(
        allow_none=True,
        metadata={"description": "Above the sum of the lowest prices of all lines."},
    )
    supplier_count = fields.Integer()
    objective_value = DecimalField(
        allow_none=True,
        metadata={"description": "The total, the total cost, or the points of a line on average."},
    )
    bound = DecimalField(
        allow_none=True, metadata={"description": "No award can be better than this."}
    )
    gap = DecimalField(allow_none=True, metadata={"description": "Share; 0 is proven to be best."})
    seconds = DecimalField(allow_none=True)
    solver = fields.String(allow_none=True)
    inputs_digest = fields.String(allow_none=True)
    failure = EnumField(Failure, allow_none=True)


class ScenarioSchema(ScenarioSummarySchema):
    constraints = fields.List(fields.Nested(ConstraintSchema))
    awards = fields.List(fields.Nested(ScenarioAwardSchema))
    relaxation = fields.Nested(RelaxationSchema, allow_none=True)


class ProposalSchema(Schema):
    """The body of an award: send it to `/rfqs/{id}/award`, with a reason where one is needed."""

    choices = fields.List(fields.Nested(AwardChoiceSchema))
