"""What the lots of an RFQ make of it and of its bids, and what may be done with one of them."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking.models import Rfq, RfqLot
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.lot_states import LOT_FLOW, LotState
from marketplace.rfq.terms.states import ACTION_PERMISSIONS, RfqState

# the step of a lot, and the step that the RFQ has to allow for it
LOT_STEPS = ("cancel", "close_unsuccessful")


class LotEnded(Conflict):
    code = "lot_ended"


class LotsAwarded(Conflict):
    code = "lots_awarded"


class NotPublished(Conflict):
    code = "not_published"


class ReasonRequired(Invalid):
    code = "reason_required"


def checked_reason(reason: str) -> str:
    """The reason as it is kept. Raises ReasonRequired."""
    if not reason.strip():
        raise ReasonRequired(
            _("Say why nobody gets this."),
            errors=[FieldError("/reason", "required", _("A reason is needed."))],
        )
    return reason.strip()


def step_of_rfq(states: Collection[LotState], *, waits: bool) -> str | None:
    """The step by which the RFQ ends with its lots; None while one of them is open.

    waits: an award is in standstill.
    """
    if LotState.OPEN in states:
        return None
    if LotState.AWARDED in states:
        return "stand_still" if waits else "conclude"
    return "close_unsuccessful" if LotState.UNSUCCESSFUL in states else "cancel"


def state_of_bid(
    bid_id: UUID, lots: Collection[UUID], open_lots: Collection[UUID], winners: Collection[UUID]
) -> BidState:
    """An opened bid is decided once all lots that it is for have ended.

    lots: none where it is unknown what the bid is for; then it waits for all.
    """
    if open_lots and (not lots or not set(open_lots).isdisjoint(lots)):
        return BidState.OPENED
    return BidState.AWARDED if bid_id in winners else BidState.NOT_AWARDED


def check_published(rfq: Rfq) -> None:
    """Raise NotPublished: a lot of a draft is deleted, not cancelled."""
    if rfq.published_at is None:
        raise NotPublished(_("This event is a draft. Delete the lot instead."))


def check_open(lots: Iterable[RfqLot], chosen: Collection[UUID]) -> None:
    """Raise LotEnded when something is chosen of a lot that has ended."""
    ended = [lot.number for lot in lots if lot.id in chosen and lot.state is not LotState.OPEN]
    if ended:
        numbers = ", ".join(map(str, ended))
        raise LotEnded(_("Already ended: lot %(numbers)s.", numbers=numbers), lots=ended)


def check_none_awarded(lots: Iterable[RfqLot]) -> None:
    """Raise LotsAwarded: an RFQ of which something was awarded is not cancelled as a whole."""
    awarded = [lot.number for lot in lots if lot.state is LotState.AWARDED]
    if awarded:
        raise LotsAwarded(
            _("A part of this event has been awarded. Cancel the lots that are still open."),
            lots=awarded,
        )


def actions_for(lot: RfqLot, rfq: Rfq, state: RfqState, actor: Actor) -> list[str]:
    """What this actor may do with the lot while the RFQ is in this state."""
    if actor.org_id != rfq.buyer_id or state is RfqState.DRAFT:
        return []
    return [
        step
        for step in LOT_STEPS
        if LOT_FLOW.may(lot.state, step)
        and rfq.flow.may(state, step)
        and actor.may(ACTION_PERMISSIONS[step])
    ]


def by_state(
    wanted: Mapping[UUID, BidState], present: Mapping[UUID, BidState]
) -> dict[tuple[BidState, BidState], list[UUID]]:
    """The bids whose state changes, by the old and the new one."""
    changed: dict[tuple[BidState, BidState], list[UUID]] = {}
    for bid_id, state in wanted.items():
        if present[bid_id] is not state:
            changed.setdefault((present[bid_id], state), []).append(bid_id)
    return changed
