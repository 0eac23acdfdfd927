"""What crosses the API about what follows an award."""

from marshmallow import fields

from marketplace.remedies.states import LetterKind
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.http.rate_schemas import CONVERTED
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


class ReasonSchema(Schema):
    reason = TextField(required=True, max=5000)


class AwardStandingSchema(Schema):
    """How far an award stands. It names no bidder."""

    award_id = IdField()
    rfq_id = IdField()
    state = EnumField(AwardState)
    actions = fields.List(fields.String())
    decided_at = InstantField()
    standstill_until = InstantField(allow_none=True)
    time_zone = fields.String()
    is_over = fields.Boolean(metadata={"description": "The standstill has ended by the clock."})
    concluded_at = InstantField(allow_none=True)
    withdrawn_at = InstantField(allow_none=True)
    withdrawal_reason = fields.String(allow_none=True)
    dispute_clause = fields.String(metadata={"description": "Who mediates, who arbitrates."})
    challenge_ids = fields.List(
        IdField(), metadata={"description": "Open challenges that hold it back; own ones alone."}
    )


class AwardStandingListSchema(Schema):
    items = fields.List(fields.Nested(AwardStandingSchema))


class LetterCriterionSchema(Schema):
    name = fields.String()
    weight = DecimalField()
    points = DecimalField()
    score = DecimalField(allow_none=True, metadata={"description": "Null for the price."})
    section = fields.String()
    max_score = fields.Integer(allow_none=True)


class LetterCostSchema(Schema):
    name = fields.String()
    amount = MoneyField(allow_none=True)


class LetterBidSchema(Schema):
    """The reader's own bid, and how it was judged."""

    place = fields.Integer(allow_none=True, metadata={"description": "Null: prices are missing."})
    alternative = fields.Integer(metadata={"description": "Left out of the main bid."})
    alternative_name = fields.String()
    total = MoneyField()
    converted = MoneyField(allow_none=True, metadata=CONVERTED)
    missing_lines = fields.List(fields.Integer())
    partial_lines = fields.List(
        fields.Integer(), metadata={"description": "Lines that the bid offered in part."}
    )
    unconfirmed_lines = fields.List(
        fields.Integer(),
        metadata={
            "description": "Those of the missing that an addendum touched and nobody confirmed."
        },
    )
    unknown_costs = fields.List(
        fields.String(), metadata={"description": "Names of costs that nobody stated."}
    )
    costs = fields.List(
        fields.Nested(LetterCostSchema),
        metadata={"description": "Beside the price, in the currency of the RFQ."},
    )
    whole_cost = MoneyField(
        allow_none=True, metadata={"description": "Total cost of ownership, where there are costs."}
    )
    points = DecimalField()
    criteria = fields.List(fields.Nested(LetterCriterionSchema))


class LetterLineSchema(Schema):
    number = fields.Integer()
    description = fields.String()
    quantity = QuantityField()
    total = MoneyField()


class LetterWinnerSchema(Schema):
    """Somebody else who was awarded lines of the lot."""

    supplier_id = IdField()
    name = fields.String()
    alternative = fields.Integer(metadata={"description": "Left out of a main bid."})
    alternative_name = fields.String()
    total = MoneyField(metadata={"description": "Of the awarded lines."})
    converted = MoneyField(allow_none=True, metadata=CONVERTED)
    points = DecimalField()
    place = fields.Integer(allow_none=True)
    lines = fields.List(fields.Integer())


class LetterLotSchema(Schema):
    lot_id = IdField()
    number = fields.Integer()
    title = fields.String()
    bids = fields.List(fields.Nested(LetterBidSchema))
    won = fields.List(fields.Nested(LetterLineSchema))
    winners = fields.List(fields.Nested(LetterWinnerSchema))


class LetterSummarySchema(Schema):
    id = IdField()
    award_id = IdField()
    rfq_id = IdField()
    supplier_id = IdField()
    kind = EnumField(LetterKind)
    decided_at = InstantField()
    challenge_until = InstantField(allow_none=True)
    debrief_until = InstantField()
    document_id = IdField(metadata={"description": "The same letter as PDF, under /documents."})


class LetterExclusionSchema(Schema):
    ground = EnumField(ExclusionGround)
    reason = fields.String()


class LetterSchema(LetterSummarySchema):
    """What one bidder was told: nothing of other losers."""

    reasons = fields.String()
    excluded = fields.List(
        fields.Nested(LetterExclusionSchema),
        metadata={"description": "Why a bid was not compared with the others."},
    )
    dispute_clause = fields.String()
    lots = fields.List(fields.Nested(LetterLotSchema))


class LetterListSchema(Schema):
    items = fields.List(fields.Nested(LetterSummarySchema))
