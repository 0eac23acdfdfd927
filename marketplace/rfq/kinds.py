"""The kinds of events, and what each is called where people choose it, publish it and end it."""

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
class BidWords:
    """What suppliers send in is called: bids, or answers where no prices are asked."""

    send: Text
    own: Text
    all: Text
    open: Text
    compare: Text


PRICED = BidWords(
    send=_("Place a bid"),
    own=_("My bid"),
    all=_("Bids"),
    open=_("Open the bids"),
    compare=_("Compare the bids"),
)
UNPRICED = BidWords(
    send=_("Answer the RFI"),
    own=_("My answers"),
    all=_("Answers"),
    open=_("Open the answers"),
    compare=_("Compare the answers"),
)


@dataclass(frozen=True, slots=True)
class KindWords:
    """``about`` says in one sentence when to choose it."""

    about: Text
    new: Text
    published: Text
    cancel: Text
    suspend: Text
    resume: Text
    bids: BidWords = PRICED


WORDS: dict[RfqKind, KindWords] = {
    RfqKind.RFQ: KindWords(
        about=_("You know exactly what you need: suppliers price it line by line."),
        new=_("New RFQ"),
        published=_("The RFQ is published"),
        cancel=_("Cancel the RFQ"),
        suspend=_("Suspend the RFQ"),
        resume=_("Let the RFQ go on"),
    ),
    RfqKind.RFP: KindWords(
        about=_(
            "You know the problem: suppliers propose a solution, and its quality is scored before"
            " anybody sees a price."
        ),
        new=_("New RFP"),
        published=_("The RFP is published"),
        cancel=_("Cancel the RFP"),
        suspend=_("Suspend the RFP"),
        resume=_("Let the RFP go on"),
    ),
    RfqKind.RFI: KindWords(
        about=_(
            "You want to know the market: suppliers answer questions without prices, and an RFQ"
            " can follow."
        ),
        new=_("New RFI"),
        published=_("The RFI is published"),
        cancel=_("Cancel the RFI"),
        suspend=_("Suspend the RFI"),
        resume=_("Let the RFI go on"),
        bids=UNPRICED,
    ),
    RfqKind.MINI_COMPETITION: KindWords(
        about=_(
            "You have an agreement with several suppliers: those whom you invite compete for one"
            " order under it."
        ),
        new=_("New mini-competition"),
        published=_("The mini-competition is published"),
        cancel=_("Cancel the mini-competition"),
        suspend=_("Suspend the mini-competition"),
        resume=_("Let the mini-competition go on"),
    ),
    RfqKind.AUCTION: KindWords(
        about=_(
            "Only the price decides: suppliers bid once under seal, then against each other in a"
            " live auction."
        ),
        new=_("New auction"),
        published=_("The auction is published"),
        cancel=_("Cancel the auction and its bids"),
        suspend=_("Suspend the auction and its bids"),
        resume=_("Let the auction go on"),
    ),
}

register_labels(
    {
        RfqKind.RFQ: _("Request for quotation (RFQ)"),
        RfqKind.RFP: _("Request for proposal (RFP)"),
        RfqKind.RFI: _("Request for information (RFI)"),
        RfqKind.MINI_COMPETITION: _("Mini-competition"),
        RfqKind.AUCTION: _("Auction"),
    }
)


def kind_named(text: str) -> RfqKind | None:
    """The kind of this name, where there is one."""
    return next((kind for kind in RfqKind if kind.value == text), None)
