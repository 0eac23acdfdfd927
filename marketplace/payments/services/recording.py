"""Writing down what the provider says. The outcome is the same whatever the order of the news."""

from collections.abc import Callable

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.events.payments import (
    PaymentCaptured,
    PaymentFailed,
    PaymentMismatched,
    PaymentRefunded,
)
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.payments import calls, queries, rules
from marketplace.payments.models import Payment, Refund, StripeNotice
from marketplace.payments.provider import Notice, ProviderPayment, ProviderRefund
from marketplace.payments.rules import Subject
from marketplace.payments.services import ledger, paying
from marketplace.payments.states import (
    PAYMENT_FLOW,
    EntryKind,
    IssueCode,
    PaymentMethod,
    PaymentState,
    RefundState,
)


@requires(Permission.PAYMENT_MAKE)
def keep_notice(session: Session, _actor: Actor, notice: Notice) -> None:
    """Keep a webhook and have its subject looked up; the same event is kept once."""
    known = {
        "event_id": notice.event_id,
        "kind": notice.kind,
        "checkout_id": notice.checkout_id,
        "intent_id": notice.intent_id,
        "payment_id": notice.payment_id,
        "live": notice.live,
        "received_at": clock.now(),
    }
    session.execute(insert(StripeNotice).values(id=uuid7(), **known).on_conflict_do_nothing())
    calls.enqueue(
        session,
        "read_notice",
        {"event_id": notice.event_id},
        dedupe_key=f"stripe:{notice.event_id}",
    )


@requires(Permission.PAYMENT_MAKE)
def record(session: Session, actor: Actor, seen: ProviderPayment) -> Payment:
    """Bring our payment to what the provider knows of it."""
    payment = queries.get(session, actor, seen.payment_id, lock=True)
    _remember(payment, seen)
    _RECORDERS[seen.status](session, actor, payment, seen)
    for refund in seen.refunds:
        record_refund(session, actor, payment, refund)
    return payment


@requires(Permission.PAYMENT_MAKE)
def record_failure(session: Session, actor: Actor, payment: Payment, code: str) -> None:
    """No page can be opened for this payment, and trying again will not help."""
    payment.failure_code = code
    if PAYMENT_FLOW.may(payment.state, "fail"):
        _fail(session, actor, payment)
        paying.raise_issue(
            session, actor, payment, IssueCode.PROVIDER, Money(rules.ZERO, payment.currency)
        )


@requires(Permission.PAYMENT_MAKE)
def record_refund(session: Session, actor: Actor, payment: Payment, seen: ProviderRefund) -> None:
    """Book a refund that the provider made, ours or one from its own console."""
    refund = _refund_of(session, payment, seen)
    refund.provider_id = seen.refund_id
    if seen.failed:
        refund.state = RefundState.FAILED
        return
    if not seen.succeeded or refund.state is RefundState.SUCCEEDED:
        return
    refund.state = RefundState.SUCCEEDED
    refund.amount = seen.amount
    refund.refunded_at = seen.created_at
    payment.refunded += seen.amount
    session.flush()
    ledger.book(
        session,
        actor,
        _subject(payment),
        EntryKind.REFUND,
        refund.id,
        payment.currency,
        rules.postings_of_payment(-seen.amount),
        seen.created_at.date(),
    )
    audit.record(
        session,
        actor,
        "payment.refunded",
        ("payment", payment.id),
        {"amount": str(seen.amount)},
        owner_id=payment.buyer_id,
    )
    outbox.record(
        session,
        PaymentRefunded(
            payment_id=payment.id,
            refund_id=refund.id,
            subject_kind=payment.subject_kind,
            subject_id=payment.subject_id,
            buyer_id=payment.buyer_id,
            supplier_id=payment.supplier_id,
            amount=seen.amount,
            currency=payment.currency,
            refunded_at=seen.created_at,
        ),
        audience=[payment.buyer_id, payment.supplier_id],
    )


def _remember(payment: Payment, seen: ProviderPayment) -> None:
    payment.checkout_id = seen.checkout_id or payment.checkout_id
    payment.intent_id = seen.intent_id or payment.intent_id
    payment.checkout_url = seen.checkout_url
    if seen.method in tuple(PaymentMethod):
        payment.method = PaymentMethod(seen.method)


def _opened(session: Session, actor: Actor, payment: Payment, seen: ProviderPayment) -> None:
    if PAYMENT_FLOW.may(payment.state, "open"):
        payment.state = PAYMENT_FLOW.next(payment.state, "open")
    declined = payment.state is PaymentState.OPEN and seen.failure_code
    if declined and seen.failure_code != payment.failure_code:
        payment.failure_code = seen.failure_code
        _announce_failure(session, payment)
        audit.record(
            session,
            actor,
            "payment.declined",
            ("payment", payment.id),
            {"code": seen.failure_code},
            owner_id=payment.buyer_id,
        )


def _processing(_session: Session, _actor: Actor, payment: Payment, _seen: ProviderPayment) -> None:
    if PAYMENT_FLOW.may(payment.state, "process"):
        payment.state = PAYMENT_FLOW.next(payment.state, "process")


def _received(session: Session, actor: Actor, payment: Payment, seen: ProviderPayment) -> None:
    received = Money(seen.received, seen.currency)
    if received.currency != payment.currency:
        paying.raise_issue(session, actor, payment, IssueCode.CURRENCY, received)
        return
    if payment.state is PaymentState.CAPTURED:
        return
    payment.state = PAYMENT_FLOW.next(payment.state, "capture")
    payment.received = received.amount
    payment.failure_code = None
    payment.captured_at = payment.ended_at = seen.received_at or clock.now()
    session.flush()
    _book_capture(session, actor, payment)
    if received != payment.asked:
        _report_mismatch(session, actor, payment, received)
    other = queries.find_live(session, payment.subject_kind, payment.subject_id, lock=True)
    if other is not None and PAYMENT_FLOW.may(other.state, "cancel"):
        paying.cancel(session, actor, other.id)


def _book_capture(session: Session, actor: Actor, payment: Payment) -> None:
    received_at = payment.captured_at or clock.now()
    ledger.book(
        session,
        actor,
        _subject(payment),
        EntryKind.PAYMENT,
        payment.id,
        payment.currency,
        rules.postings_of_payment(payment.received),
        received_at.date(),
    )
    audit.record(
        session,
        actor,
        "payment.captured",
        ("payment", payment.id),
        {"amount": str(payment.received), "currency": payment.currency},
        owner_id=payment.buyer_id,
    )
    outbox.record(
        session,
        PaymentCaptured(
            payment_id=payment.id,
            subject_kind=payment.subject_kind,
            subject_id=payment.subject_id,
            buyer_id=payment.buyer_id,
            supplier_id=payment.supplier_id,
            amount=payment.received,
            currency=payment.currency,
            received_at=received_at,
        ),
        audience=[payment.buyer_id, payment.supplier_id],
    )


def _report_mismatch(session: Session, actor: Actor, payment: Payment, received: Money) -> None:
    paying.raise_issue(session, actor, payment, IssueCode.AMOUNT, received)
    outbox.record(
        session,
        PaymentMismatched(
            payment_id=payment.id,
            subject_kind=payment.subject_kind,
            subject_id=payment.subject_id,
            buyer_id=payment.buyer_id,
            expected=payment.amount,
            received=received.amount,
            currency=received.currency,
        ),
        audience=[payment.buyer_id],
    )


def _refused(session: Session, actor: Actor, payment: Payment, seen: ProviderPayment) -> None:
    payment.failure_code = seen.failure_code or payment.failure_code
    if PAYMENT_FLOW.may(payment.state, "fail"):
        _fail(session, actor, payment)


def _closed(session: Session, actor: Actor, payment: Payment, _seen: ProviderPayment) -> None:
    if PAYMENT_FLOW.may(payment.state, "close"):
        payment.state = PAYMENT_FLOW.next(payment.state, "close")
        payment.ended_at = clock.now()
        audit.record(
            session,
            actor,
            "payment.closed",
            ("payment", payment.id),
            owner_id=payment.buyer_id,
        )


def _unknown(_session: Session, _actor: Actor, _payment: Payment, _seen: ProviderPayment) -> None:
    """The provider has no page for this payment yet: nothing to record."""


def _fail(session: Session, actor: Actor, payment: Payment) -> None:
    payment.state = PAYMENT_FLOW.next(payment.state, "fail")
    payment.ended_at = clock.now()
    _announce_failure(session, payment)
    audit.record(
        session,
        actor,
        "payment.failed",
        ("payment", payment.id),
        {"code": payment.failure_code},
        owner_id=payment.buyer_id,
    )


def _announce_failure(session: Session, payment: Payment) -> None:
    outbox.record(
        session,
        PaymentFailed(
            payment_id=payment.id,
            subject_kind=payment.subject_kind,
            subject_id=payment.subject_id,
            buyer_id=payment.buyer_id,
            code=payment.failure_code or "unknown",
            failed_at=clock.now(),
        ),
        audience=[payment.buyer_id],
    )


def _refund_of(session: Session, payment: Payment, seen: ProviderRefund) -> Refund:
    for refund in queries.refunds_of(session, payment.id, lock=True):
        if seen.refund_id == refund.provider_id or seen.payment_refund_id == refund.id:
            return refund
    refund = Refund(
        payment_id=payment.id,
        buyer_id=payment.buyer_id,
        supplier_id=payment.supplier_id,
        amount=seen.amount,
        currency=seen.currency,
        state=RefundState.REQUESTED,
        created_at=seen.created_at,
    )
    session.add(refund)
    return refund


def _subject(payment: Payment) -> Subject:
    return Subject(
        kind=payment.subject_kind,
        id=payment.subject_id,
        reference=payment.reference,
        buyer_id=payment.buyer_id,
        supplier_id=payment.supplier_id,
    )


Recorder = Callable[[Session, Actor, Payment, ProviderPayment], None]
_RECORDERS: dict[str, Recorder] = {
    "open": _opened,
    "processing": _processing,
    "received": _received,
    "refused": _refused,
    "closed": _closed,
    "unknown": _unknown,
}
