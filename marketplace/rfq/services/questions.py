"""Questions of bidders and their answers, which all bidders read alike."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import NotAllowed
from marketplace.core.ids import uuid7
from marketplace.core.text import _
from marketplace.events.rfq import QuestionAnswered, QuestionAsked
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires
from marketplace.rfq.asking import queries, rules
from marketplace.rfq.asking.participants import RfqQuestion, RfqQuestionAsker


@requires(Permission.QUESTION_ASK)
def ask(session: Session, actor: Actor, rfq_id: UUID, body: str) -> RfqQuestion:
    """Ask the buyer. Nobody is told who asked, the buyer neither."""
    rfq = queries.get(session, actor, rfq_id)
    if actor.org_kind is not OrgKind.SUPPLIER:
        raise NotAllowed(_("Only suppliers ask about an event."))
    now = clock.now()
    rules.check_takes_questions(rfq, now)
    question = RfqQuestion(
        id=uuid7(), rfq_id=rfq.id, buyer_id=rfq.buyer_id, body=body, asked_at=now
    )
    session.add(question)
    session.flush()
    session.add(RfqQuestionAsker(question_id=question.id, supplier_id=actor.organisation_id))
    outbox.record(
        session,
        QuestionAsked(question_id=question.id, rfq_id=rfq.id, buyer_id=rfq.buyer_id),
        audience=[rfq.buyer_id],
    )
    # A chain of its own: the history of the RFQ would tell its buyer who asked.
    audit.record(session, actor, "question.asked", ("rfq_question", question.id))
    return question


@requires(Permission.RFQ_ANSWER)
def answer(
    session: Session, actor: Actor, rfq_id: UUID, question_id: UUID, words: str
) -> RfqQuestion:
    """Answer before the deadline, to all bidders at once. An answer is not taken back."""
    rfq = queries.get_own(session, actor, rfq_id, lock=True)
    now = clock.now()
    rfq.flow.next(rfq.state_at(now), "answer")
    question = queries.question(session, rfq_id, question_id, lock=True)
    rules.check_unanswered(question)
    question.answer = words
    question.answered_at = now
    question.answered_by = actor.person_id
    supplier_ids = queries.invited_ids(session, rfq.id)
    outbox.record(
        session,
        QuestionAnswered(
            question_id=question.id,
            rfq_id=rfq.id,
            buyer_id=rfq.buyer_id,
            supplier_ids=supplier_ids,
        ),
        audience=[rfq.buyer_id, *supplier_ids],
    )
    audit.record(
        session,
        actor,
        "rfq.question.answered",
        ("rfq", rfq.id),
        {"question_id": str(question.id)},
    )
    return question
