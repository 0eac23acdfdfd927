"""How far an award stands, and the words for it."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class AwardState(StrEnum):
    """``STANDSTILL``: decided and told, but not yet final: no order arises from it."""

    STANDSTILL = "standstill"
    FINAL = "final"
    WITHDRAWN = "withdrawn"


AWARD_FLOW = Flow(
    _("an award"),
    {
        (AwardState.STANDSTILL, "conclude"): AwardState.FINAL,
        (AwardState.STANDSTILL, "withdraw"): AwardState.WITHDRAWN,
    },
)

register_labels(
    {
        AwardState.STANDSTILL: _("In standstill"),
        AwardState.FINAL: _("Final"),
        AwardState.WITHDRAWN: _("Decision withdrawn"),
    }
)
