"""Ruling on bids that arrived whole and cannot be read."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.errors import Conflict, NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening.models import BidUnreadable
from marketplace.rfq.terms.bid_states import UnreadableRuling


class UnreadableRuled(Conflict):
    code = "already_ruled"


@requires(Permission.BID_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[BidUnreadable]:
    """What could not be read of the actor's own opened RFQ, with the rulings."""
    bid_queries.opened(session, actor, rfq_id)
    return opening_queries.unreadable(session, rfq_id)


@requires(Permission.RFQ_EVALUATE)
def rule(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    bid_id: UUID,
    ruling: UnreadableRuling,
    reason: str,
) -> Sequence[BidUnreadable]:
    """Decide what becomes of a bid that cannot be read; its supplier reads why."""
    bid_queries.opened(session, actor, rfq_id)
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    rfq.flow.next(rfq.state, "evaluate")
    found = [each for each in opening_queries.unreadable(session, rfq_id) if each.bid_id == bid_id]
    if not found:
        raise NotFound(_("There is no such bid."))
    if found[0].ruling is not None:
        raise UnreadableRuled(_("This bid has been ruled on."))
    for each in found:
        each.ruling, each.ruling_reason = ruling, reason.strip()
        each.ruled_by, each.ruled_at = actor.person, clock.now()
    facts = {"bid_id": str(bid_id), "ruling": str(ruling), "reason": reason.strip()}
    audit.record(session, actor, "rfq.unreadable_ruled", ("rfq", rfq_id), facts)
    session.flush()
    return found
