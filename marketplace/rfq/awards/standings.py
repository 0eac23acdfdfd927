"""How an award goes on: it begins, becomes final or is taken back. The RFQ is locked by the caller.

Use cases decide whether; here is what belongs to each step, so that no step is half done.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.events.rfq import AwardDecided, AwardWithdrawn, RfqAwarded
from marketplace.identity.permissions import Actor
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import lot_endings, lot_queries
from marketplace.rfq.awards.models import Award, AwardLine, AwardStanding
from marketplace.rfq.awards.states import AWARD_FLOW, AwardState
from marketplace.rfq.terms import deadlines

# As for bids: what was sent in time may still be on its way through the server.
DRAIN = timedelta(seconds=30)


def begin(session: Session, actor: Actor, rfq: Rfq, decided: Award, winners: set[UUID]) -> None:
    """The award is decided and bidders are told; without a standstill it is final at once."""
    standing = AwardStanding(
        award_id=decided.id,
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        state=AwardState.STANDSTILL,
        decided_at=decided.decided_at,
        standstill_until=_until(rfq, decided.decided_at),
        dispute_clause=queries.settings(session, rfq.buyer_id).dispute_clause,
    )
    session.add(standing)
    session.flush()
    lot_endings.settle(session, rfq)
    losers = _bidders_of(session, standing) - winners
    _note(session, actor, rfq, "award_decided", decided.id, winner_ids=_texts(winners))
    # Suppliers are told one by one: this event names them all and is the buyer's alone.
    outbox.record(
        session,
        AwardDecided(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            award_id=decided.id,
            winner_ids=tuple(sorted(winners)),
            loser_ids=tuple(sorted(losers)),
            decided_at=decided.decided_at,
            standstill_until=standing.standstill_until,
        ),
        audience=[rfq.buyer_id],
    )
    if not rfq.standstill_days:
        conclude(session, actor, rfq, standing)


def conclude(session: Session, actor: Actor, rfq: Rfq, standing: AwardStanding) -> None:
    """The award becomes final: orders follow from the event."""
    standing.state = AWARD_FLOW.next(standing.state, "conclude")
    standing.concluded_at = clock.now()
    session.flush()
    lot_endings.settle(session, rfq)
    winners = set(
        session.scalars(
            select(AwardLine.supplier_id).where(AwardLine.award_id == standing.award_id)
        )
    )
    losers = _bidders_of(session, standing) - winners
    _note(session, actor, rfq, "awarded", standing.award_id, winner_ids=_texts(winners))
    outbox.record(
        session,
        RfqAwarded(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            award_id=standing.award_id,
            winner_ids=tuple(sorted(winners)),
            loser_ids=tuple(sorted(losers)),
            awarded_at=standing.concluded_at,
        ),
        audience=[rfq.buyer_id],
    )
    session.flush()


def take_back(
    session: Session, actor: Actor, rfq: Rfq, standing: AwardStanding, reason: str
) -> None:
    """The decision is void: its lots and the bids for them are in evaluation again."""
    standing.state = AWARD_FLOW.next(standing.state, "withdraw")
    standing.withdrawn_at = clock.now()
    standing.withdrawal_reason = reason
    session.flush()
    lot_endings.reopen(session, rfq, standing.award_id)
    lot_endings.settle(session, rfq)
    bidders = _bidders_of(session, standing)
    _note(session, actor, rfq, "award_withdrawn", standing.award_id, reason=reason)
    outbox.record(
        session,
        AwardWithdrawn(
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            award_id=standing.award_id,
            bidder_ids=tuple(sorted(bidders)),
            withdrawn_at=standing.withdrawn_at,
        ),
        audience=[rfq.buyer_id],
    )
    session.flush()


def _until(rfq: Rfq, decided_at: datetime) -> datetime:
    """The last second of the last day in the RFQ's zone; the decision itself without standstill."""
    if not rfq.standstill_days:
        return decided_at
    zone = deadlines.zone_of(rfq.time_zone)
    return deadlines.end_of_day(decided_at, rfq.standstill_days, zone)


def _bidders_of(session: Session, standing: AwardStanding) -> set[UUID]:
    """Whom the decision concerns: the bidders for its lots."""
    lots = lot_queries.awarded_lots(session, standing.award_id)
    return lot_queries.bidders_for(session, standing.rfq_id, lots)


def _texts(ids: Collection[UUID]) -> list[str]:
    return sorted(str(each) for each in ids)


def _note(
    session: Session, actor: Actor, rfq: Rfq, deed: str, award_id: UUID, **data: object
) -> None:
    audit.record(
        session,
        actor,
        f"rfq.{deed}",
        ("rfq", rfq.id),
        {"award_id": str(award_id), **data},
        owner_id=rfq.buyer_id,
    )
