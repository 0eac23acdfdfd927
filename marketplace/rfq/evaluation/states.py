"""Words of the evaluation that are chosen from a list."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class ExclusionGround(StrEnum):
    """Why a bid is out of the race."""

    KNOCK_OUT = "knock_out"
    ABNORMALLY_LOW = "abnormally_low"
    UNREADABLE = "unreadable"
    RULING = "ruling"


register_labels(
    {
        ExclusionGround.KNOCK_OUT: _("A required answer is not met"),
        ExclusionGround.ABNORMALLY_LOW: _("Abnormally low and not justified"),
        ExclusionGround.UNREADABLE: _("The bid cannot be read"),
        ExclusionGround.RULING: _("Another ruling"),
    }
)


class LowPriceRuling(StrEnum):
    """What the buyer found about an abnormally low total."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"


register_labels(
    {
        LowPriceRuling.ACCEPTED: _("Justified"),
        LowPriceRuling.EXCLUDED: _("Not justified, bid excluded"),
    }
)
