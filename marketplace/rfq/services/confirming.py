"""Confirming after an addendum: a supplier stands by their sealed prices for the touched lines."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, outbox
from marketplace.core.errors import Conflict, FieldError, Invalid, NotFound
from marketplace.core.text import _
from marketplace.events.rfq import BidConfirmed
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.addenda import reading
from marketplace.rfq.addenda.reading import Amended
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.queries import Door
from marketplace.rfq.receiving import attempts, receipts
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.terms.bid_states import BID_FLOW, AttemptOutcome


class NothingToConfirm(Conflict):
    code = "nothing_to_confirm"


@requires(Permission.BID_SUBMIT)
def confirm(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    arrived_at: datetime,
    *,
    bid_id: UUID,
    terms_number: int,
    line_ids: Collection[UUID] | None = None,
) -> BidAttempt:
    """Let the prices of touched lines stand under the present terms; the sealed bid stays as it is.

    terms_number: the terms that the supplier has read. line_ids: all touched lines by default;
    those left out do not count unless confirmed later. Raises TermsChanged, NothingToConfirm.
    """
    door = bid_queries.own_bid(session, actor, rfq_id, bid_id, share=True)
    bid = door.bid
    if bid is None:
        raise NotFound(_("There is no such bid."))
    with attempts.refusals_signed(keys, door, actor, arrived_at):
        bid_rules.check_takes_bids(door.rfq, arrived_at)
        BID_FLOW.next(bid.state, "confirm")
        amended = _open(session, door, terms_number)
        receipt = receipts.attempt(
            keys,
            attempts.passage(door, actor, arrived_at),
            AttemptOutcome.CONFIRMED,
            bid_id=bid.id,
            number=bid.number,
            terms_number=terms_number,
            confirmed_lines=_chosen(amended, line_ids),
        )
    session.add(receipt)
    _note(session, actor, bid, receipt, terms_number)
    session.flush()
    return receipt


def _open(session: Session, door: Door, terms_number: int) -> Amended:
    if terms_number != door.seal.terms_number:
        raise bid_rules.TermsChanged(
            _("The buyer has changed the event once more. Look at the changes again."),
            terms_number=door.seal.terms_number,
        )
    amended = reading.of_bid(session, door)
    if amended is None or not amended.to_confirm:
        raise NothingToConfirm(_("Your bid stands: there is nothing to confirm."))
    return amended


def _chosen(amended: Amended, line_ids: Collection[UUID] | None) -> frozenset[str]:
    if line_ids is None:
        return amended.to_confirm
    chosen = frozenset(str(line_id) for line_id in line_ids)
    if not chosen or chosen - amended.to_confirm:
        detail = _("Choose lines that wait for your confirmation.")
        raise Invalid(detail, errors=[FieldError("/line_ids", "not_to_confirm", detail)])
    return chosen


def _note(session: Session, actor: Actor, bid: Bid, receipt: BidAttempt, terms_number: int) -> None:
    """For the supplier alone: until the opening nobody else learns that there is a bid."""
    audit.record(
        session, actor, "bid.confirmed", ("bid", bid.id),
        {"number": bid.number, "terms_number": terms_number},
    )  # fmt: skip
    outbox.record(
        session,
        BidConfirmed(
            bid_id=bid.id,
            rfq_id=bid.rfq_id,
            supplier_id=bid.supplier_id,
            buyer_id=bid.buyer_id,
            confirmed_at=receipt.arrived_at,
        ),
        audience=[bid.supplier_id],
    )
