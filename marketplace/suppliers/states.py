"""States of a supplier, its papers and its checks."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class SupplierState(StrEnum):
    REGISTERED = "registered"
    IN_REVIEW = "in_review"
    QUALIFIED = "qualified"
    REJECTED = "rejected"
    BLOCKED = "blocked"


class Outcome(StrEnum):
    """What a check says. Unknown means that nobody could tell, not that nothing was found."""

    CLEAR = "clear"
    REVIEW = "review"
    BLOCK = "block"
    UNKNOWN = "unknown"


class CheckKind(StrEnum):
    IDENTITY = "identity"
    BANK = "bank"
    SANCTIONS = "sanctions"
    FINANCIAL = "financial"
    CERTIFICATES = "certificates"


class Trigger(StrEnum):
    """Why a run was asked for."""

    REGISTRATION = "registration"
    ON_DEMAND = "on_demand"
    LIST_UPDATE = "list_update"
    CHANGE = "change"


class RunState(StrEnum):
    WAITING = "waiting"
    DONE = "done"


class CertificateKind(StrEnum):
    REGISTRATION_EXTRACT = "registration_extract"
    SOCIAL_SECURITY = "social_security"
    LIABILITY_INSURANCE = "liability_insurance"
    ISO_9001 = "iso_9001"
    ISO_14001 = "iso_14001"
    ISO_27001 = "iso_27001"
    OTHER = "other"


class CertificateState(StrEnum):
    """Where a certificate stands; expiring and expired follow from its date."""

    MISSING = "missing"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What a reviewer said about a certificate."""

    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REJECTED = "rejected"


class BankAccountState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


SUPPLIER_FLOW = Flow(
    _("a supplier"),
    {
        (SupplierState.REGISTERED, "screen"): SupplierState.IN_REVIEW,
        (SupplierState.REGISTERED, "block"): SupplierState.BLOCKED,
        (SupplierState.IN_REVIEW, "qualify"): SupplierState.QUALIFIED,
        (SupplierState.IN_REVIEW, "reject"): SupplierState.REJECTED,
        (SupplierState.IN_REVIEW, "block"): SupplierState.BLOCKED,
        (SupplierState.QUALIFIED, "review"): SupplierState.IN_REVIEW,
        (SupplierState.QUALIFIED, "block"): SupplierState.BLOCKED,
        (SupplierState.REJECTED, "resubmit"): SupplierState.REGISTERED,
        (SupplierState.REJECTED, "block"): SupplierState.BLOCKED,
        (SupplierState.BLOCKED, "unblock"): SupplierState.IN_REVIEW,
    },
)
# What a reviewer decides; the rest of the flow is the supplier's or the checks'.
DECISIONS = ("qualify", "reject", "review", "block", "unblock")

BANK_ACCOUNT_FLOW = Flow(
    _("a bank account"),
    {
        (BankAccountState.PROPOSED, "confirm"): BankAccountState.CONFIRMED,
        (BankAccountState.PROPOSED, "reject"): BankAccountState.REJECTED,
    },
)

DECISION_LABELS = {
    "qualify": _("Qualify"),
    "reject": _("Reject"),
    "review": _("Put back under review"),
    "block": _("Block"),
    "unblock": _("Lift the block"),
    "screen": _("Checked"),
    "resubmit": _("Sent in again"),
}

register_labels(
    {
        SupplierState.REGISTERED: _("Registered"),
        SupplierState.IN_REVIEW: _("Under review"),
        SupplierState.QUALIFIED: _("Qualified"),
        SupplierState.REJECTED: _("Rejected"),
        SupplierState.BLOCKED: _("Blocked"),
    }
)
register_labels(
    {
        Outcome.CLEAR: _("Clear"),
        Outcome.REVIEW: _("To be reviewed"),
        Outcome.BLOCK: _("Blocking"),
        Outcome.UNKNOWN: _("Not known"),
    }
)
register_labels(
    {
        CheckKind.IDENTITY: _("Identity numbers"),
        CheckKind.BANK: _("Bank account"),
        CheckKind.SANCTIONS: _("Sanctions lists"),
        CheckKind.FINANCIAL: _("Financial ratios"),
        CheckKind.CERTIFICATES: _("Certificates"),
    }
)
register_labels(
    {
        Trigger.REGISTRATION: _("Registration"),
        Trigger.ON_DEMAND: _("Asked for by a person"),
        Trigger.LIST_UPDATE: _("New sanctions list"),
        Trigger.CHANGE: _("Change of the file"),
    }
)
register_labels(
    {
        RunState.WAITING: _("Running"),
        RunState.DONE: _("Done"),
    }
)
register_labels(
    {
        CertificateKind.REGISTRATION_EXTRACT: _("Company registration extract"),
        CertificateKind.SOCIAL_SECURITY: _("Social security certificate"),
        CertificateKind.LIABILITY_INSURANCE: _("Liability insurance"),
        CertificateKind.ISO_9001: _("ISO 9001 (quality)"),
        CertificateKind.ISO_14001: _("ISO 14001 (environment)"),
        CertificateKind.ISO_27001: _("ISO 27001 (information security)"),
        CertificateKind.OTHER: _("Other certificate"),
    }
)
register_labels(
    {
        CertificateState.MISSING: _("Missing"),
        CertificateState.SUBMITTED: _("Submitted"),
        CertificateState.VERIFIED: _("Verified"),
        CertificateState.EXPIRING: _("Expires soon"),
        CertificateState.EXPIRED: _("Expired"),
        CertificateState.REJECTED: _("Refused"),
    }
)
register_labels(
    {
        Verdict.SUBMITTED: _("Submitted"),
        Verdict.VERIFIED: _("Verified"),
        Verdict.REJECTED: _("Refused"),
    }
)
register_labels(
    {
        BankAccountState.PROPOSED: _("Waits for a second person"),
        BankAccountState.CONFIRMED: _("Confirmed"),
        BankAccountState.REJECTED: _("Refused"),
    }
)
