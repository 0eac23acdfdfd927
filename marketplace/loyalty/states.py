"""Words and states of loyalty."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class ProgrammeState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"


class MovementKind(StrEnum):
    """Why points moved. Every movement belongs to one lot."""

    EARN = "earn"
    REDEEM = "redeem"
    EXPIRE = "expire"
    REVERSE = "reverse"
    RESTORE = "restore"
    REPAY = "repay"


class RedemptionState(StrEnum):
    GRANTED = "granted"
    USED = "used"
    CANCELLED = "cancelled"


REDEMPTION_FLOW = Flow(
    _("a redemption"),
    {
        (RedemptionState.GRANTED, "use"): RedemptionState.USED,
        (RedemptionState.GRANTED, "cancel"): RedemptionState.CANCELLED,
    },
)

register_labels(
    {
        ProgrammeState.ACTIVE: _("Active"),
        ProgrammeState.PAUSED: _("Paused"),
    }
)
register_labels(
    {
        MovementKind.EARN: _("Earned"),
        MovementKind.REDEEM: _("Redeemed"),
        MovementKind.EXPIRE: _("Expired"),
        MovementKind.REVERSE: _("Taken back after a refund"),
        MovementKind.RESTORE: _("Given back"),
        MovementKind.REPAY: _("Kept for points owed"),
    }
)
register_labels(
    {
        RedemptionState.GRANTED: _("Ready to use"),
        RedemptionState.USED: _("Used"),
        RedemptionState.CANCELLED: _("Cancelled"),
    }
)
