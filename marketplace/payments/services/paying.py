"""Asking for money and taking the request back."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, numbering, outbox
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.events.payments import PaymentRequested
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.payments import calls, queries, rules
from marketplace.payments.models import Payment, PaymentIssue
from marketplace.payments.rules import PaymentInProcess, Subject
from marketplace.payments.states import PAYMENT_FLOW, IssueCode, PaymentState


@requires(Permission.PAYMENT_MAKE)
def request(session: Session, actor: Actor, subject: Subject, amount: Money) -> Payment:
    """Have a page opened on which this amount can be paid; the caller holds the subject's lock.

    Asked again for the same amount, the open payment is the answer: two clicks and two buyers
    get one page. An open payment of another amount is replaced, and its page closed first.
    """
    rules.check_due(amount)
    live = queries.find_live(session, subject.kind, subject.id, lock=True)
    if live is not None:
        if live.state is PaymentState.PROCESSING:
            raise PaymentInProcess(
                _("A payment is already in process at the bank. Wait for its outcome."),
                payment_id=str(live.id),
            )
        if rules.same_request(live, amount):
            return live
        _cancel(session, actor, live)
        session.flush()
    payment = _new_payment(session, actor, subject, amount)
    calls.ask_for_page(session, payment)
    audit.record(
        session,
        actor,
        "payment.requested",
        ("payment", payment.id),
        {"amount": str(amount.amount), "currency": amount.currency, "subject": str(subject.id)},
        owner_id=payment.buyer_id,
    )
    outbox.record(
        session,
        PaymentRequested(
            payment_id=payment.id,
            subject_kind=subject.kind,
            subject_id=subject.id,
            buyer_id=payment.buyer_id,
            amount=amount.amount,
            currency=amount.currency,
        ),
        audience=[payment.buyer_id],
    )
    return payment


@requires(Permission.PAYMENT_MAKE)
def cancel(session: Session, actor: Actor, payment_id: UUID) -> Payment:
    """Take the request back; money that was on its way all the same is still booked."""
    payment = queries.get(session, actor, payment_id, lock=True)
    _cancel(session, actor, payment)
    calls.enqueue(session, "close_checkout", {"payment_id": str(payment.id)})
    return payment


@requires(Permission.PAYMENT_MAKE)
def cancel_open(session: Session, actor: Actor, kind: str, subject_id: UUID) -> Payment | None:
    """Close the page of this document, if there is one: what is due has changed."""
    live = queries.find_live(session, kind, subject_id, lock=True)
    if live is None or not PAYMENT_FLOW.may(live.state, "cancel"):
        return None
    return cancel(session, actor, live.id)


@requires(Permission.PAYMENT_READ)
def check_again(session: Session, actor: Actor, payment_id: UUID) -> Payment:
    """Ask the provider now, because somebody came back from its page."""
    payment = queries.get(session, actor, payment_id)
    minute = clock.now().strftime("%Y%m%d%H%M")
    calls.enqueue(
        session,
        "look_up",
        {"payment_id": str(payment.id)},
        dedupe_key=f"look-up:{payment.id}:{minute}",
    )
    return payment


@requires(Permission.PAYMENT_MAKE)
def raise_issue(
    session: Session, actor: Actor, payment: Payment, code: IssueCode, received: Money
) -> PaymentIssue:
    """Have finance look at a difference; the same difference is raised once."""
    issue = session.scalar(
        select(PaymentIssue).where(PaymentIssue.payment_id == payment.id, PaymentIssue.code == code)
    )
    if issue is None:
        issue = PaymentIssue(
            payment_id=payment.id,
            buyer_id=payment.buyer_id,
            code=code,
            expected=payment.amount,
            received=received.amount,
            currency=received.currency,
        )
        session.add(issue)
        audit.record(
            session,
            actor,
            "payment.issue_raised",
            ("payment", payment.id),
            {"code": str(code), "received": str(received.amount)},
            owner_id=payment.buyer_id,
        )
    return issue


@requires(Permission.PAYMENT_MAKE)
def resolve_issue(session: Session, actor: Actor, issue_id: UUID, note: str) -> PaymentIssue:
    """Finance looked at it; the note says what was done."""
    issue = queries.get_issue(session, actor, issue_id, lock=True)
    if issue.resolved_at is None:
        issue.resolved_at = clock.now()
        issue.resolved_by = actor.person_id
        issue.note = note
        audit.record(
            session,
            actor,
            "payment.issue_resolved",
            ("payment", issue.payment_id),
            {"code": str(issue.code), "note": note},
        )
    return issue


def _new_payment(session: Session, actor: Actor, subject: Subject, amount: Money) -> Payment:
    attempts = select(func.coalesce(func.max(Payment.attempt), 0)).where(
        Payment.subject_kind == subject.kind, Payment.subject_id == subject.id
    )
    payment = Payment(
        number=numbering.next_number(session, subject.buyer_id, "PAY"),
        buyer_id=subject.buyer_id,
        supplier_id=subject.supplier_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        reference=subject.reference,
        amount=amount.amount,
        currency=amount.currency,
        attempt=session.execute(attempts).scalar_one() + 1,
        failures=0,
        requested_by=actor.person_id,
        created_at=clock.now(),
    )
    session.add(payment)
    session.flush()
    return payment


def _cancel(session: Session, actor: Actor, payment: Payment) -> None:
    payment.state = PAYMENT_FLOW.next(payment.state, "cancel")
    audit.record(
        session,
        actor,
        "payment.cancelled",
        ("payment", payment.id),
        {"amount": str(payment.amount)},
        owner_id=payment.buyer_id,
    )
