"""What crosses the API about approvals."""

from decimal import Decimal

from marshmallow import fields as mf
from marshmallow import validate

from marketplace.approvals.states import RequestState, StepRule, StepState, Verdict
from marketplace.identity.permissions import Role
from marketplace.web.fields import (
    CurrencyField,
    Day,
    DecimalField,
    EnumField,
    IdField,
    InstantField,
    MoneyField,
    TextField,
)
from marketplace.web.schemas import ListQuerySchema, Schema


class ApprovalPolicyStepInputSchema(Schema):
    title = TextField(max=120, load_default="")
    role = EnumField(Role, load_default=None, allow_none=True)
    person_ids = mf.List(IdField(), load_default=list, validate=validate.Length(max=50))
    rule = EnumField(StepRule, load_default=StepRule.ANY_OF)


class ApprovalPolicyInputSchema(Schema):
    """A whole policy: PUT and POST take the same."""

    name = TextField(max=120, required=True)
    priority = mf.Integer(
        strict=True,
        load_default=50,
        validate=validate.Range(1, 999),
        metadata={"description": "Policies are tried from the lowest number on."},
    )
    subject_kind = TextField(max=40, load_default=None, allow_none=True)
    currency = CurrencyField(required=True)
    over = DecimalField(places=4, minimum=Decimal(0), load_default=None, allow_none=True)
    up_to = DecimalField(places=4, minimum=Decimal(0), load_default=None, allow_none=True)
    category_prefix = TextField(max=40, load_default="")
    cost_centre = TextField(max=60, load_default=None, allow_none=True)
    active = mf.Boolean(load_default=True)
    steps = mf.List(mf.Nested(ApprovalPolicyStepInputSchema), load_default=list)


class ApprovalPolicyStepSchema(Schema):
    position = mf.Integer()
    title = mf.String()
    role = EnumField(Role, allow_none=True)
    person_ids = mf.List(IdField())
    rule = EnumField(StepRule)


class ApprovalPolicySchema(Schema):
    id = IdField()
    version = mf.Integer()
    name = mf.String()
    priority = mf.Integer()
    subject_kind = mf.String(allow_none=True)
    currency = mf.String()
    over = DecimalField(allow_none=True)
    up_to = DecimalField(allow_none=True)
    category_prefix = mf.String()
    cost_centre = mf.String(allow_none=True)
    active = mf.Boolean()
    steps = mf.List(mf.Nested(ApprovalPolicyStepSchema))
    created_at = InstantField()


class ApprovalPolicyListSchema(Schema):
    items = mf.List(mf.Nested(ApprovalPolicySchema))
    next_cursor = mf.String(allow_none=True)


class ApprovalDecisionInputSchema(Schema):
    """fingerprint: of the content that was read; the decision counts for no other."""

    verdict = EnumField(Verdict, required=True)
    reason = TextField(max=2000, load_default="")
    fingerprint = TextField(max=64, load_default=None, allow_none=True)


class ApprovalDecisionSchema(Schema):
    person_id = IdField()
    on_behalf_of = mf.List(
        IdField(), metadata={"description": "Absent approvers for whom it counts too."}
    )
    verdict = EnumField(Verdict)
    reason = mf.String()
    decided_at = InstantField(attribute="created_at")


class ApprovalStepSchema(Schema):
    position = mf.Integer()
    title = mf.String()
    role = EnumField(Role, allow_none=True)
    person_ids = mf.List(IdField())
    rule = EnumField(StepRule)
    state = EnumField(StepState)
    opened_at = InstantField(allow_none=True)
    decided_at = InstantField(allow_none=True)
    decisions = mf.List(mf.Nested(ApprovalDecisionSchema))


class ApprovalRequestSchema(Schema):
    id = IdField()
    version = mf.Integer()
    state = EnumField(RequestState)
    actions = mf.List(mf.String())
    subject_kind = mf.String()
    subject_id = IdField()
    title = mf.String()
    url = mf.String()
    total = MoneyField()
    category = mf.String()
    cost_centre = mf.String(allow_none=True)
    fingerprint = mf.String()
    content = mf.Dict()
    requested_by = IdField()
    requested_at = InstantField(attribute="created_at")
    policy_id = IdField(allow_none=True)
    policy_name = mf.String(allow_none=True)
    decided_at = InstantField(allow_none=True)
    steps = mf.List(mf.Nested(ApprovalStepSchema))


class ApprovalRequestQuerySchema(ListQuerySchema):
    state = EnumField(RequestState, load_default=None)
    subject_kind = TextField(max=40, load_default=None)
    waiting_for_me = mf.Boolean(load_default=False)


class ApprovalPreviewInputSchema(Schema):
    subject_kind = TextField(max=40, required=True)
    amount = MoneyField(required=True)
    category = TextField(max=40, load_default="")
    cost_centre = TextField(max=60, load_default=None, allow_none=True)


class ApprovalCandidateSchema(Schema):
    id = IdField()
    name = mf.String()


class ApprovalPreviewStepSchema(Schema):
    position = mf.Integer()
    title = mf.String()
    role = EnumField(Role, allow_none=True)
    rule = EnumField(StepRule)
    candidates = mf.List(mf.Nested(ApprovalCandidateSchema))


class ApprovalPreviewSchema(Schema):
    policy_id = IdField(allow_none=True)
    policy_name = mf.String(allow_none=True)
    steps = mf.List(mf.Nested(ApprovalPreviewStepSchema))


class ApprovalDelegationInputSchema(Schema):
    person_id = IdField(
        load_default=None,
        allow_none=True,
        metadata={"description": "Who is away; the caller by default."},
    )
    delegate_id = IdField(required=True)
    first_on = Day(required=True)
    last_on = Day(required=True, metadata={"description": "This day is included."})
    reason = TextField(max=500, load_default="")


class ApprovalDelegationSchema(Schema):
    id = IdField()
    version = mf.Integer()
    person_id = IdField()
    delegate_id = IdField()
    first_on = Day()
    last_on = Day()
    time_zone = mf.String()
    reason = mf.String()
    in_force = mf.Boolean()
    arranged_by = IdField()
    revoked_at = InstantField(allow_none=True)
    created_at = InstantField()


class ApprovalDelegationListSchema(Schema):
    items = mf.List(mf.Nested(ApprovalDelegationSchema))
    next_cursor = mf.String(allow_none=True)
