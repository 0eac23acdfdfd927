"""The life of an invoice, its findings, and their words."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class InvoiceKind(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_VARIANCE = "in_variance"
    MATCHED = "matched"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class PaymentStatus(StrEnum):
    """What was paid against what is due; never a stored word."""

    UNPAID = "unpaid"
    PARTLY_PAID = "partly_paid"
    FULLY_PAID = "fully_paid"
    OVERPAID = "overpaid"


class VatCategory(StrEnum):
    """UNCL 5305, as EN 16931 uses it."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    INTRA_COMMUNITY = "K"
    EXPORT = "G"
    OUT_OF_SCOPE = "O"


class FindingCode(StrEnum):
    NET_DIFFERS = "net_differs"
    VAT_DIFFERS = "vat_differs"
    GROSS_DIFFERS = "gross_differs"
    LINE_NET_DIFFERS = "line_net_differs"
    NOT_ORDERED = "not_ordered"
    UNIT_DIFFERS = "unit_differs"
    PRICE_HIGHER = "price_higher"
    PRICE_LOWER = "price_lower"
    QUANTITY_EXCEEDED = "quantity_exceeded"
    VAT_RATE_DIFFERS = "vat_rate_differs"
    CURRENCY_DIFFERS = "currency_differs"
    DUPLICATE = "probable_duplicate"
    NUMBER_USED_BEFORE = "number_used_before"


S = InvoiceState
INVOICE_FLOW = Flow(
    _("an invoice"),
    {
        (S.DRAFT, "edit"): S.DRAFT,
        (S.DRAFT, "submit"): S.SUBMITTED,
        (S.DRAFT, "cancel"): S.CANCELLED,
        (S.SUBMITTED, "pass"): S.MATCHED,
        (S.SUBMITTED, "hold"): S.IN_VARIANCE,
        (S.SUBMITTED, "reject"): S.REJECTED,
        (S.IN_VARIANCE, "pass"): S.MATCHED,
        (S.IN_VARIANCE, "hold"): S.IN_VARIANCE,
        (S.IN_VARIANCE, "approve"): S.APPROVED,
        (S.IN_VARIANCE, "reject"): S.REJECTED,
        (S.MATCHED, "pay"): S.MATCHED,
        (S.APPROVED, "pay"): S.APPROVED,
        (S.MATCHED, "settle"): S.PAID,
        (S.APPROVED, "settle"): S.PAID,
        # a refund or a later credit note: what was paid is no longer what is due
        (S.PAID, "unsettle"): S.APPROVED,
    },
)

# It counts: the buyer owes it (or is owed it).
ACCEPTED = (S.MATCHED, S.APPROVED, S.PAID)
# The buyer knows it.
SENT = (S.SUBMITTED, S.IN_VARIANCE, *ACCEPTED, S.REJECTED)

STATE_LABELS = {
    InvoiceState.DRAFT: _("Draft"),
    InvoiceState.SUBMITTED: _("Being checked"),
    InvoiceState.IN_VARIANCE: _("Differs from the order"),
    InvoiceState.MATCHED: _("Matched"),
    InvoiceState.APPROVED: _("Approved"),
    InvoiceState.PAID: _("Paid"),
    InvoiceState.REJECTED: _("Sent back"),
    InvoiceState.CANCELLED: _("Cancelled"),
}
register_labels(STATE_LABELS)
register_labels(
    {
        InvoiceKind.INVOICE: _("Invoice"),
        InvoiceKind.CREDIT_NOTE: _("Credit note"),
        PaymentStatus.UNPAID: _("Not paid"),
        PaymentStatus.PARTLY_PAID: _("Partly paid"),
        PaymentStatus.FULLY_PAID: _("Fully paid"),
        PaymentStatus.OVERPAID: _("Overpaid"),
        VatCategory.STANDARD: _("Standard rate"),
        VatCategory.ZERO: _("Zero rate"),
        VatCategory.EXEMPT: _("Exempt"),
        VatCategory.REVERSE_CHARGE: _("Reverse charge"),
        VatCategory.INTRA_COMMUNITY: _("Intra-community supply"),
        VatCategory.EXPORT: _("Export"),
        VatCategory.OUT_OF_SCOPE: _("Outside the scope of VAT"),
        FindingCode.NET_DIFFERS: _("The net total is not the sum of the lines"),
        FindingCode.VAT_DIFFERS: _("The VAT is not that of the net sums"),
        FindingCode.GROSS_DIFFERS: _("Net and VAT do not add up to the total"),
        FindingCode.LINE_NET_DIFFERS: _("Price times quantity is not the line total"),
        FindingCode.NOT_ORDERED: _("This line was not ordered"),
        FindingCode.UNIT_DIFFERS: _("Another unit than ordered"),
        FindingCode.PRICE_HIGHER: _("Dearer than ordered"),
        FindingCode.PRICE_LOWER: _("Cheaper than ordered"),
        FindingCode.QUANTITY_EXCEEDED: _("More than was accepted and not yet invoiced"),
        FindingCode.VAT_RATE_DIFFERS: _("Another VAT rate than ordered"),
        FindingCode.CURRENCY_DIFFERS: _("Another currency than ordered"),
        FindingCode.DUPLICATE: _("Probably the same invoice twice"),
        FindingCode.NUMBER_USED_BEFORE: _("This number was used before, on another date"),
    }
)
