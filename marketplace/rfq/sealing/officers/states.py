"""Who opens, and in which part."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class OpeningRule(StrEnum):
    """How the bids of an RFQ are opened."""

    ONE = "one"
    TWO_OF_THREE = "two_of_three"


class OfficerPart(StrEnum):
    """The escrow person steps in when an opener cannot."""

    OPENER = "opener"
    ESCROW = "escrow"


register_labels(
    {
        OpeningRule.ONE: _("One passphrase opens"),
        OpeningRule.TWO_OF_THREE: _("Two people open together"),
        OfficerPart.OPENER: _("Opener"),
        OfficerPart.ESCROW: _("Escrow"),
    }
)
