"""What crosses the API of customers."""

from decimal import Decimal

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.customers.states import ChurnHint, InteractionKind
from marketplace.web.fields import (
    Day,
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
)
from marketplace.web.schemas import ListQuerySchema, Schema

MAX_SEGMENTS = 30


class CustomerQuerySchema(ListQuerySchema):
    q = TextField(max=100, load_default=None)
    segment = TextField(max=40, load_default=None)
    churn = EnumField(ChurnHint, load_default=None)


class CustomerSchema(Schema):
    """A buying organisation as this seller sees it."""

    id = IdField()
    buyer_id = IdField()
    name = mf.String()
    country = mf.String()
    orders = mf.Integer()
    foreign_orders = mf.Integer(
        metadata={"description": "Orders in another currency, which the sums leave out."}
    )
    value = MoneyField(metadata={"description": "Completed orders less refunds."})
    lifetime_value = MoneyField(allow_none=True)
    low_data = mf.Boolean(allow_none=True)
    segment = mf.String(allow_none=True)
    rfm = mf.String(allow_none=True, metadata={"description": "Three scores of 1 to 5: 555."})
    churn = EnumField(ChurnHint, allow_none=True)
    first_order_at = InstantField(allow_none=True)
    last_order_at = InstantField(allow_none=True)
    acquisition_cost = MoneyField(allow_none=True)
    scored_at = InstantField(allow_none=True)
    version = mf.Integer()


class CustomerUpdateSchema(Schema):
    acquisition_cost = DecimalField(
        places=2,
        minimum=Decimal(0),
        allow_none=True,
        metadata={"description": "In the seller's currency; null takes the usual cost."},
    )


class InteractionCreateSchema(Schema):
    kind = EnumField(InteractionKind, required=True)
    held_on = Day(required=True)
    subject = TextField(max=200, required=True)
    notes = TextField(max=5000, load_default="")
    follow_up_on = Day(allow_none=True, load_default=None)


class InteractionSchema(Schema):
    id = IdField()
    kind = EnumField(InteractionKind)
    held_on = Day()
    subject = mf.String()
    notes = mf.String()
    follow_up_on = Day(allow_none=True)
    person_id = IdField(allow_none=True)
    created_at = InstantField()


class LifetimeValueSchema(Schema):
    """average order x orders per year x years - acquisition cost, with each part."""

    average_order = DecimalField()
    orders_per_year = DecimalField()
    years = DecimalField()
    acquisition_cost = DecimalField()
    value = DecimalField()
    low_data = mf.Boolean(metadata={"description": "Less than a year of history."})


class MonthSchema(Schema):
    month = Day()
    orders = mf.Integer()
    net = DecimalField()


class AnalyticsSchema(Schema):
    currency = mf.String()
    rfm = mf.String(allow_none=True)
    segment = mf.String(allow_none=True)
    lifetime = mf.Nested(LifetimeValueSchema, allow_none=True)
    interval_days = DecimalField(allow_none=True)
    churn = EnumField(ChurnHint)
    months = mf.List(mf.Nested(MonthSchema))


def _score() -> mf.Integer:
    return mf.Integer(required=True, validate=validate.Range(1, 5))


class SegmentRuleSchema(Schema):
    """A row of the segment table: ranges of scores, both ends included; the first fit counts."""

    code = TextField(max=40, required=True)
    recency_from = _score()
    recency_to = _score()
    frequency_from = _score()
    frequency_to = _score()
    monetary_from = _score()
    monetary_to = _score()


class SegmentTableSchema(Schema):
    segments = mf.List(
        mf.Nested(SegmentRuleSchema), required=True, validate=validate.Length(max=MAX_SEGMENTS)
    )


class SegmentSchema(SegmentRuleSchema):
    customers = mf.Integer()
    value = DecimalField()


class SegmentsSchema(Schema):
    segments = mf.List(mf.Nested(SegmentSchema))
    own = mf.Boolean(metadata={"description": "False: the table everybody starts with."})


class CustomerSettingsUpdateSchema(Schema):
    relation_years = DecimalField(places=2, minimum=Decimal(0), exclusive=True)
    acquisition_cost = DecimalField(places=2, minimum=Decimal(0))


class CustomerSettingsSchema(Schema):
    currency = mf.String()
    relation_years = DecimalField()
    acquisition_cost = DecimalField()
    version = mf.Integer()
