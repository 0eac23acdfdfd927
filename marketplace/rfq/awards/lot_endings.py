"""How lots end and are reopened, and what follows for bids and RFQ. Callers lock the RFQ.

Use cases decide whether; here is what belongs to each step, so that no step is half done.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from marketplace.core import clock, outbox
from marketplace.events.rfq import LotsEnded, RfqCancelled, RfqUnsuccessful
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqLot
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import lot_queries, lot_rules
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.terms.bid_states import BID_FLOW, BidState
from marketplace.rfq.terms.lot_states import LOT_FLOW, LotState
from marketplace.rfq.terms.states import RfqState

_STEPS_OF_BIDS = {
    BidState.AWARDED: "award",
    BidState.NOT_AWARDED: "decline",
    BidState.OPENED: "reopen",
}


def award(session: Session, rfq: Rfq, award_id: UUID, lot_ids: Collection[UUID]) -> None:
    """The lots end with this decision; the others stay open."""
    now = clock.now()
    for lot in queries.lots(session, rfq.id):
        if lot.id in lot_ids:
            lot.state = LOT_FLOW.next(lot.state, "award")
            lot.ended_at, lot.award_id = now, award_id
    session.flush()


def reopen(session: Session, rfq: Rfq, award_id: UUID) -> None:
    """The lots of a decision that is taken back are undecided again."""
    for lot in queries.lots(session, rfq.id):
        if lot.award_id == award_id:
            lot.state = LOT_FLOW.next(lot.state, "reopen")
            lot.ended_at = lot.award_id = None
    session.flush()


def without_award(
    session: Session, rfq: Rfq, lots: Sequence[RfqLot], step: str, reason: str
) -> None:
    """These lots are cancelled or unsuccessful; the RFQ ends with the last of them."""
    now = clock.now()
    for lot in lots:
        lot.state = LOT_FLOW.next(lot.state, step)
        lot.ended_at, lot.end_reason = now, reason
    session.flush()
    settle(session, rfq, reason)
    _announce(session, rfq, lots)
    session.flush()


def settle(session: Session, rfq: Rfq, reason: str | None = None) -> None:
    """Bring the bids and the RFQ to where its lots are."""
    lots = queries.lots(session, rfq.id)
    if rfq.opened_at is not None:
        _settle_bids(session, rfq.id, [lot.id for lot in lots if lot.state is LotState.OPEN])
    step = lot_rules.step_of_rfq(
        [lot.state for lot in lots], waits=lot_queries.in_standstill(session, rfq.id)
    )
    if step is None and rfq.state is RfqState.STANDSTILL:
        rfq.state = rfq.flow.next(rfq.state, "withdraw_award")
    elif step is not None:
        _end(rfq, step, reason)
    session.flush()


def _end(rfq: Rfq, step: str, reason: str | None) -> None:
    rfq.state = rfq.flow.next(rfq.state_at(clock.now()), step)
    if rfq.state is RfqState.STANDSTILL:
        return
    rfq.ended_at = clock.now()
    if rfq.state is RfqState.AWARDED:
        rfq.awarded_at = rfq.ended_at
    else:
        rfq.end_reason = reason


def _settle_bids(session: Session, rfq_id: UUID, open_lots: Sequence[UUID]) -> None:
    lots = lot_queries.lots_of_bids(session, rfq_id)
    winners = lot_queries.winning_bids(session, rfq_id)
    present = {bid.id: bid.state for bid in bid_queries.readable_bids(session, rfq_id)}
    wanted = {
        bid_id: lot_rules.state_of_bid(bid_id, lots.get(bid_id, ()), open_lots, winners)
        for bid_id in present
    }
    for (old, new), ids in lot_rules.by_state(wanted, present).items():
        session.execute(
            update(Bid)
            .where(Bid.id.in_(ids))
            .values(state=BID_FLOW.next(old, _STEPS_OF_BIDS[new]), version=Bid.version + 1)
        )


def _announce(session: Session, rfq: Rfq, lots: Sequence[RfqLot]) -> None:
    """Told once: of the end of the RFQ, or else of these lots. After the opening to their bidders.

    Until then nobody may learn who has bid: the reaction tells everybody who is interested.
    """
    invited = queries.invited_ids(session, rfq.id)
    told = invited
    if rfq.opened_at is not None:
        told = tuple(sorted(lot_queries.bidders_for(session, rfq.id, [lot.id for lot in lots])))
    event: RfqCancelled | RfqUnsuccessful | LotsEnded
    if rfq.state is RfqState.CANCELLED:
        event = RfqCancelled(rfq_id=rfq.id, buyer_id=rfq.buyer_id, supplier_ids=invited)
        told = ()
    elif rfq.state is RfqState.UNSUCCESSFUL:
        event = RfqUnsuccessful(rfq_id=rfq.id, buyer_id=rfq.buyer_id, supplier_ids=told)
    else:
        event = LotsEnded(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            lot_ids=tuple(lot.id for lot in lots),
            outcome=str(lots[0].state),
            supplier_ids=told,
            sealed=rfq.opened_at is None,
            ended_at=clock.now(),
        )
    is_open_to_see = rfq.opened_at is None or rfq.state is RfqState.CANCELLED
    outbox.record(session, event, audience=[rfq.buyer_id, *(invited if is_open_to_see else ())])
