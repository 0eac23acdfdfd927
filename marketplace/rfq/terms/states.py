"""What becomes of an RFQ, and by which step."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels
from marketplace.identity.permissions import Permission


class RfqState(StrEnum):
    """``CLOSED`` is never stored: a published RFQ reads so from its deadline on (Rfq.state_at).

    ``OPENED`` as long as one lot is not decided. ``STANDSTILL``: all lots have ended, but an award
    is not final yet. ``CONCLUDED``: a request for information, closed with findings.
    """

    DRAFT = "draft"
    PUBLISHED = "published"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    OPENED = "opened"
    STANDSTILL = "standstill"
    AWARDED = "awarded"
    UNSUCCESSFUL = "unsuccessful"
    CONCLUDED = "concluded"
    CANCELLED = "cancelled"


class RfqSource(StrEnum):
    """Where the draft came from."""

    PORTAL = "portal"
    API = "api"
    OCDS = "ocds"
    SPREADSHEET = "spreadsheet"


class EnvelopeRule(StrEnum):
    """Whether prices are sealed apart from the rest of a bid, and opened after it."""

    ONE = "one"
    TWO = "two"


class CriterionKind(StrEnum):
    """What is weighed. Price is computed from the bids, everything else is scored by people."""

    PRICE = "price"
    QUALITY = "quality"
    DELIVERY = "delivery"
    SUSTAINABILITY = "sustainability"
    SERVICE = "service"
    OTHER = "other"


RFQ_FLOW = Flow(
    _("an event"),
    {
        (RfqState.DRAFT, "edit"): RfqState.DRAFT,
        (RfqState.DRAFT, "publish"): RfqState.PUBLISHED,
        (RfqState.DRAFT, "cancel"): RfqState.CANCELLED,
        (RfqState.PUBLISHED, "invite"): RfqState.PUBLISHED,
        (RfqState.PUBLISHED, "extend"): RfqState.PUBLISHED,
        (RfqState.PUBLISHED, "amend"): RfqState.PUBLISHED,
        (RfqState.PUBLISHED, "answer"): RfqState.PUBLISHED,
        (RfqState.PUBLISHED, "suspend"): RfqState.SUSPENDED,
        (RfqState.PUBLISHED, "cancel"): RfqState.CANCELLED,
        (RfqState.SUSPENDED, "resume"): RfqState.PUBLISHED,
        (RfqState.SUSPENDED, "answer"): RfqState.SUSPENDED,
        (RfqState.SUSPENDED, "cancel"): RfqState.CANCELLED,
        (RfqState.CLOSED, "open"): RfqState.OPENED,
        (RfqState.CLOSED, "cancel"): RfqState.CANCELLED,
        (RfqState.OPENED, "evaluate"): RfqState.OPENED,
        (RfqState.OPENED, "open_prices"): RfqState.OPENED,
        (RfqState.OPENED, "award"): RfqState.OPENED,
        (RfqState.OPENED, "stand_still"): RfqState.STANDSTILL,
        (RfqState.OPENED, "conclude"): RfqState.AWARDED,
        (RfqState.OPENED, "close_unsuccessful"): RfqState.UNSUCCESSFUL,
        (RfqState.OPENED, "cancel"): RfqState.CANCELLED,
        (RfqState.STANDSTILL, "stand_still"): RfqState.STANDSTILL,
        (RfqState.STANDSTILL, "conclude"): RfqState.AWARDED,
        (RfqState.STANDSTILL, "withdraw_award"): RfqState.OPENED,
    },
)

# What a request for information has no use for
_AWARDING = {
    "open_prices", "award", "stand_still", "conclude", "close_unsuccessful", "withdraw_award",
}  # fmt: skip

RFI_FLOW = Flow(
    _("an RFI"),
    {
        **{step: to for step, to in RFQ_FLOW.table.items() if step[1] not in _AWARDING},
        (RfqState.OPENED, "close_with_findings"): RfqState.CONCLUDED,
        (RfqState.OPENED, "follow_up"): RfqState.OPENED,
        (RfqState.CONCLUDED, "follow_up"): RfqState.CONCLUDED,
    },
)

# Which permission the buyer's people need for each step; the others are steps of an award
ACTION_PERMISSIONS: dict[str, Permission] = {
    "edit": Permission.RFQ_DRAFT,
    "publish": Permission.RFQ_PUBLISH,
    "invite": Permission.RFQ_PUBLISH,
    "extend": Permission.RFQ_PUBLISH,
    "amend": Permission.RFQ_DRAFT,
    "suspend": Permission.RFQ_PUBLISH,
    "resume": Permission.RFQ_PUBLISH,
    "answer": Permission.RFQ_ANSWER,
    "cancel": Permission.RFQ_CANCEL,
    "open": Permission.RFQ_OPEN,
    "open_prices": Permission.RFQ_OPEN,
    "evaluate": Permission.RFQ_EVALUATE,
    "award": Permission.RFQ_AWARD,
    "close_unsuccessful": Permission.RFQ_AWARD,
    "plan_auction": Permission.RFQ_PUBLISH,
    "close_with_findings": Permission.RFQ_AWARD,
    "follow_up": Permission.RFQ_DRAFT,
}

STATE_LABELS = {
    RfqState.DRAFT: _("Draft"),
    RfqState.PUBLISHED: _("Open for responses"),
    RfqState.CLOSED: _("Closed, still sealed"),
    RfqState.SUSPENDED: _("On hold"),
    RfqState.OPENED: _("In evaluation"),
    RfqState.STANDSTILL: _("In standstill"),
    RfqState.AWARDED: _("Awarded"),
    RfqState.UNSUCCESSFUL: _("Without award"),
    RfqState.CONCLUDED: _("Closed with findings"),
    RfqState.CANCELLED: _("Cancelled"),
}

register_labels(STATE_LABELS)
register_labels(
    {
        RfqSource.PORTAL: _("Portal"),
        RfqSource.API: _("API"),
        RfqSource.OCDS: _("Open contracting data (OCDS)"),
        RfqSource.SPREADSHEET: _("Spreadsheet"),
        EnvelopeRule.ONE: _("One envelope"),
        EnvelopeRule.TWO: _("Two envelopes, prices opened last"),
        CriterionKind.PRICE: _("Price"),
        CriterionKind.QUALITY: _("Quality"),
        CriterionKind.DELIVERY: _("Delivery time"),
        CriterionKind.SUSTAINABILITY: _("Sustainability"),
        CriterionKind.SERVICE: _("Service"),
        CriterionKind.OTHER: _("Other criterion"),
    }
)
