"""What crosses the API about orders, deliveries and returns."""

from decimal import Decimal

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.orders.rules import DEFAULT_TAX_RATE
from marketplace.orders.states import Bucket, OrderState
from marketplace.web.fields import (
    CurrencyField,
    Day,
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    QuantityField,
    TextField,
)
from marketplace.web.schemas import ListQuerySchema, Schema

ZERO = Decimal(0)
MAX_LINES = 1000


class OrderLineInputSchema(Schema):
    """line_no names a line that the order has; without it the line is a new one."""

    line_no = mf.Integer(strict=True, load_default=None, allow_none=True)
    description = TextField(max=1000, required=True)
    sku = TextField(max=80, load_default=None, allow_none=True)
    item_id = IdField(load_default=None, allow_none=True)
    rfq_line_id = IdField(load_default=None, allow_none=True)
    category = TextField(max=40, load_default="")
    quantity = QuantityField(required=True)
    unit_price = MoneyField(unit_price=True, required=True)
    base_quantity = DecimalField(load_default=Decimal(1), minimum=ZERO, exclusive=True)
    tax_rate = DecimalField(load_default=DEFAULT_TAX_RATE, places=2, minimum=ZERO)
    delivery_place = TextField(max=300, load_default="")
    due_on = Day(load_default=None, allow_none=True)


class OrderInputSchema(Schema):
    supplier_id = IdField(required=True)
    currency = CurrencyField(required=True)
    title = TextField(max=200, load_default="")
    category = TextField(max=40, load_default="")
    cost_centre = TextField(max=60, load_default=None, allow_none=True)
    note = TextField(max=4000, load_default="")
    over_delivery_percent = DecimalField(load_default=ZERO, places=2, minimum=ZERO)
    issue_when_approved = mf.Boolean(load_default=True)
    payment_terms_days = mf.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(0, 365)
    )
    lines = mf.List(
        mf.Nested(OrderLineInputSchema), load_default=list, validate=validate.Length(max=MAX_LINES)
    )


class OrderPatchSchema(Schema):
    """Only what shall change; lines are replaced as a whole."""

    supplier_id = IdField()
    currency = CurrencyField()
    title = TextField(max=200)
    category = TextField(max=40)
    cost_centre = TextField(max=60, allow_none=True)
    note = TextField(max=4000)
    over_delivery_percent = DecimalField(places=2, minimum=ZERO)
    issue_when_approved = mf.Boolean()
    payment_terms_days = mf.Integer(strict=True, allow_none=True, validate=validate.Range(0, 365))
    lines = mf.List(mf.Nested(OrderLineInputSchema), validate=validate.Length(max=MAX_LINES))


class OrderLineSchema(Schema):
    id = IdField()
    line_no = mf.Integer()
    item_id = IdField(allow_none=True)
    rfq_line_id = IdField(allow_none=True)
    sku = mf.String(allow_none=True)
    description = mf.String()
    category = mf.String()
    quantity = QuantityField(attribute="ordered")
    unit_price = MoneyField(attribute="price")
    base_quantity = DecimalField()
    tax_rate = DecimalField()
    net = MoneyField(attribute="total")
    delivery_place = mf.String()
    due_on = Day(allow_none=True)
    confirmed_on = Day(allow_none=True)
    accepted = DecimalField()
    rejected = DecimalField()
    returned_accepted = DecimalField()
    returned_rejected = DecimalField()
    invoiced = DecimalField()
    cancelled = DecimalField()
    kept = DecimalField()
    to_deliver = DecimalField()
    invoiceable = DecimalField()


class OrderTaxGroupSchema(Schema):
    rate = DecimalField()
    net = MoneyField()
    tax = MoneyField()


class OrderRowSchema(Schema):
    """An order in a list."""

    id = IdField()
    version = mf.Integer()
    number = mf.String()
    revision = mf.Integer()
    state = EnumField(OrderState)
    title = mf.String()
    buyer_id = IdField()
    supplier_id = IdField()
    supplier_name = mf.String()
    net = MoneyField(attribute="total_net")
    gross = MoneyField(attribute="total_gross")
    rfq_id = IdField(allow_none=True)
    created_at = InstantField()
    issued_at = InstantField(allow_none=True)
    completed_at = InstantField(allow_none=True)


class OrderSchema(OrderRowSchema):
    """A whole order. A supplier does not see the buyer's internal figures: they are null."""

    actions = mf.List(mf.String())
    replaces_id = IdField(allow_none=True)
    tax = MoneyField(attribute="total_tax")
    taxes = mf.List(mf.Nested(OrderTaxGroupSchema))
    category = mf.String()
    cost_centre = mf.String(allow_none=True)
    note = mf.String()
    over_delivery_percent = DecimalField()
    issue_when_approved = mf.Boolean(allow_none=True)
    payment_terms_days = mf.Integer(allow_none=True)
    award_id = IdField(allow_none=True)
    fingerprint = mf.String(allow_none=True)
    submitted_at = InstantField(allow_none=True)
    approved_at = InstantField(allow_none=True)
    acknowledged_at = InstantField(allow_none=True)
    supplier_reference = mf.String(allow_none=True)
    refused_at = InstantField(allow_none=True)
    refusal_reason = mf.String(allow_none=True)
    cancelled_at = InstantField(allow_none=True)
    cancel_reason = mf.String(allow_none=True)
    closed_at = InstantField(allow_none=True)
    lines = mf.List(mf.Nested(OrderLineSchema), attribute="shown_lines")


class OrderQuerySchema(ListQuerySchema):
    state = mf.List(EnumField(OrderState), load_default=list)
    supplier_id = IdField(load_default=None)
    buyer_id = IdField(load_default=None)
    rfq_id = IdField(load_default=None)
    q = TextField(max=100, load_default=None, metadata={"description": "In number, title, name."})


class OrderListSchema(Schema):
    items = mf.List(mf.Nested(OrderSchema))
    next_cursor = mf.String(allow_none=True)


class OrderConfirmedLineSchema(Schema):
    line_no = mf.Integer(strict=True, required=True)
    confirmed_on = Day(required=True)


class OrderAcknowledgeSchema(Schema):
    supplier_reference = TextField(max=80, load_default=None, allow_none=True)
    lines = mf.List(mf.Nested(OrderConfirmedLineSchema), load_default=list)


class OrderReasonSchema(Schema):
    reason = TextField(max=2000, required=True)


class OrderOptionalReasonSchema(Schema):
    reason = TextField(max=2000, load_default="")


class GoodsReceiptLineInputSchema(Schema):
    order_line_id = IdField(required=True)
    accepted = DecimalField(load_default=ZERO, minimum=ZERO)
    rejected = DecimalField(load_default=ZERO, minimum=ZERO)
    reason = TextField(max=500, load_default="")


class GoodsReceiptInputSchema(Schema):
    received_on = Day(load_default=None, allow_none=True)
    delivery_note = TextField(max=80, load_default="")
    note = TextField(max=2000, load_default="")
    lines = mf.List(mf.Nested(GoodsReceiptLineInputSchema), load_default=list)


class GoodsReceiptLineSchema(Schema):
    id = IdField()
    order_line_id = IdField()
    line_no = mf.Integer()
    unit = mf.String()
    accepted = DecimalField()
    rejected = DecimalField()
    reason = mf.String()
    returned_accepted = DecimalField()
    returned_rejected = DecimalField()


class GoodsReceiptSchema(Schema):
    id = IdField()
    order_id = IdField()
    number = mf.String()
    delivery_note = mf.String()
    received_on = Day()
    note = mf.String()
    created_at = InstantField()
    lines = mf.List(mf.Nested(GoodsReceiptLineSchema))


class GoodsReceiptListSchema(Schema):
    items = mf.List(mf.Nested(GoodsReceiptSchema))
    next_cursor = mf.String(allow_none=True)


class GoodsReturnLineInputSchema(Schema):
    receipt_line_id = IdField(required=True)
    bucket = EnumField(Bucket, required=True)
    quantity = DecimalField(required=True, minimum=ZERO, exclusive=True)


class GoodsReturnInputSchema(Schema):
    reason = TextField(max=2000, required=True)
    lines = mf.List(mf.Nested(GoodsReturnLineInputSchema), load_default=list)


class GoodsReturnLineSchema(Schema):
    id = IdField()
    receipt_line_id = IdField()
    bucket = EnumField(Bucket)
    quantity = DecimalField()
    unit = mf.String()


class GoodsReturnSchema(Schema):
    id = IdField()
    order_id = IdField()
    number = mf.String()
    reason = mf.String()
    created_at = InstantField()
    lines = mf.List(mf.Nested(GoodsReturnLineSchema))


class GoodsReturnListSchema(Schema):
    items = mf.List(mf.Nested(GoodsReturnSchema))
    next_cursor = mf.String(allow_none=True)
