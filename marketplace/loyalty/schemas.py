"""What crosses the API of loyalty."""

from decimal import Decimal

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.loyalty.states import MovementKind, ProgrammeState, RedemptionState
from marketplace.web.fields import (
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
)
from marketplace.web.schemas import Schema

MAX_RULES = 20


class EarningRuleSchema(Schema):
    """Points per unit of money for orders from an amount on."""

    from_net = MoneyField(required=True)
    points_per_unit = DecimalField(places=6, minimum=Decimal(0), exclusive=True, required=True)


class ProgrammeCreateSchema(Schema):
    name = TextField(max=100, required=True)
    valid_months = mf.Integer(
        load_default=24,
        validate=validate.Range(1, 120),
        metadata={"description": "Months until points expire."},
    )
    rules = mf.List(
        mf.Nested(EarningRuleSchema), required=True, validate=validate.Length(1, MAX_RULES)
    )


class ProgrammeUpdateSchema(Schema):
    name = TextField(max=100, min=1)
    valid_months = mf.Integer(validate=validate.Range(1, 120))
    state = EnumField(ProgrammeState)
    rules = mf.List(mf.Nested(EarningRuleSchema), validate=validate.Length(1, MAX_RULES))


class RewardCreateSchema(Schema):
    name = TextField(max=100, required=True)
    points = mf.Integer(required=True, validate=validate.Range(1, 100_000_000))
    value = MoneyField(exclusive=True, required=True)


class RewardSchema(Schema):
    id = IdField()
    name = mf.String()
    points = mf.Integer()
    value = MoneyField()
    active = mf.Boolean()


class ProgrammeSchema(Schema):
    id = IdField()
    seller_id = IdField(
        allow_none=True, metadata={"description": "Who runs it; null for the platform."}
    )
    name = mf.String()
    state = EnumField(ProgrammeState)
    valid_months = mf.Integer()
    rules = mf.List(mf.Nested(EarningRuleSchema))
    rewards = mf.List(mf.Nested(RewardSchema))
    actions = mf.List(mf.String())
    version = mf.Integer()


class OpenLotSchema(Schema):
    points = mf.Integer(attribute="remaining")
    expires_at = InstantField()


class LoyaltyAccountSchema(Schema):
    id = IdField()
    programme_id = IdField()
    programme = mf.String()
    organisation_id = IdField()
    balance = mf.Integer(metadata={"description": "The sum of the open lots now."})
    debt = mf.Integer(
        metadata={"description": "Points spent before a refund took them back; repaid first."}
    )
    expiring = mf.List(mf.Nested(OpenLotSchema))


class MovementSchema(Schema):
    id = IdField()
    kind = EnumField(MovementKind)
    points = mf.Integer()
    occurred_at = InstantField()
    lot_id = IdField()
    order_id = IdField(allow_none=True)
    redemption_id = IdField(allow_none=True)


class RedemptionCreateSchema(Schema):
    reward_id = IdField(required=True)


class RedemptionSchema(Schema):
    id = IdField()
    reward_name = mf.String()
    state = EnumField(RedemptionState)
    points = mf.Integer()
    value = MoneyField()
    code = mf.String(metadata={"description": "What the runner of the programme honours, once."})
    redeemed_at = InstantField()
    actions = mf.List(mf.String())
    version = mf.Integer()


class VoucherSchema(Schema):
    code = TextField(max=40, required=True)
