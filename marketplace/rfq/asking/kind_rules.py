"""What follows from the kind of an event: for its draft, and for what it needs to be published."""

from collections.abc import Iterator
from datetime import datetime

from marketplace.core.errors import FieldError
from marketplace.core.text import _
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.terms.cost_states import PriceBasis
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind, EnvelopeRule

# the first part of the numbers of each kind
PREFIXES = {
    RfqKind.RFQ: "RFQ",
    RfqKind.RFP: "RFP",
    RfqKind.RFI: "RFI",
    RfqKind.MINI_COMPETITION: "MC",
    RfqKind.AUCTION: "AUC",
}


def adopt(rfq: Rfq, kind: RfqKind) -> None:
    """Make the draft an event of this kind: with its defaults, without what it does not have."""
    rfq.kind = kind
    if kind is RfqKind.RFP:
        rfq.blind_scoring = True
    if kind is RfqKind.RFI:
        _without_award(rfq)
    if kind is RfqKind.MINI_COMPETITION:
        rfq.open_to_all = False
    else:
        rfq.agreement_ref = None
    if kind is not RfqKind.AUCTION:
        rfq.auction_starts_at = None


def _without_award(rfq: Rfq) -> None:
    rfq.blind_scoring = rfq.low_price_check = rfq.client_sealing = False
    rfq.envelopes = EnvelopeRule.ONE
    rfq.allows = []
    rfq.currency_rates = None
    rfq.minimum_bids = None
    rfq.standstill_days = 0
    rfq.price_basis, rfq.cost_terms = PriceBasis.BID_TOTAL, None


def header_faults(rfq: Rfq) -> Iterator[FieldError]:
    """What the draft says that its kind does not have."""
    if rfq.kind is RfqKind.RFI:
        yield from _award_faults(rfq)
    if rfq.kind is RfqKind.MINI_COMPETITION and rfq.open_to_all:
        yield FieldError(
            "/open_to_all",
            "not_for_this_kind",
            _("A mini-competition is for invited suppliers only."),
        )
    if rfq.kind is not RfqKind.MINI_COMPETITION and rfq.agreement_ref:
        yield FieldError(
            "/agreement_ref",
            "not_for_this_kind",
            _("Only a mini-competition is held under an agreement."),
        )
    if rfq.kind is not RfqKind.AUCTION and rfq.auction_starts_at:
        yield FieldError(
            "/auction_starts_at",
            "not_for_this_kind",
            _("Only an auction announces when it starts."),
        )


def _award_faults(rfq: Rfq) -> Iterator[FieldError]:
    said = {
        "blind_scoring": rfq.blind_scoring,
        "low_price_check": rfq.low_price_check,
        "client_sealing": rfq.client_sealing,
        "envelopes": rfq.envelopes is EnvelopeRule.TWO,
        "allows": rfq.allows,
        "rates": rfq.currency_rates,
        "minimum_bids": rfq.minimum_bids,
        "standstill_days": rfq.standstill_days,
    }
    for name, value in said.items():
        if value:
            yield FieldError(
                f"/{name}",
                "not_for_this_kind",
                _("A request for information asks no prices and awards nothing."),
            )


def gaps(rfq: Rfq) -> Iterator[FieldError]:
    """What an event of this kind still needs before it is published."""
    if rfq.kind is RfqKind.RFP and all(each.kind is CriterionKind.PRICE for each in rfq.criteria):
        yield FieldError(
            "/criteria",
            "quality_criterion_required",
            _("A request for proposal weighs at least one criterion besides the price."),
        )
    if rfq.kind is RfqKind.RFI:
        yield from _question_gaps(rfq)
    if rfq.kind is RfqKind.MINI_COMPETITION and not rfq.agreement_ref:
        yield FieldError(
            "/agreement_ref",
            "required",
            _("Name the agreement under which the mini-competition is held."),
        )
    if rfq.auction_starts_at and starts_too_early(rfq, rfq.bids_due_at):
        yield FieldError(
            "/auction_starts_at",
            "auction_before_deadline",
            _("The auction can only start after the deadline for bids."),
        )


def _question_gaps(rfq: Rfq) -> Iterator[FieldError]:
    if not rfq.criteria:
        yield FieldError("/criteria", "question_required", _("Ask at least one question."))
    for index, lot in enumerate(rfq.lots):
        if lot.weights:
            yield FieldError(
                f"/lots/{index}/weights",
                "not_for_this_kind",
                _("Answers count for the whole request for information, not by lot."),
            )
    if rfq.cost_terms:
        yield FieldError(
            "/costs",
            "not_for_this_kind",
            _("A request for information asks no prices and awards nothing."),
        )
    if any(each.kind is CriterionKind.PRICE for each in rfq.criteria):
        yield FieldError(
            "/criteria",
            "price_not_asked",
            _("A request for information asks no prices: remove the price from the criteria."),
        )


def doubts(rfq: Rfq) -> Iterator[FieldError]:
    """What the buyer of an event of this kind should think about."""
    if rfq.kind is RfqKind.AUCTION and rfq.auction_starts_at is None:
        yield FieldError(
            "/auction_starts_at",
            "auction_unplanned",
            _("No start is announced: bidders read that the auction is planned after the opening."),
        )


def starts_too_early(rfq: Rfq, bids_due_at: datetime | None) -> bool:
    """Whether the announced auction would start before its bids can have been opened."""
    start = rfq.auction_starts_at
    return start is not None and bids_due_at is not None and start <= bids_due_at
