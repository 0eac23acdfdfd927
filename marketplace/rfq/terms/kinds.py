"""The kinds of events, and how people choose between them.

Whatever else people read about an event is worded for its kind in the catalogues of messages: what
differs from the usual words stands there under the kind as its context, such as ``msgctxt "rfi"``.
"""

from dataclasses import dataclass
from enum import StrEnum

from marketplace.core.text import Text, _, register_labels


class RfqKind(StrEnum):
    """What a buyer holds.

    An RFI asks questions and no prices, and awards nothing. A mini-competition is among the
    suppliers of an agreement.
    """

    RFQ = "rfq"
    RFP = "rfp"
    RFI = "rfi"
    MINI_COMPETITION = "mini_competition"
    AUCTION = "auction"


@dataclass(frozen=True, slots=True)
class Offer:
    """One of the kinds among those to choose from; ``about`` says when to choose it."""

    about: Text
    new: Text


OFFERED: dict[RfqKind, Offer] = {
    RfqKind.RFQ: Offer(
        about=_("You know exactly what you need: suppliers price it line by line."),
        new=_("New RFQ"),
    ),
    RfqKind.RFP: Offer(
        about=_(
            "You know the problem: suppliers propose a solution, and its quality is scored before"
            " anybody sees a price."
        ),
        new=_("New RFP"),
    ),
    RfqKind.RFI: Offer(
        about=_(
            "You want to know the market: suppliers answer questions without prices, and an RFQ"
            " can follow."
        ),
        new=_("New RFI"),
    ),
    RfqKind.MINI_COMPETITION: Offer(
        about=_(
            "You have a framework agreement with several suppliers: those whom you invite compete"
            " for one order under it."
        ),
        new=_("New mini-competition"),
    ),
    RfqKind.AUCTION: Offer(
        about=_(
            "Only the price decides: suppliers bid once under seal, then against each other in a"
            " live auction."
        ),
        new=_("New auction"),
    ),
}

register_labels(
    {
        RfqKind.RFQ: _("Request for quotation (RFQ)"),
        RfqKind.RFP: _("Request for proposal (RFP)"),
        RfqKind.RFI: _("Request for information (RFI)"),
        RfqKind.MINI_COMPETITION: _("Mini-competition"),
        RfqKind.AUCTION: _("Reverse auction"),
    }
)


def kind_named(text: str) -> RfqKind | None:
    """The kind of this name, where there is one."""
    return next((kind for kind in RfqKind if kind.value == text), None)
