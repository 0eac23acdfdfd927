"""The life of a payment and of a refund, as tables."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class PaymentState(StrEnum):
    REQUESTED = "requested"
    OPEN = "open"
    PROCESSING = "processing"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


class RefundState(StrEnum):
    REQUESTED = "requested"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PaymentMethod(StrEnum):
    CARD = "card"
    SEPA_DEBIT = "sepa_debit"


class Account(StrEnum):
    """Accounts of a buyer's ledger; a positive posting is a debit."""

    EXPENSE = "expense"
    VAT = "vat_recoverable"
    PAYABLES = "payables"
    BANK = "bank"


class EntryKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    REFUND = "refund"


class IssueCode(StrEnum):
    AMOUNT = "amount_differs"
    CURRENCY = "currency_differs"
    OVERPAID = "overpaid"
    PROVIDER = "provider_refused"


# What the payer may still end, and what may still bring money.
LIVE = (PaymentState.REQUESTED, PaymentState.OPEN, PaymentState.PROCESSING)

PAYMENT_FLOW = Flow(
    _("a payment"),
    {
        (PaymentState.REQUESTED, "open"): PaymentState.OPEN,
        (PaymentState.REQUESTED, "cancel"): PaymentState.CANCELLING,
        (PaymentState.OPEN, "cancel"): PaymentState.CANCELLING,
        # Money that arrives is booked whatever we thought of the payment.
        (PaymentState.REQUESTED, "capture"): PaymentState.CAPTURED,
        (PaymentState.OPEN, "capture"): PaymentState.CAPTURED,
        (PaymentState.PROCESSING, "capture"): PaymentState.CAPTURED,
        (PaymentState.CANCELLING, "capture"): PaymentState.CAPTURED,
        (PaymentState.CANCELLED, "capture"): PaymentState.CAPTURED,
        (PaymentState.FAILED, "capture"): PaymentState.CAPTURED,
        (PaymentState.REQUESTED, "process"): PaymentState.PROCESSING,
        (PaymentState.OPEN, "process"): PaymentState.PROCESSING,
        (PaymentState.CANCELLING, "process"): PaymentState.PROCESSING,
        (PaymentState.REQUESTED, "fail"): PaymentState.FAILED,
        (PaymentState.PROCESSING, "fail"): PaymentState.FAILED,
        (PaymentState.CANCELLING, "fail"): PaymentState.FAILED,
        (PaymentState.OPEN, "fail"): PaymentState.FAILED,
        (PaymentState.REQUESTED, "close"): PaymentState.CANCELLED,
        (PaymentState.OPEN, "close"): PaymentState.CANCELLED,
        (PaymentState.CANCELLING, "close"): PaymentState.CANCELLED,
    },
)

register_labels(
    {
        PaymentState.REQUESTED: _("In preparation"),
        PaymentState.OPEN: _("Waits for the payer"),
        PaymentState.PROCESSING: _("In process at the bank"),
        PaymentState.CAPTURED: _("Received"),
        PaymentState.FAILED: _("Failed"),
        PaymentState.CANCELLING: _("Being cancelled"),
        PaymentState.CANCELLED: _("Cancelled"),
    }
)
register_labels(
    {
        RefundState.REQUESTED: _("In process"),
        RefundState.SUCCEEDED: _("Refunded"),
        RefundState.FAILED: _("Failed"),
    }
)
register_labels(
    {
        PaymentMethod.CARD: _("Card"),
        PaymentMethod.SEPA_DEBIT: _("SEPA direct debit"),
    }
)
register_labels(
    {
        Account.EXPENSE: _("Purchases"),
        Account.VAT: _("Recoverable VAT"),
        Account.PAYABLES: _("Suppliers"),
        Account.BANK: _("Bank"),
    }
)
register_labels(
    {
        EntryKind.INVOICE: _("Invoice"),
        EntryKind.CREDIT_NOTE: _("Credit note"),
        EntryKind.PAYMENT: _("Payment"),
        EntryKind.REFUND: _("Refund"),
    }
)
register_labels(
    {
        IssueCode.AMOUNT: _("The amount received differs from the amount due"),
        IssueCode.CURRENCY: _("Received in another currency"),
        IssueCode.OVERPAID: _("Paid more than was due"),
        IssueCode.PROVIDER: _("The payment provider refused the request"),
    }
)
