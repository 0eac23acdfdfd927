"""What crosses the API after the deadline: minutes, comparison, scores, ranking."""

from typing import Any

from marshmallow import fields, post_load, validate

from marketplace.rfq.evaluation.graders.states import Interest
from marketplace.rfq.evaluation.score_rules import GivenScore
from marketplace.rfq.http.bid_schemas import QuantityBreakSchema
from marketplace.rfq.http.cost_schemas import RankCostsSchema
from marketplace.rfq.http.quality_schemas import ExclusionSchema, QualitySchema
from marketplace.rfq.http.rate_schemas import CONVERTED, FROZEN, ExchangeRateSchema
from marketplace.rfq.http.turnout_schemas import TurnoutSchema
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


class OpenBidsSchema(Schema):
    passphrase = TextField(
        required=True,
        max=500,
        metadata={"description": "The opening passphrase from the publication."},
    )


class OpeningMinutesSchema(Schema):
    """The minutes: `signature` is Ed25519 over the bytes of `statement`."""

    rfq_id = IdField()
    opened_by = IdField()
    opened_at = InstantField()
    bid_count = fields.Integer()
    statement = fields.String(metadata={"description": "Canonical JSON, as it was signed."})
    signature = fields.Function(
        lambda minutes: minutes.signature.hex(),
        metadata={"type": "string", "description": "Ed25519, hexadecimal."},
    )


class ComparedCellSchema(Schema):
    bid_id = IdField()
    unit_price = MoneyField(allow_none=True, unit_price=True)
    converted_unit_price = MoneyField(allow_none=True, metadata=CONVERTED)
    total = MoneyField(
        allow_none=True, metadata={"description": "Of what is offered, at the price for that."}
    )
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)
    quantity = QuantityField(
        allow_none=True, metadata={"description": "What is offered of the line."}
    )
    is_partial = fields.Boolean()
    breaks = fields.List(fields.Nested(QuantityBreakSchema))
    opened_unit_price = MoneyField(
        allow_none=True,
        unit_price=True,
        metadata={"description": "What the bid said, where an auction has lowered it since."},
    )
    note = fields.String()
    is_best = fields.Boolean()
    is_worst = fields.Boolean()
    is_tied = fields.Boolean()
    above_best_percent = DecimalField(allow_none=True)


class ComparedLineSchema(Schema):
    line_id = IdField()
    lot_id = IdField()
    number = fields.Integer()
    description = fields.String()
    quantity = QuantityField()
    bids = fields.List(fields.Nested(ComparedCellSchema))


class ComparedBidSchema(Schema):
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(metadata={"description": "0: the main bid of the supplier."})
    name = fields.String(metadata={"description": "Of an alternative."})
    submitted_at = InstantField()
    currency = fields.String(allow_none=True, metadata={"description": "Of all its amounts."})
    total = MoneyField(allow_none=True)
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)
    missing_lines = fields.List(fields.Integer(), allow_none=True)
    unconfirmed_lines = fields.List(
        fields.Integer(),
        allow_none=True,
        metadata={"description": "Not confirmed after an addendum, and so not counted."},
    )
    delivery_days = fields.Integer(allow_none=True)
    minimum_order = MoneyField(allow_none=True)
    note = fields.String()


class SpreadScoreSchema(Schema):
    person_id = IdField()
    name = fields.String()
    score = DecimalField()
    comment = fields.String()
    is_outlier = fields.Boolean(
        metadata={
            "description": "Of three scores or more, one that lies more than 20 % of the best"
            " possible score away from their median."
        }
    )


class SpreadSchema(Schema):
    """How far the scores of several graders lie apart, once they are locked."""

    mean = fields.String(metadata={"description": "The mean as a fraction."})
    lowest = DecimalField()
    highest = DecimalField()
    standard_deviation = DecimalField(
        metadata={"description": "Of all that were given, to two places."}
    )
    scores = fields.List(fields.Nested(SpreadScoreSchema))


class GraderProgressSchema(Schema):
    person_id = IdField()
    name = fields.String()
    interest = EnumField(Interest, allow_none=True)
    scores_given = fields.Integer()
    scores_wanted = fields.Integer()
    is_done = fields.Boolean()


class RankPointsSchema(Schema):
    criterion_id = IdField()
    name = fields.String()
    weight = DecimalField()
    exact_weight = fields.String(metadata={"description": "As a decimal or as a fraction."})
    section = fields.String(allow_none=True)
    importance = fields.Integer(allow_none=True)
    value = DecimalField(allow_none=True, metadata={"description": "Total or score; null: none."})
    reference = DecimalField(metadata={"description": "Lowest total or best possible score."})
    points = DecimalField()
    exact = fields.String(metadata={"description": "The points as a fraction."})
    scored_by = IdField(allow_none=True)
    spread = fields.Nested(
        SpreadSchema,
        allow_none=True,
        metadata={"description": "null: one person scores. The value is the mean, rounded."},
    )
    formula = fields.String()
    comment = fields.String()


class RankSchema(Schema):
    place = fields.Integer(allow_none=True)
    bid_id = IdField()
    supplier_id = IdField()
    supplier_name = fields.String()
    alternative = fields.Integer(metadata={"description": "0: the main bid of the supplier."})
    name = fields.String(metadata={"description": "Of an alternative."})
    submitted_at = InstantField()
    total = MoneyField()
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)
    exact_total = fields.String(
        metadata={"description": "What bids are compared by, as a fraction, in the RFQ's currency."}
    )
    points = DecimalField()
    tied = fields.Boolean()
    missing_lines = fields.List(fields.Integer())
    partial_lines = fields.List(
        fields.Integer(), metadata={"description": "Offered in part, which gives no place."}
    )
    unconfirmed_lines = fields.List(
        fields.Integer(),
        metadata={
            "description": "Those of the missing that an addendum touched and nobody confirmed."
        },
    )
    costs = fields.Nested(
        RankCostsSchema,
        allow_none=True,
        metadata={"description": "null: the RFQ names no costs beside the price."},
    )
    explanation = fields.List(fields.Nested(RankPointsSchema))


class TurnSchema(Schema):
    price_weight = DecimalField(metadata={"description": "Per cent."})
    bid_id = IdField(metadata={"description": "Who stands first beyond it."})
    supplier_id = IdField()


class SensitivitySchema(Schema):
    """How far the price weight may move before another bid wins; null: as far as it can."""

    price_weight = DecimalField(metadata={"description": "As published, per cent."})
    below = fields.Nested(TurnSchema, allow_none=True)
    above = fields.Nested(TurnSchema, allow_none=True)


class WeightTurnSchema(Schema):
    weight = DecimalField(metadata={"description": "Per cent."})
    bid_id = IdField(metadata={"description": "Who stands first beyond it."})
    supplier_id = IdField()


class WeightSchema(Schema):
    """How far one weight may move before another bid wins, the others sharing the rest."""

    criterion_id = IdField()
    name = fields.String()
    weight = DecimalField(metadata={"description": "As published, per cent."})
    below = fields.Nested(WeightTurnSchema, allow_none=True)
    above = fields.Nested(WeightTurnSchema, allow_none=True)


class SectionTurnsSchema(Schema):
    """How far the weight of a section may move before another bid wins."""

    name = fields.String()
    weight = DecimalField(metadata={"description": "As published, per cent."})
    below = fields.Nested(WeightTurnSchema, allow_none=True)
    above = fields.Nested(WeightTurnSchema, allow_none=True)


class ReversalSchema(Schema):
    """Without one bid, `ahead` would stand before `behind`."""

    without_bid_id = IdField()
    ahead_bid_id = IdField()
    behind_bid_id = IdField()


class LotRankingSchema(Schema):
    lot_id = IdField()
    number = fields.Integer()
    title = fields.String()
    turnout = fields.Nested(TurnoutSchema, allow_none=True)
    is_final = fields.Boolean(metadata={"description": "Every ranked bid has all its scores."})
    ranks = fields.List(fields.Nested(RankSchema))
    sensitivity = fields.Nested(
        SensitivitySchema,
        allow_none=True,
        metadata={"description": "Null where there is nothing to weigh."},
    )
    sections = fields.List(fields.Nested(SectionTurnsSchema))
    weights = fields.List(
        fields.Nested(WeightSchema),
        metadata={"description": "Sensitivity of the first place to every weight."},
    )
    reversals = fields.List(
        fields.Nested(ReversalSchema),
        metadata={"description": "Pairs whose order depends on a third bid."},
    )


class PregradeSchema(Schema):
    bid_id = IdField()
    criterion_id = IdField()
    grade = DecimalField(allow_none=True, metadata={"description": "Per cent of the best score."})
    proposed_score = DecimalField(allow_none=True)
    is_below_target = fields.Boolean()
    is_knocked_out = fields.Boolean(
        metadata={"description": "A required answer is not met: rule on an exclusion."}
    )


class ComparedBundleSchema(Schema):
    bid_id = IdField()
    number = fields.Integer(metadata={"description": "Among those of the bid; names it in awards."})
    name = fields.String()
    line_ids = fields.List(IdField())
    single = MoneyField(metadata={"description": "What its lines cost one by one."})
    total = MoneyField(metadata={"description": "What they cost together."})
    converted_total = MoneyField(allow_none=True, metadata=CONVERTED)


class EvaluationSchema(Schema):
    rfq_id = IdField()
    state = fields.String()
    currency = fields.String(metadata={"description": "Of the RFQ: bids are compared in it."})
    rates = fields.List(fields.Nested(ExchangeRateSchema), metadata=FROZEN)
    missing_scores = fields.Integer()
    graders = fields.List(
        fields.Nested(GraderProgressSchema),
        metadata={"description": "Where graders are named, no score is shown before the lock."},
    )
    prices_shown = fields.Boolean(
        metadata={"description": "False: totals are null, nothing is compared or ranked yet."}
    )
    quality = fields.Nested(QualitySchema)
    tie_rule = fields.String()
    bids = fields.List(fields.Nested(ComparedBidSchema))
    lines = fields.List(fields.Nested(ComparedLineSchema))
    bundles = fields.List(fields.Nested(ComparedBundleSchema))
    lots = fields.List(fields.Nested(LotRankingSchema))
    pregrades = fields.List(
        fields.Nested(PregradeSchema),
        metadata={"description": "Answers graded before people look at them; a proposal."},
    )
    excluded = fields.List(fields.Nested(ExclusionSchema))


class BidScoreInputSchema(Schema):
    bid_id = IdField(required=True)
    criterion_id = IdField(required=True)
    score = DecimalField(required=True, places=2)
    comment = TextField(max=2000, load_default="")

    @post_load
    def make(self, data: dict[str, Any], **_kwargs: Any) -> GivenScore:
        return GivenScore(**data)


class BidScoresSchema(Schema):
    scores = fields.List(
        fields.Nested(BidScoreInputSchema), required=True, validate=validate.Length(1, 2000)
    )
