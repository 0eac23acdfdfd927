"""Challenges: a bidder says that a decision is wrong, and the award waits until it is settled."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotAllowed
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.remedies import case_queries, case_rules, casework
from marketplace.remedies.casework import Words
from marketplace.remedies.models import AwardCase
from marketplace.remedies.states import CASE_FLOW, CaseAction, CaseKind, CaseStep
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards import standings


@requires(Permission.BID_SUBMIT)
def file(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    award_id: UUID,
    words: Words,
    arrived_at: datetime,
) -> AwardCase:
    """Challenge a decision during its standstill, with grounds.

    Open to everybody who may see the RFQ as a supplier. arrived_at: when the request was here; it
    alone decides about lateness. Raises NoStandstill, StandstillOver or CaseIsOpen.
    """
    rfq = rfq_queries.get(session, actor, rfq_id)
    if actor.org_kind is not OrgKind.SUPPLIER:
        raise NotAllowed(_("Only suppliers challenge an award."))
    # held in share, so that the award cannot become final meanwhile
    session.execute(select(Rfq.id).where(Rfq.id == rfq_id).with_for_update(read=True))
    standing = award_queries.standing(session, rfq_id, award_id)
    case_rules.check_challengeable(standing, arrived_at)
    words = casework.with_body(words)
    known = case_queries.live(session, award_id, actor.organisation_id, CaseKind.CHALLENGE)
    if known is not None:
        raise case_rules.CaseIsOpen(
            _("You have challenged this decision already; add to that challenge."),
            case_id=str(known.id),
        )
    return casework.begin(session, actor, rfq, standing, CaseKind.CHALLENGE, words, arrived_at)


@requires(Permission.CHALLENGE_DECIDE)
def admit(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Take the challenge up. By another person than the one who took the decision."""
    rfq, case = _deciding(session, actor, case_id, CaseAction.ADMIT)
    words = _told(session, case, words)
    return casework.go_on(session, actor, rfq, case, CaseAction.ADMIT, words, step=CaseStep.TALK)


@requires(Permission.CHALLENGE_DECIDE)
def dismiss(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Rule that the challenge is inadmissible, with reasons."""
    rfq, case = _deciding(session, actor, case_id, CaseAction.DISMISS)
    return casework.go_on(
        session, actor, rfq, case, CaseAction.DISMISS, _told(session, case, words), step=case.step
    )


@requires(Permission.CHALLENGE_DECIDE)
def reject(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Decide that the award was right, with reasons."""
    rfq, case = _deciding(session, actor, case_id, CaseAction.REJECT)
    return casework.go_on(
        session, actor, rfq, case, CaseAction.REJECT, _told(session, case, words), step=case.step
    )


@requires(Permission.CHALLENGE_DECIDE)
def uphold(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Decide that the award was wrong: it is withdrawn, and the RFQ is in evaluation again."""
    rfq, case = _deciding(session, actor, case_id, CaseAction.UPHOLD)
    words = _told(session, case, words)
    standing = award_queries.standing(session, rfq.id, case.award_id, lock=True)
    casework.go_on(session, actor, rfq, case, CaseAction.UPHOLD, words, step=case.step)
    casework.void_challenges(session, actor, rfq, case.award_id, upheld=case.id)
    reason = str(_("A challenge against the decision was upheld."))
    standings.take_back(session, actor, rfq, standing, reason)
    return case


@requires(Permission.BID_SUBMIT)
def withdraw(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """The supplier gives its challenge up."""
    case = case_queries.get(session, actor, case_id, lock=True)
    rfq = rfq_queries.get(session, actor, case.rfq_id)
    return casework.go_on(session, actor, rfq, case, CaseAction.WITHDRAW, words, step=case.step)


@requires(Permission.BID_READ)
def reply(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """A statement of either party while the challenge is open."""
    case = case_queries.get(session, actor, case_id, lock=True)
    case_rules.check_party(case, actor, CaseAction.REPLY)
    rfq = rfq_queries.get(session, actor, case.rfq_id)
    words = _told(session, case, words) if actor.org_id == case.buyer_id else words
    words = casework.with_body(words)
    return casework.go_on(session, actor, rfq, case, CaseAction.REPLY, words)


@requires(Permission.BID_READ)
def escalate(session: Session, actor: Actor, case_id: UUID, words: Words) -> AwardCase:
    """Either party takes the challenge to its next step. Raises NoFurtherStep."""
    case = case_queries.get(session, actor, case_id, lock=True)
    case_rules.check_party(case, actor, CaseAction.ESCALATE)
    CASE_FLOW.next(case.state, CaseAction.ESCALATE)
    rfq = rfq_queries.get(session, actor, case.rfq_id)
    standing = award_queries.standing(session, case.rfq_id, case.award_id)
    step = case_rules.next_step(case.step, standing.dispute_clause)
    if step is None:
        raise case_rules.NoFurtherStep(
            _("There is no further step: mediation and arbitration are not agreed, or used up.")
        )
    words = _told(session, case, words) if actor.org_id == case.buyer_id else words
    words = casework.with_body(words)
    return casework.go_on(session, actor, rfq, case, CaseAction.ESCALATE, words, step=step)


def _deciding(
    session: Session, actor: Actor, case_id: UUID, action: CaseAction
) -> tuple[Rfq, AwardCase]:
    """The challenge that this person may decide, with its RFQ; both are locked."""
    rfq_id = case_queries.get(session, actor, case_id).rfq_id
    rfq = rfq_queries.get_own(session, actor, rfq_id, lock=True)
    case = case_queries.get(session, actor, case_id, lock=True)
    CASE_FLOW.next(case.state, action)
    decided_by = case_queries.deciders(session, [case.award_id])[case.award_id]
    case_rules.check_four_eyes(actor, decided_by)
    return rfq, case


def _told(session: Session, case: AwardCase, words: Words) -> Words:
    """What the buyer says to the challenger: something, and nothing about other losers."""
    words = casework.with_body(words)
    casework.check_discreet(session, case, words)
    return words
