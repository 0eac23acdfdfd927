"""What happens after an award: letters go out, and the clock makes it final."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.ids import uuid7
from marketplace.documents import service as documents
from marketplace.events.remedies import CaseContinued, CaseOpened, LettersWritten
from marketplace.events.rfq import AwardDecided
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind
from marketplace.remedies import case_queries, letters, notices, pdf, queries
from marketplace.remedies.letters import Decision
from marketplace.remedies.models import AwardCase, AwardLetter
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import standings
from marketplace.rfq.awards.models import Award, AwardStanding
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.terms import deadlines

BATCH = 20


def conclude_due(session: Session, actor: Actor) -> int:
    """Make awards final whose standstill has ended; returns how many."""
    due = session.execute(
        select(AwardStanding, Rfq)
        .join(Rfq, Rfq.id == AwardStanding.rfq_id)
        .where(
            AwardStanding.state == AwardState.STANDSTILL,
            AwardStanding.standstill_until < clock.now() - standings.DRAIN,
            ~select(AwardCase.id)
            .where(AwardCase.award_id == AwardStanding.award_id, case_queries.is_open_challenge())
            .exists(),
        )
        .order_by(AwardStanding.standstill_until, AwardStanding.award_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True),
        execution_options={"populate_existing": True},
    ).all()
    # asked again under the locks: a challenge may have been filed meanwhile
    challenged = {
        case.award_id
        for case in case_queries.open_challenges(
            session, [row.AwardStanding.award_id for row in due]
        )
    }
    free = [(standing, rfq) for standing, rfq in due if standing.award_id not in challenged]
    for standing, rfq in free:
        standings.conclude(session, actor, rfq, standing)
    return len(free)


def remind_of_overdue(session: Session, _actor: Actor) -> int:
    """Tell buyers once of each step of a case whose time has passed; returns how many."""
    now = clock.now()
    late = session.execute(
        select(AwardCase, Rfq)
        .join(Rfq, Rfq.id == AwardCase.rfq_id)
        .where(AwardCase.due_at < now, AwardCase.reminded_at.is_(None))
        .order_by(AwardCase.due_at, AwardCase.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True, of=AwardCase)
    ).all()
    for case, rfq in late:
        case.reminded_at = now
        notices.tell_overdue(session, case, rfq)
    session.flush()
    return len(late)


def tell_opened(session: Session, event: CaseOpened) -> None:
    """The buyer learns of a debrief or a challenge."""
    case = case_queries.get(session, SYSTEM, event.case_id)
    notices.tell_opened(session, case, session.get_one(Rfq, event.rfq_id))


def tell_continued(session: Session, event: CaseContinued) -> None:
    """The other party learns what was said or decided."""
    case = case_queries.get(session, SYSTEM, event.case_id)
    entry = next(entry for entry in case.entries if entry.id == event.entry_id)
    notices.tell_continued(session, case, entry, session.get_one(Rfq, event.rfq_id))


def write_letters(session: Session, event: AwardDecided) -> None:
    """One letter to each bidder. A repeat finds them there.

    None is written about a decision that has been withdrawn before.
    """
    decided = queries.award(session, event.award_id)
    withdrawn = decided.standing.state is AwardState.WITHDRAWN
    if withdrawn or queries.has_letters(session, decided.id):
        return
    rfq = session.get_one(Rfq, event.rfq_id)
    bidders = sorted({*event.winner_ids, *event.loser_ids})
    parties = identity_queries.organisations(session, [rfq.buyer_id, *bidders])
    usual = rfq_queries.settings(session, rfq.buyer_id)
    decision = _decision(session, decided, parties.values())
    for bidder in bidders:
        letter = _letter(rfq, decided, decision, bidder, usual.debrief_days)
        letter.document_id = _filed(session, letter, rfq, parties)
        session.add(letter)
    audit.record(
        session,
        SYSTEM,
        "rfq.letters_written",
        ("rfq", rfq.id),
        {"award_id": str(decided.id), "letters": len(bidders)},
        owner_id=rfq.buyer_id,
    )
    outbox.record(
        session,
        LettersWritten(
            award_id=decided.id, rfq_id=rfq.id, buyer_id=rfq.buyer_id, written_at=clock.now()
        ),
        audience=[rfq.buyer_id],
    )


def tell_bidders(session: Session, event: LettersWritten) -> None:
    """Each bidder hears of their own letter."""
    rfq = session.get_one(Rfq, event.rfq_id)
    buyer = identity_queries.organisation(session, rfq.buyer_id)
    for letter in queries.letters_about(session, event.award_id):
        notices.tell_letter(session, letter, rfq, buyer)


def _decision(session: Session, decided: Award, parties: Iterable[Organisation]) -> Decision:
    return Decision(
        terms=bid_queries.terms(session, decided.rfq_id),
        evidence=decided.evidence,
        lines=decided.lines,
        bid_for=queries.lots_bid_for(session, decided.rfq_id),
        names={party.id: party.name for party in parties},
        reasons=decided.reasons,
        dispute_clause=decided.standing.dispute_clause,
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
