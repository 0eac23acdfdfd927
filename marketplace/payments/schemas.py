"""What crosses the API about payments, refunds and the ledger."""

from marshmallow import fields

from marketplace.payments.states import (
    Account,
    EntryKind,
    IssueCode,
    PaymentMethod,
    PaymentState,
    RefundState,
)
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


class PaymentSchema(Schema):
    id = IdField()
    number = fields.String()
    state = EnumField(PaymentState)
    actions = fields.List(fields.String())
    subject_kind = fields.String()
    subject_id = IdField()
    reference = fields.String()
    buyer_id = IdField()
    supplier_id = IdField()
    amount = MoneyField(attribute="asked")
    received = MoneyField(attribute="received_money")
    refunded = MoneyField(attribute="refunded_money")
    method = EnumField(PaymentMethod, allow_none=True)
    checkout_url = fields.String(
        allow_none=True, metadata={"description": "The page on which to pay, while it is open."}
    )
    failure_code = fields.String(allow_none=True)
    created_at = InstantField()
    captured_at = InstantField(allow_none=True)
    version = fields.Integer()


class PaymentQuerySchema(ListQuerySchema):
    state = EnumField(PaymentState, load_default=None)
    subject_id = IdField(load_default=None)


class RefundSchema(Schema):
    id = IdField()
    payment_id = IdField()
    state = EnumField(RefundState)
    amount = MoneyField(attribute="money")
    reason = fields.String(allow_none=True)
    created_at = InstantField()
    refunded_at = InstantField(allow_none=True)
    version = fields.Integer()


class RefundQuerySchema(ListQuerySchema):
    payment_id = IdField(load_default=None)


class PaymentIssueSchema(Schema):
    id = IdField()
    payment_id = IdField()
    code = EnumField(IssueCode)
    expected = DecimalField()
    received = DecimalField()
    currency = CurrencyField()
    note = fields.String(allow_none=True)
    resolved_at = InstantField(allow_none=True)
    version = fields.Integer()


class PaymentIssuesSchema(Schema):
    items = fields.List(fields.Nested(PaymentIssueSchema))


class ResolveIssueSchema(Schema):
    note = TextField(max=2000, required=True)


class LedgerPostingSchema(Schema):
    account = EnumField(Account)
    amount = DecimalField(metadata={"description": "Debit above zero, credit below."})


class LedgerEntrySchema(Schema):
    id = IdField()
    kind = EnumField(EntryKind)
    source_id = IdField()
    subject_id = IdField()
    reference = fields.String()
    currency = CurrencyField()
    booked_on = Day()
    postings = fields.List(fields.Nested(LedgerPostingSchema))


class LedgerQuerySchema(ListQuerySchema):
    subject_id = IdField(load_default=None)


class WebhookAnswerSchema(Schema):
    received = fields.Boolean()
