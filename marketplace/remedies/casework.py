"""What every step of a case has in common: the entry, its documents, history and announcement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.ids import uuid7
from marketplace.documents import queries as document_queries
from marketplace.documents import service as documents
from marketplace.events.remedies import CaseContinued, CaseOpened
from marketplace.identity.permissions import Actor
from marketplace.identity.queries import organisations
from marketplace.remedies import case_queries, case_rules, queries
from marketplace.remedies.models import AwardCase, CaseEntry
from marketplace.remedies.states import CASE_FLOW, CaseAction, CaseKind, CaseState, CaseStep
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.awards.rules import check_names_no_loser

SUBJECT = "award_case"


@dataclass(frozen=True, slots=True)
class Words:
    """What a party says: text, and own documents that the other party may read from then on."""

    body: str
    document_ids: Sequence[UUID] = ()


def begin(
    session: Session,
    actor: Actor,
    rfq: Rfq,
    standing: AwardStanding,
    kind: CaseKind,
    words: Words,
    at: datetime,
) -> AwardCase:
    """A new case of the actor's organisation, with its first entry."""
    is_challenge = kind is CaseKind.CHALLENGE
    step = CaseStep.ADMISSION if is_challenge else None
    case = AwardCase(
        id=uuid7(),
        award_id=standing.award_id,
        rfq_id=rfq.id,
        buyer_id=rfq.buyer_id,
        supplier_id=actor.organisation_id,
        kind=kind,
        state=CaseState.FILED if is_challenge else CaseState.ASKED,
        step=step,
        opened_at=at,
        due_at=case_rules.due_at(kind, step, at, rfq.time_zone),
    )
    session.add(case)
    session.flush()
    action = CaseAction.FILE if is_challenge else CaseAction.ASK
    enter(session, actor, case, action, words, at)
    outbox.record(
        session,
        CaseOpened(
            case_id=case.id,
            rfq_id=case.rfq_id,
            award_id=case.award_id,
            buyer_id=case.buyer_id,
            supplier_id=case.supplier_id,
            kind=str(kind),
            opened_at=at,
        ),
        audience=[case.buyer_id, case.supplier_id],
    )
    session.flush()
    return case


def go_on(
    session: Session,
    actor: Actor,
    rfq: Rfq,
    case: AwardCase,
    action: CaseAction,
    words: Words,
    *,
    step: CaseStep | None = None,
) -> AwardCase:
    """The next state with its clock and entry. step: where the action leads to another one."""
    now = clock.now()
    case.state = CASE_FLOW.next(case.state, action)
    if case.state in (CaseState.ASKED, CaseState.ADMITTED) and action is not CaseAction.REPLY:
        case.step = step
        case.due_at = case_rules.due_at(case.kind, step, now, rfq.time_zone)
        case.reminded_at = None
    elif case.state not in (CaseState.FILED, CaseState.ADMITTED):
        case.due_at = None
        case.closed_at = None if case.state is CaseState.ANSWERED else now
    entry = enter(session, actor, case, action, words, now)
    outbox.record(
        session,
        CaseContinued(
            case_id=case.id,
            entry_id=entry.id,
            rfq_id=case.rfq_id,
            award_id=case.award_id,
            buyer_id=case.buyer_id,
            supplier_id=case.supplier_id,
            action=str(action),
            continued_at=now,
        ),
        audience=[case.buyer_id, case.supplier_id],
    )
    session.flush()
    return case


def with_body(words: Words) -> Words:
    """The words without blanks around them, or BodyRequired."""
    return Words(case_rules.checked_body(words.body), words.document_ids)


def check_discreet(session: Session, case: AwardCase, words: Words) -> None:
    """Raise NamesALoser when the buyer tells one bidder about another who did not win."""
    others = set(queries.losers(session, case.award_id)) - {case.supplier_id}
    names = [each.name for each in organisations(session, others).values()]
    check_names_no_loser(words.body, names, "/body")


def void_challenges(
    session: Session, actor: Actor, rfq: Rfq, award_id: UUID, *, upheld: UUID | None = None
) -> None:
    """The decision is withdrawn: what was said against it has lost its object."""
    for case in case_queries.open_challenges(session, [award_id]):
        if case.id != upheld:
            go_on(session, actor, rfq, case, CaseAction.VOID, Words(""))


def enter(
    session: Session,
    actor: Actor,
    case: AwardCase,
    action: CaseAction,
    words: Words,
    at: datetime,
) -> CaseEntry:
    """Put an entry into the file; its documents are opened to the other party."""
    papers = list(dict.fromkeys(words.document_ids))
    if papers:
        document_queries.own(session, actor, papers)
        other = case.supplier_id if actor.org_id == case.buyer_id else case.buyer_id
        documents.grant(session, actor, papers, [other])
    entry = CaseEntry(
        id=uuid7(),
        case_id=case.id,
        buyer_id=case.buyer_id,
        supplier_id=case.supplier_id,
        action=action,
        org_id=actor.org_id,
        person_id=actor.person_id,
        step=case.step,
        body=words.body,
        document_ids=papers,
        at=at,
    )
    session.add(entry)
    audit.record(
        session,
        actor,
        f"award_case.{_DEEDS[action]}",
        (SUBJECT, case.id),
        {"kind": str(case.kind), "rfq_id": str(case.rfq_id), "award_id": str(case.award_id)},
        owner_id=case.buyer_id,
    )
    return entry


_DEEDS = {
    CaseAction.ASK: "debrief_asked",
    CaseAction.ANSWER: "debrief_answered",
    CaseAction.FILE: "challenge_filed",
    CaseAction.REPLY: "replied",
    CaseAction.ADMIT: "challenge_admitted",
    CaseAction.DISMISS: "challenge_dismissed",
    CaseAction.ESCALATE: "escalated",
    CaseAction.UPHOLD: "challenge_upheld",
    CaseAction.REJECT: "challenge_rejected",
    CaseAction.WITHDRAW: "challenge_withdrawn",
    CaseAction.VOID: "challenge_voided",
}
