"""What bidders and buyers are told after an award."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _, label, reading_in
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Role
from marketplace.identity.queries import organisations
from marketplace.notifications.kinds import register_kind
from marketplace.notifications.posting import notify
from marketplace.remedies.models import AwardCase, AwardLetter, CaseEntry
from marketplace.remedies.states import CaseAction, CaseKind, LetterKind
from marketplace.rfq.asking.models import Rfq

register_kind(
    "bid_chosen",
    title=_("Chosen for the award: %(title)s"),
    body=_(
        "%(buyer)s means to award lines of %(number)s to you. The decision becomes final after the"
        " standstill, not before %(until)s; please do not deliver yet."
    ),
    button=_("Read the letter"),
)
register_kind(
    "bid_not_chosen",
    title=_("Not chosen: %(title)s"),
    body=_(
        "%(buyer)s has decided on %(number)s and chosen another bid. You can challenge the decision"
        " until %(until)s."
    ),
    button=_("Read the letter"),
)
register_kind(
    "bid_lost",
    title=_("Not awarded to you: %(title)s"),
    body=_(
        "%(buyer)s has decided on %(number)s and chosen another bid. The letter tells you how yours"
        " was judged, and until when you can ask for a debrief."
    ),
    button=_("Read the letter"),
)
register_kind(
    "debrief_asked",
    title=_("A bidder asks for a debrief: %(title)s"),
    body=_("%(supplier)s asks about your decision on %(number)s. Please answer until %(due_at)s."),
    button=_("Answer the questions"),
)
register_kind(
    "debrief_answered",
    title=_("Your debrief: %(title)s"),
    body=_("%(buyer)s has answered your questions about the decision on %(number)s."),
    button=_("Read the answer"),
)
register_kind(
    "challenge_filed",
    title=_("Award challenged: %(title)s"),
    body=_(
        "%(supplier)s challenges the decision on %(number)s. The award waits until this is settled."
        " Somebody who did not take the decision rules on admission until %(due_at)s."
    ),
    button=_("Read the challenge"),
)
register_kind(
    "challenge_decided",
    title=_("On your challenge: %(title)s"),
    body=_("%(buyer)s has ruled on your challenge about %(number)s: %(outcome)s."),
    button=_("Read the ruling"),
)
register_kind(
    "challenge_withdrawn",
    title=_("Challenge withdrawn: %(title)s"),
    body=_("%(supplier)s has withdrawn its challenge about %(number)s."),
    button=_("Show the case"),
)
register_kind(
    "case_continued",
    title=_("News in a case: %(title)s"),
    body=_("There is something new in the case about the decision on %(number)s."),
    button=_("Show the case"),
)
register_kind(
    "case_overdue",
    title=_("Overdue: %(title)s"),
    body=_(
        "A step in the case of %(supplier)s about %(number)s was due at %(due_at)s and is not done."
    ),
    button=_("Show the case"),
)

_IN_STANDSTILL: Mapping[LetterKind, str] = {
    LetterKind.WON: "bid_chosen",
    LetterKind.PARTLY_WON: "bid_chosen",
    LetterKind.LOST: "bid_not_chosen",
}


def tell_letter(session: Session, letter: AwardLetter, rfq: Rfq, buyer: Organisation) -> None:
    """The bidder has a letter. Who won for good is told with the award itself."""
    is_final = letter.challenge_until is None
    if is_final and letter.kind is not LetterKind.LOST:
        return
    excluded = [ruling["reason"] for ruling in letter.content["excluded"]]
    lost = "bid_lost" if is_final else _IN_STANDSTILL[letter.kind]
    notify(
        session,
        org_id=letter.supplier_id,
        roles=[Role.SUPPLIER],
        kind="bid_excluded" if excluded and letter.kind is LetterKind.LOST else lost,
        url=f"/rfqs/{rfq.id}/outcome",
        params={
            **rfq.named,
            "buyer": buyer.name,
            "until": letter.challenge_until,
            "reason": " ".join(excluded),
        },
        occurred_at=letter.decided_at,
        dedupe_key=f"award_letter:{letter.award_id}:{letter.supplier_id}",
    )


def tell_opened(session: Session, case: AwardCase, rfq: Rfq) -> None:
    """The buyer's people who answer or decide."""
    kind = "challenge_filed" if case.kind is CaseKind.CHALLENGE else "debrief_asked"
    _tell_buyer(session, case, rfq, kind, str(case.id))


def tell_continued(session: Session, case: AwardCase, entry: CaseEntry, rfq: Rfq) -> None:
    """Whoever did not do it."""
    key = str(entry.id)
    if entry.org_id == case.supplier_id:
        _tell_buyer(session, case, rfq, _TO_BUYER.get(entry.action, "case_continued"), key)
        return
    kind = _TO_SUPPLIER.get(entry.action, "case_continued")
    _tell(session, case, rfq, case.supplier_id, [Role.SUPPLIER], kind, key)


def tell_overdue(session: Session, case: AwardCase, rfq: Rfq) -> None:
    """The buyer has let a step's time pass."""
    due = case.due_at.isoformat() if case.due_at else ""
    _tell_buyer(session, case, rfq, "case_overdue", f"{case.id}:{due}")


_TO_BUYER: Mapping[CaseAction, str] = {
    CaseAction.ASK: "debrief_asked",
    CaseAction.WITHDRAW: "challenge_withdrawn",
}
_TO_SUPPLIER: Mapping[CaseAction, str] = {
    CaseAction.ANSWER: "debrief_answered",
    CaseAction.ADMIT: "challenge_decided",
    CaseAction.DISMISS: "challenge_decided",
    CaseAction.UPHOLD: "challenge_decided",
    CaseAction.REJECT: "challenge_decided",
    CaseAction.VOID: "challenge_decided",
}


def _tell_buyer(session: Session, case: AwardCase, rfq: Rfq, kind: str, key: str) -> None:
    roles = [Role.BUYER, Role.APPROVER] if case.kind is CaseKind.CHALLENGE else [Role.BUYER]
    _tell(session, case, rfq, case.buyer_id, roles, kind, key)


def _tell(
    session: Session,
    case: AwardCase,
    rfq: Rfq,
    org_id: UUID,
    roles: Iterable[Role],
    kind: str,
    key: str,
) -> None:
    parties = organisations(session, [case.buyer_id, case.supplier_id])
    reader = parties[org_id]
    with reading_in(reader.locale):
        outcome = label(case.state)
    notify(
        session,
        org_id=org_id,
        roles=roles,
        kind=kind,
        url=f"/cases/{case.id}",
        params={
            **rfq.named,
            "buyer": parties[case.buyer_id].name,
            "supplier": parties[case.supplier_id].name,
            "due_at": case.due_at,
            "outcome": outcome,
        },
        dedupe_key=f"{kind}:{key}",
    )
