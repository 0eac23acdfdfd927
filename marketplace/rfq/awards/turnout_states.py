"""What a buyer rules where fewer suppliers bid for a lot than were asked for."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class TooFewRuling(StrEnum):
    """``REPUBLISH``: the lot ends without an award, and a draft asks for its lines again."""

    PROCEED = "proceed"
    UNSUCCESSFUL = "unsuccessful"
    REPUBLISH = "republish"


register_labels(
    {
        TooFewRuling.PROCEED: _("Continue with fewer bids"),
        TooFewRuling.UNSUCCESSFUL: _("End the lot without an award"),
        TooFewRuling.REPUBLISH: _("End the lot and ask for it again in a new event"),
    }
)
