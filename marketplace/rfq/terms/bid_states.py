"""States of a bid, outcomes of an attempt to submit one, and their words."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class BidState(StrEnum):
    """``NEEDS_CONFIRMATION`` is never stored: a submitted bid reads so after an addendum."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    NEEDS_CONFIRMATION = "needs_confirmation"
    WITHDRAWN = "withdrawn"
    OPENED = "opened"
    AWARDED = "awarded"
    NOT_AWARDED = "not_awarded"
    UNREADABLE = "unreadable"


class UnreadableRuling(StrEnum):
    """What the buyer decides about a bid that arrived whole and says nothing that can be read."""

    EXCLUDED = "excluded"
    OTHER = "other"


class AttemptOutcome(StrEnum):
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    CONFIRMED = "confirmed"


# A submitted bid stays valid while its replacement is being written beside it.
BID_FLOW = Flow(
    _("a bid"),
    {
        (BidState.DRAFT, "save"): BidState.DRAFT,
        (BidState.DRAFT, "submit"): BidState.SUBMITTED,
        (BidState.SUBMITTED, "save"): BidState.SUBMITTED,
        (BidState.SUBMITTED, "submit"): BidState.SUBMITTED,
        (BidState.SUBMITTED, "confirm"): BidState.SUBMITTED,
        (BidState.SUBMITTED, "withdraw"): BidState.WITHDRAWN,
        (BidState.SUBMITTED, "open"): BidState.OPENED,
        (BidState.SUBMITTED, "fail_to_open"): BidState.UNREADABLE,
        (BidState.WITHDRAWN, "save"): BidState.WITHDRAWN,
        (BidState.WITHDRAWN, "submit"): BidState.SUBMITTED,
        (BidState.OPENED, "award"): BidState.AWARDED,
        (BidState.OPENED, "decline"): BidState.NOT_AWARDED,
        (BidState.AWARDED, "reopen"): BidState.OPENED,
        (BidState.NOT_AWARDED, "reopen"): BidState.OPENED,
    },
)

READABLE = frozenset({BidState.OPENED, BidState.AWARDED, BidState.NOT_AWARDED})

register_labels(
    {
        BidState.DRAFT: _("Draft"),
        BidState.SUBMITTED: _("Submitted and sealed"),
        BidState.NEEDS_CONFIRMATION: _("To be confirmed"),
        BidState.WITHDRAWN: _("Withdrawn"),
        BidState.OPENED: _("Opened"),
        BidState.AWARDED: _("Awarded"),
        BidState.NOT_AWARDED: _("Not awarded"),
        BidState.UNREADABLE: _("Unreadable"),
        UnreadableRuling.EXCLUDED: _("Excluded: it cannot be read"),
        UnreadableRuling.OTHER: _("Another decision, as the reason says"),
    }
)
register_labels(
    {
        AttemptOutcome.ACCEPTED: _("Accepted"),
        AttemptOutcome.WITHDRAWN: _("Withdrawn"),
        AttemptOutcome.REFUSED: _("Refused"),
        AttemptOutcome.CONFIRMED: _("Confirmed"),
    }
)
