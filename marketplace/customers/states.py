"""The words of customer relations."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class ChurnHint(StrEnum):
    """How a customer's silence compares with its usual interval between orders."""

    ACTIVE = "active"
    SLOWING = "slowing"
    AT_RISK = "at_risk"
    LOST = "lost"
    LOW_DATA = "low_data"


class InteractionKind(StrEnum):
    CALL = "call"
    EMAIL = "email"
    MEETING = "meeting"
    VISIT = "visit"
    COMPLAINT = "complaint"
    NOTE = "note"


class StandardSegment(StrEnum):
    """The segments every seller starts with."""

    CHAMPIONS = "champions"
    LOYAL = "loyal"
    BIG_SPENDERS = "big_spenders"
    PROMISING = "promising"
    NEW = "new"
    NEED_ATTENTION = "need_attention"
    AT_RISK = "at_risk"
    HIBERNATING = "hibernating"


register_labels(
    {
        ChurnHint.ACTIVE: _("As usual"),
        ChurnHint.SLOWING: _("Slowing down"),
        ChurnHint.AT_RISK: _("At risk of leaving"),
        ChurnHint.LOST: _("Probably lost"),
        ChurnHint.LOW_DATA: _("Too few orders to tell"),
    }
)
register_labels(
    {
        InteractionKind.CALL: _("Call"),
        InteractionKind.EMAIL: _("E-mail"),
        InteractionKind.MEETING: _("Meeting"),
        InteractionKind.VISIT: _("Visit"),
        InteractionKind.COMPLAINT: _("Complaint"),
        InteractionKind.NOTE: _("Note"),
    }
)
register_labels(
    {
        StandardSegment.CHAMPIONS: _("Champions"),
        StandardSegment.LOYAL: _("Loyal"),
        StandardSegment.BIG_SPENDERS: _("Big spenders"),
        StandardSegment.PROMISING: _("Promising"),
        StandardSegment.NEW: _("New"),
        StandardSegment.NEED_ATTENTION: _("Need attention"),
        StandardSegment.AT_RISK: _("At risk"),
        StandardSegment.HIBERNATING: _("Hibernating"),
    }
)
