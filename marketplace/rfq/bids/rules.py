"""Decisions about bids that need no database: may it be sent now, does it answer what was asked?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from marketplace.core.clock import instant
from marketplace.core.errors import Conflict, FieldError, Invalid, NotAllowed
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import bundle_rules, information_rules, offer_rules
from marketplace.rfq.bids.alternatives import name_errors
from marketplace.rfq.bids.answer_rules import answer_errors
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.documents import SealedDocument
from marketplace.rfq.bids.offer_rules import PRICE_LIMIT
from marketplace.rfq.bids.totals import total_of
from marketplace.rfq.terms import clocks, lot_criteria
from marketplace.rfq.terms.asked import AskedLine, Criterion, Terms
from marketplace.rfq.terms.bid_states import BID_FLOW, AttemptOutcome, BidState
from marketplace.rfq.terms.states import RfqState

DRAIN = clocks.DRAIN
MAX_DOCUMENTS = 20
BIDDER_ACTIONS = ("save", "submit", "withdraw")
# what decides whether a bid stands: refusals and confirmations leave it as it was
LAST_WORDS = (AttemptOutcome.ACCEPTED, AttemptOutcome.WITHDRAWN)


class DeadlinePassed(Conflict):
    code = "deadline_passed"
    title = _("Too late")


class NotOpenForBids(Conflict):
    code = "not_open_for_bids"
    title = _("No bids are accepted")


class Sealed(NotAllowed):
    code = "sealed"
    title = _("Sealed until opening")


class TooEarly(Conflict):
    code = "too_early"
    title = _("Too early")


class SealMismatch(Conflict):
    code = "seal_mismatch"
    title = _("A seal is broken")


class WrongPassphrase(NotAllowed):
    code = "wrong_passphrase"
    title = _("Wrong passphrase")


class RfqSuspended(Conflict):
    code = "rfq_suspended"
    title = _("The event is suspended")


class TermsChanged(Conflict):
    code = "terms_changed"
    title = _("The event has changed")


class ClientSealingRequired(Conflict):
    code = "client_sealing_required"


class NotClientSealed(Conflict):
    code = "not_client_sealed"


class BidInvalid(Invalid):
    code = "bid_invalid"


def check_on_time(arrived_at: datetime, due_at: datetime, time_zone: str) -> None:
    """Raise DeadlinePassed unless the last byte arrived at the deadline or before."""
    if arrived_at > due_at:
        raise DeadlinePassed(
            _("Your bid arrived after the deadline and was not accepted."),
            arrived_at=instant(arrived_at),
            bids_due_at=instant(due_at),
            time_zone=time_zone,
        )


def check_takes_bids(rfq: Rfq, at: datetime) -> None:
    """Raise unless the RFQ takes what arrives at this instant."""
    if rfq.state is RfqState.SUSPENDED:
        raise RfqSuspended(
            _(
                "The buyer has suspended this event. No deadline passes meanwhile; bids are "
                "accepted again once it is resumed."
            ),
            suspended_at=instant(rfq.suspended_at) if rfq.suspended_at else None,
        )
    if rfq.state is not RfqState.CANCELLED:
        check_on_time(at, deadline_of(rfq), rfq.time_zone)
    if rfq.state is not RfqState.PUBLISHED:
        raise NotOpenForBids(_("This event accepts no bids."), state=str(rfq.state))


def check_service_seals(rfq: Rfq) -> None:
    """Raise ClientSealingRequired where the service must never see what a bid says."""
    if rfq.client_sealing:
        raise ClientSealingRequired(
            _(
                "Bids for this event are sealed before they are sent, in your browser or by a "
                "program."
            )
        )


def check_client_seals(rfq: Rfq) -> None:
    """Raise NotClientSealed where the service seals."""
    if not rfq.client_sealing:
        raise NotClientSealed(
            _("Bids for this event are sealed by the service. Send their content.")
        )


def check_takes_drafts(rfq: Rfq, at: datetime) -> None:
    """As `check_takes_bids`; what is being written may also be kept while clocks stand still."""
    if rfq.state is not RfqState.SUSPENDED:
        check_takes_bids(rfq, at)


def deadline_of(rfq: Rfq) -> datetime:
    """The deadline, which every published RFQ has."""
    if rfq.bids_due_at is None:
        raise NotOpenForBids(_("This event accepts no bids."), state=str(rfq.state))
    return rfq.bids_due_at


def is_closed(rfq: Rfq, now: datetime) -> bool:
    """Whether every bid that arrived in time must have been written down."""
    if rfq.bids_due_at is None or rfq.state is RfqState.SUSPENDED:
        return False
    return now >= rfq.bids_due_at + DRAIN


def check_may_open(now: datetime, due_at: datetime) -> None:
    """Raise TooEarly until every bid that arrived in time must have been written down."""
    if now < due_at + DRAIN:
        raise TooEarly(
            _("Bids can be opened thirty seconds after the deadline."),
            opens_at=instant(due_at + DRAIN),
        )


def mismatch(
    bid_id: UUID | None, supplier_id: UUID | None, reason: str, *, attempt: int | None = None
) -> SealMismatch:
    """The refusal to open, naming the bid, or else the place in the chain of attempts."""
    return SealMismatch(
        _("A bid is not as its receipt says. Nothing was opened; tell the operator."),
        bid_id=str(bid_id) if bid_id else None,
        supplier_id=str(supplier_id) if supplier_id else None,
        reason=reason,
        attempt=attempt,
    )


def check_content(
    terms: Terms, content: BidContent, *, complete: bool, alternative: int | None = None
) -> None:
    """Raise BidInvalid with every reason why this does not answer the RFQ.

    complete: whether it is about to be submitted; a draft may still have gaps. alternative: which
    bid it is, where its name matters.
    """
    errors = [
        *offer_rules.currency_errors(terms, content),
        *name_errors(alternative, content, complete=complete),
        *_line_errors(terms, content),
        *_header_errors(terms, content),
        *answer_errors(
            terms.asked,
            content.answers,
            complete=complete,
            needed=concerned(terms, content),
        ),
    ]
    if not terms.asks_prices:
        errors.extend(information_rules.content_errors(content, complete=complete))
    else:
        errors.extend(_total_errors(terms, content, complete=complete, known=bool(errors)))
    if not errors and terms.asks_prices:
        errors.extend(offer_rules.minimum_errors(terms, content, complete=complete))
        errors.extend(bundle_rules.bundle_errors(terms, content, complete=complete))
    if errors:
        raise BidInvalid(_("The bid cannot be accepted like this."), errors=errors)


def _total_errors(
    terms: Terms, content: BidContent, *, complete: bool, known: bool
) -> Iterator[FieldError]:
    """Known: something is wrong already, so that no total can be made."""
    if not known and total_of(terms, content) >= PRICE_LIMIT:
        yield FieldError("/lines", "too_large", _("The total is out of range."))
    if complete and not content.lines:
        yield FieldError("/lines", "required", _("Give a price for at least one line."))


def check_room(present: Sequence[SealedDocument]) -> None:
    """Raise BidInvalid unless one more document may be attached."""
    if len(present) >= MAX_DOCUMENTS:
        raise BidInvalid(
            _("A bid has at most %(count)s documents.", count=MAX_DOCUMENTS),
            errors=[FieldError("/file", "too_many", _("Remove a document first."))],
        )


def actions_for(state: BidState, rfq: Rfq, actor: Actor, now: datetime) -> list[str]:
    """What the supplier may do with a bid in this state at this instant."""
    if not actor.may(Permission.BID_SUBMIT):
        return []
    if rfq.state is RfqState.SUSPENDED:
        return [action for action in bidder_actions(state) if action == "save"]
    if rfq.state is not RfqState.PUBLISHED:
        return []
    if now > deadline_of(rfq):
        return []
    return bidder_actions(state)


def bidder_actions(state: BidState) -> list[str]:
    """What the flow leaves to the supplier, deadline apart."""
    return [action for action in BID_FLOW.actions(state) if action in BIDDER_ACTIONS]


def chosen_lots(terms: Terms, content: BidContent) -> frozenset[UUID]:
    """The lots that the bid is for: as chosen, else those of its lines."""
    if content.lot_ids:
        return frozenset(content.lot_ids)
    return frozenset(terms.line_by_id[line.line_id].lot_id for line in content.lines)


def concerned(terms: Terms, content: BidContent) -> tuple[Criterion, ...]:
    """The criteria that count in the lots that the bid is for."""
    known = [line for line in content.lines if line.line_id in terms.line_by_id]
    return lot_criteria.concerning(terms, chosen_lots(terms, replace(content, lines=tuple(known))))


def missing_lines(terms: Terms, content: BidContent) -> list[AskedLine]:
    """Lines of the chosen lots that have no price: a bid for such a lot is not ranked."""
    lots = chosen_lots(terms, content)
    return [
        line for line in terms.lines if line.lot_id in lots and line.id not in content.line_by_id
    ]


def partial_lines(terms: Terms, content: BidContent) -> list[AskedLine]:
    """Lines that are offered in part: a bid for such a lot is not ranked."""
    return [
        line
        for line in terms.lines
        if (priced := content.line_by_id.get(line.id)) and priced.offered(line) < line.quantity
    ]


def _line_errors(terms: Terms, content: BidContent) -> Iterator[FieldError]:
    seen = set()
    for index, line in enumerate(content.lines):
        place = f"/lines/{index}"
        asked = terms.line_by_id.get(line.line_id)
        if asked is None:
            yield FieldError(
                f"{place}/line_id", "unknown_line", _("This line is not part of the event.")
            )
        elif line.line_id in seen:
            yield FieldError(f"{place}/line_id", "duplicate_line", _("This line is priced twice."))
        elif content.lot_ids and asked.lot_id not in content.lot_ids:
            yield FieldError(
                f"{place}/line_id",
                "lot_not_chosen",
                _("This line belongs to a lot that the bid is not for."),
            )
        else:
            yield from offer_rules.line_errors(terms, asked, line, place)
        seen.add(line.line_id)
        yield from _price_errors(line, content.currency or terms.currency, f"{place}/unit_price")


def _price_errors(line: PricedLine, currency: str, pointer: str) -> Iterator[FieldError]:
    if line.currency != currency:
        yield offer_rules.wrong_currency(currency, f"{pointer}/currency")
    fault = offer_rules.price_fault(line.unit_price)
    if fault:
        yield FieldError(f"{pointer}/amount", *fault)


def _header_errors(terms: Terms, content: BidContent) -> Iterator[FieldError]:
    known_lots = {lot.id for lot in terms.lots}
    for index, lot_id in enumerate(content.lot_ids):
        if lot_id not in known_lots:
            yield FieldError(
                f"/lot_ids/{index}", "unknown_lot", _("This lot is not part of the event.")
            )
