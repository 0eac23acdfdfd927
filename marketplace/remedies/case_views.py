"""Cases as one of their parties reads them."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.text import Text, _
from marketplace.documents import queries as document_queries
from marketplace.documents.models import Document
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.identity.queries import organisations
from marketplace.remedies import case_queries, case_rules, queries
from marketplace.remedies.models import AwardCase, AwardLetter, CaseEntry
from marketplace.remedies.states import CaseAction, CaseKind, LetterKind
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.models import AwardStanding
from marketplace.rfq.awards.states import AwardState
from marketplace.web.shown import Shown

# What each action is called where it is chosen, with what it leads to
CHOICES: Mapping[CaseAction, Text] = {
    CaseAction.ANSWER: _("Answer the questions"),
    CaseAction.ASK: _("Ask again"),
    CaseAction.REPLY: _("Add a statement"),
    CaseAction.ADMIT: _("Admit the challenge: talks begin"),
    CaseAction.DISMISS: _("Rule it inadmissible: the challenge ends"),
    CaseAction.ESCALATE: _("Go on to the next step"),
    CaseAction.UPHOLD: _(
        "Uphold it: the decision is withdrawn, and the bids are in evaluation again"
    ),
    CaseAction.REJECT: _("Reject it: the challenge ends, and the award may become final"),
    CaseAction.WITHDRAW: _("Withdraw the challenge: it ends"),
}


def read(session: Session, actor: Actor, case_id: UUID) -> Shown:
    """One case of the actor's."""
    (found,) = shown(session, actor, [case_queries.get(session, actor, case_id)])
    return found


def shown(session: Session, actor: Actor, cases: Sequence[AwardCase]) -> list[Shown]:
    """Cases of one RFQ, with what the reader may do in each now."""
    if not cases:
        return []
    rfq_id, award_ids = cases[0].rfq_id, {case.award_id for case in cases}
    standings = {each.award_id: each for each in award_queries.standings(session, rfq_id)}
    names = organisations(session, {case.supplier_id for case in cases})
    papers = document_queries.by_ids(
        session,
        actor,
        (each for case in cases for entry in case.entries for each in entry.document_ids),
    )
    deciders = case_queries.deciders(session, award_ids)
    own = {each.award_id: each for each in queries.letters(session, actor, rfq_id)}
    return [
        _case(
            case,
            actor,
            standings[case.award_id],
            papers,
            deciders.get(case.award_id),
            own.get(case.award_id),
            supplier_name=names[case.supplier_id].name,
        )
        for case in cases
    ]


def offers(
    actor: Actor,
    standing: AwardStanding,
    letter: AwardLetter | None,
    cases: Sequence[AwardCase],
) -> list[CaseKind]:
    """What kinds of case this supplier could open about this award now."""
    if actor.org_kind is not OrgKind.SUPPLIER or not actor.may(Permission.BID_SUBMIT):
        return []
    now = clock.now()
    live = {
        case.kind for case in cases if case.award_id == standing.award_id and not case.closed_at
    }
    lost = letter is not None and letter.kind is not LetterKind.WON
    possible = {
        CaseKind.DEBRIEF: lost
        and letter is not None
        and now <= letter.debrief_until
        and standing.state is not AwardState.WITHDRAWN,
        CaseKind.CHALLENGE: standing.state is AwardState.STANDSTILL and not standing.is_over(now),
    }
    return [kind for kind, is_possible in possible.items() if is_possible and kind not in live]


def _case(
    case: AwardCase,
    actor: Actor,
    standing: AwardStanding,
    papers: Mapping[UUID, Document],
    decided_by: UUID | None,
    letter: AwardLetter | None,
    **more: object,
) -> Shown:
    now = clock.now()
    may_ask = letter is not None and now <= letter.debrief_until
    return Shown(
        case,
        case_rules.actions_for(
            case, actor, standing.dispute_clause, decided_by=decided_by, may_ask=may_ask
        ),
        is_overdue=case.due_at is not None and case.due_at < now,
        dispute_clause=standing.dispute_clause,
        entries=[_entry(entry, case, papers) for entry in case.entries],
        **more,
    )


def _entry(entry: CaseEntry, case: AwardCase, papers: Mapping[UUID, Document]) -> Shown:
    return Shown(
        entry,
        (),
        party="supplier" if entry.org_id == case.supplier_id else "buyer",
        documents=[papers[each] for each in entry.document_ids if each in papers],
    )
