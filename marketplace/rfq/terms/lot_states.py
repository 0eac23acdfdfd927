"""What becomes of a lot, and the words for it."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class LotState(StrEnum):
    """``AWARDED``: by a decision that stands, which may still be in standstill."""

    OPEN = "open"
    AWARDED = "awarded"
    UNSUCCESSFUL = "unsuccessful"
    CANCELLED = "cancelled"


LOT_FLOW = Flow(
    _("a lot"),
    {
        (LotState.OPEN, "award"): LotState.AWARDED,
        (LotState.OPEN, "close_unsuccessful"): LotState.UNSUCCESSFUL,
        (LotState.OPEN, "cancel"): LotState.CANCELLED,
        (LotState.AWARDED, "reopen"): LotState.OPEN,
    },
)

register_labels(
    {
        LotState.OPEN: _("Not decided"),
        LotState.AWARDED: _("Awarded"),
        LotState.UNSUCCESSFUL: _("Without award"),
        LotState.CANCELLED: _("Cancelled"),
    }
)
