"""Ruling on a lot for which fewer suppliers bid than were asked for."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.db import check_version
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import audience, queries, repeating
from marketplace.rfq.asking.editing import touch
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import lot_rules, turnout_queries, turnout_rules
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_rules import Turnout
from marketplace.rfq.awards.turnout_states import TooFewRuling
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.services import drafting, lots


@requires(Permission.RFQ_AWARD)
def rule(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    outcome: TooFewRuling,
    reason: str,
    *,
    expected: int | None = None,
) -> LotRuling:
    """Go on with fewer bids, end the lot, or end it and ask for its lines again in a new draft.

    Bidders read the reason where the lot ends. Raises EnoughBids, LotEnded, ReasonRequired, and
    PricesHidden while it is sealed who bids for which lot.
    """
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    found = read(session, actor, rfq_id, lot_id)
    rfq.flow.next(rfq.state, "award")
    lot_rules.check_open(queries.lots(session, rfq_id), {lot_id})
    turnout_rules.check_short(found)
    reason = lot_rules.checked_reason(reason)
    again = outcome is TooFewRuling.REPUBLISH
    ruling = LotRuling(
        rfq_id=rfq_id,
        lot_id=lot_id,
        buyer_id=rfq.buyer_id,
        outcome=outcome,
        wanted=found.wanted,
        bidders=found.bidders,
        reason=reason,
        copy_id=_asked_again(session, actor, rfq_id, lot_id).id if again else None,
        ruled_by=actor.person,
    )
    session.add(ruling)
    session.flush()
    _note(session, actor, ruling, found)
    if outcome is TooFewRuling.PROCEED:
        touch(rfq)
    else:
        lots.close_unsuccessful(session, actor, rfq_id, lot_id, reason)
    session.flush()
    return ruling


@requires(Permission.BID_READ)
def read(session: Session, actor: Actor, rfq_id: UUID, lot_id: UUID) -> Turnout:
    """How many suppliers bid for the lot. Raises EnoughBids where one bid is enough."""
    rfq = bid_queries.opened(session, actor, rfq_id)
    lot = queries.lot(session, rfq_id, lot_id)
    if rfq.prices_sealed:
        raise quality_rules.PricesHidden(_("Prices are sealed apart and have not been opened."))
    found = turnout_queries.turnouts(session, rfq, bid_queries.terms(session, rfq_id))
    if lot.id not in found:
        raise turnout_rules.EnoughBids(_("One bid is enough for this lot."))
    return found[lot.id]


def _asked_again(session: Session, actor: Actor, rfq_id: UUID, lot_id: UUID) -> Rfq:
    """A new draft of the lot alone, for the suppliers of the RFQ who can still be invited."""
    original = queries.get_own_with_content(session, actor, rfq_id)
    asked = [invitation.supplier_id for invitation in queries.invitations(session, rfq_id)]
    draft = repeating.of_lot(original, lot_id, audience.still_invitable(session, asked))
    number = next(lot.number for lot in original.lots if lot.id == lot_id)
    return drafting.create(
        session, actor, draft, {"copied_from": original.number, "lot": str(number)}
    )


def _note(session: Session, actor: Actor, ruling: LotRuling, found: Turnout) -> None:
    audit.record(
        session,
        actor,
        "rfq.lot_ruled",
        ("rfq", ruling.rfq_id),
        {
            "lot": found.lot.number,
            "outcome": str(ruling.outcome),
            "wanted": ruling.wanted,
            "bidders": ruling.bidders,
            "reason": ruling.reason,
            "copy_id": str(ruling.copy_id) if ruling.copy_id else None,
        },
    )
