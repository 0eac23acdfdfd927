"""What the price of a bid is measured by, and where the value of a cost comes from."""

from enum import StrEnum

from marketplace.core.text import _, register_labels


class PriceBasis(StrEnum):
    """``TOTAL_COST``: the total of the bid and every cost that its lot names."""

    BID_TOTAL = "bid_total"
    TOTAL_COST = "total_cost"


class CostSource(StrEnum):
    """``ANSWER``: a number that the bidder gives, times a rate. ``ENTERED``: by the buyer."""

    ANSWER = "answer"
    ENTERED = "entered"


register_labels(
    {
        PriceBasis.BID_TOTAL: _("The total of the bid"),
        PriceBasis.TOTAL_COST: _("Total cost of ownership"),
        CostSource.ANSWER: _("The bidder’s answer × a rate"),
        CostSource.ENTERED: _("Entered by you for each bid"),
    }
)
