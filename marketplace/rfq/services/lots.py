"""One lot of an RFQ: how it stands, and its end without an award while others go on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.editing import touch
from marketplace.rfq.asking.models import Rfq, RfqLot
from marketplace.rfq.awards import lot_endings, lot_rules
from marketplace.rfq.awards import rules as award_rules
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.sealing import seals as sealing
from marketplace.rfq.terms.states import RfqState


@requires(Permission.RFQ_CANCEL)
def cancel(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    reason: str,
    *,
    expected: int | None = None,
) -> Rfq:
    """Take one lot out of the RFQ; the last one ends it. Bids stay valid for the other lots.

    Until the deadline the lot leaves the published terms: its lines are not asked for any more.
    Raises LotEnded, ReasonRequired, and AwardHeld while an auction is planned or under way.
    """
    return _end(session, actor, rfq_id, lot_id, "cancel", reason, expected)


@requires(Permission.RFQ_AWARD)
def close_unsuccessful(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    reason: str,
    *,
    expected: int | None = None,
) -> Rfq:
    """End one opened lot without an award and tell its bidders so; they can read the reason."""
    bid_queries.opened(session, actor, rfq_id)
    return _end(session, actor, rfq_id, lot_id, "close_unsuccessful", reason, expected)


def _end(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    step: str,
    reason: str,
    expected: int | None,
) -> Rfq:
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    check_version(rfq, expected)
    rfq.flow.next(rfq.state_at(clock.now()), step)
    lots = queries.lots(session, rfq_id)
    lot = queries.lot(session, rfq_id, lot_id)
    lot_rules.check_published(rfq)
    lot_rules.check_open(lots, {lot_id})
    award_rules.check_not_held(rfq.award_held_by)
    reason = lot_rules.checked_reason(reason)
    lot_endings.without_award(session, rfq, [lot], step, reason)
    audit.record(
        session,
        actor,
        "rfq.lot_cancelled" if step == "cancel" else "rfq.lot_unsuccessful",
        ("rfq", rfq_id),
        {"lot": lot.number, "reason": reason},
    )
    touch(rfq)
    _publish_rest(session, rfq)
    return rfq


def _publish_rest(session: Session, rfq: Rfq) -> None:
    """Bidders who may still bid answer to terms without the lot; after the deadline they stay."""
    state = rfq.state_at(clock.now())
    if state not in (RfqState.PUBLISHED, RfqState.SUSPENDED):
        return
    seal = bid_queries.seal(session, rfq.id)
    new = sealing.next_terms(session, rfq, seal.terms_number + 1)
    session.add(new)
    session.flush()
    seal.terms_number = new.number
    session.flush()
    session.expire(seal)


@requires(Permission.RFQ_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> tuple[Rfq, Sequence[RfqLot]]:
    """The RFQ and its lots in order, for everybody who may see it."""
    rfq = queries.get(session, actor, rfq_id)
    return rfq, queries.lots(session, rfq_id)
