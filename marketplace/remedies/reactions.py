"""What happens after an award: letters go out, and the clock makes it final."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.ids import uuid7
from marketplace.documents import service as documents
from marketplace.events.rfq import AwardDecided
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind
from marketplace.remedies import letters, notices, pdf, queries
from marketplace.remedies.letters import Decision
from marketplace.remedies.models import AwardLetter
from marketplace.rfq import bid_queries, deadlines, standings
from marketplace.rfq import queries as rfq_queries
from marketplace.rfq.award_models import AwardStanding, SourcingSettings
from marketplace.rfq.award_states import AwardState
from marketplace.rfq.bid_models import Award
from marketplace.rfq.models import Rfq

BATCH = 20


def conclude_due(session: Session, actor: Actor) -> int:
    """Make awards final whose standstill has ended; returns how many."""
    due = session.execute(
        select(AwardStanding, Rfq)
        .join(Rfq, Rfq.id == AwardStanding.rfq_id)
        .where(
            AwardStanding.state == AwardState.STANDSTILL,
            AwardStanding.standstill_until < clock.now() - standings.DRAIN,
        )
        .order_by(AwardStanding.standstill_until, AwardStanding.award_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    ).all()
    for standing, rfq in due:
        standings.conclude(session, actor, rfq, standing)
    return len(due)


def send_letters(session: Session, event: AwardDecided) -> None:
    """One letter to each bidder, and a notice of it. A repeat finds them there.

    None is sent about a decision that has been withdrawn before.
    """
    decided = queries.award(session, event.award_id)
    withdrawn = decided.standing.state is AwardState.WITHDRAWN
    if withdrawn or queries.has_letters(session, decided.id):
        return
    rfq = session.get_one(Rfq, event.rfq_id)
    bidders = sorted({*event.winner_ids, *event.loser_ids})
    parties = identity_queries.organisations(session, [rfq.buyer_id, *bidders])
    usual = rfq_queries.settings(session, rfq.buyer_id)
    decision = _decision(session, decided, parties.values(), usual)
    for bidder in bidders:
        letter = _letter(rfq, decided, decision, bidder, usual.debrief_days)
        letter.document_id = _filed(session, letter, rfq, parties)
        session.add(letter)
        notices.tell_letter(session, letter, rfq, parties[rfq.buyer_id])
    audit.record(
        session,
        SYSTEM,
        "rfq.letters_sent",
        ("rfq", rfq.id),
        {"award_id": str(decided.id), "letters": len(bidders)},
        owner_id=rfq.buyer_id,
    )


def _decision(
    session: Session, decided: Award, parties: Iterable[Organisation], usual: SourcingSettings
) -> Decision:
    return Decision(
        terms=bid_queries.terms(session, decided.rfq_id),
        evidence=decided.evidence,
        lines=decided.lines,
        bid_for=queries.lots_bid_for(session, decided.rfq_id),
        names={party.id: party.name for party in parties},
        reasons=decided.reasons,
        dispute_clause=usual.dispute_clause,
    )


def _letter(
    rfq: Rfq, decided: Award, decision: Decision, supplier_id: UUID, debrief_days: int
) -> AwardLetter:
    content = letters.content_for(decision, supplier_id)
    zone = deadlines.zone_of(rfq.time_zone)
    until = decided.standing.standstill_until
    return AwardLetter(
        id=uuid7(),
        award_id=decided.id,
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        supplier_id=supplier_id,
        kind=letters.kind_of(content),
        decided_at=decided.decided_at,
        challenge_until=until if until and until > decided.decided_at else None,
        debrief_until=deadlines.end_of_day(decided.decided_at, debrief_days, zone),
        content=content,
    )


def _filed(
    session: Session, letter: AwardLetter, rfq: Rfq, parties: dict[UUID, Organisation]
) -> UUID:
    """Keep the letter as a document of the buyer that its bidder may read."""
    clerk = replace(SYSTEM, org_id=rfq.buyer_id, org_kind=OrgKind.BUYER)
    buyer, supplier = parties[rfq.buyer_id], parties[letter.supplier_id]
    document = documents.store(
        session,
        clerk,
        pdf.filename(rfq, supplier),
        "application/pdf",
        pdf.render(letter, rfq, buyer, supplier),
    )
    documents.grant(session, clerk, [document.id], [letter.supplier_id])
    return document.id
