"""The work that talks to Stripe, each in two transactions: `prepare_*` before, `record_*` after.

What happens in between stands in `gateway`; `workers.tasks` joins the three.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.events.payments import PaymentFailed, PaymentMismatched
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM, Actor, Role
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind
from marketplace.payments import calls, queries, rules
from marketplace.payments.models import Payment, ReconcileMark, Refund, StripeNotice
from marketplace.payments.provider import (
    CheckoutAnswer,
    CheckoutOrder,
    CloseOrder,
    LookUp,
    ProviderPayment,
    ReceivedCharge,
    RefundAnswer,
    RefundOrder,
)
from marketplace.payments.services import recording
from marketplace.payments.states import PaymentState, RefundState

register_kind(
    "payment_mismatched",
    title=_("Payment differs: %(reference)s"),
    body=_("%(expected)s was asked for, %(received)s came in. Please look at %(number)s."),
    button=_("To the payment"),
)
register_kind(
    "payment_failed",
    title=_("Payment failed: %(reference)s"),
    body=_("%(number)s was refused by the bank (%(code)s). Nothing was received."),
    button=_("To the payment"),
)

RECONCILE = "stripe"
# Compared again each time, for money that arrives late in their list.
OVERLAP = timedelta(days=2)
SILENCE = timedelta(minutes=5)


def prepare_checkout(session: Session, _actor: Actor, payment_id: str) -> CheckoutOrder | None:
    """What to ask for; None when the payment no longer wants a page."""
    payment = queries.get(session, SYSTEM, UUID(payment_id))
    if payment.state is not PaymentState.REQUESTED:
        return None
    replaced = queries.being_cancelled(session, payment.subject_kind, payment.subject_id)
    return CheckoutOrder(
        payment_id=payment.id,
        key=rules.idempotency_key(payment),
        amount=payment.amount,
        currency=payment.currency,
        description=payment.reference,
        locale=_language(session, payment),
        requested_at=payment.created_at,
        look_first=rules.must_look_first(payment, clock.now()),
        replaced=tuple(_close_order(old) for old in replaced),
    )


def _language(session: Session, payment: Payment) -> str:
    """That of the person who pays, else that of their organisation."""
    payer = payment.requested_by
    known = identity_queries.people(session, [payer]) if payer else {}
    own = known[payer].locale if payer in known else None
    return own or identity_queries.organisation(session, payment.buyer_id).locale


def record_checkout(session: Session, answer: CheckoutAnswer) -> None:
    """Keep the page, or plan the next try."""
    for closed in answer.closed:
        recording.record(session, SYSTEM, closed)
    if answer.opened is not None:
        payment = recording.record(session, SYSTEM, answer.opened)
        if payment.state is PaymentState.CANCELLING:  # taken back while we asked
            calls.enqueue(session, "close_checkout", {"payment_id": str(payment.id)})
        return
    if answer.failure is None:
        return
    payment = queries.get(session, SYSTEM, answer.payment_id, lock=True)
    payment.failures += 1
    if answer.final or payment.failures >= rules.MAX_FAILURES:
        recording.record_failure(session, SYSTEM, payment, answer.failure)
    else:
        calls.ask_for_page(session, payment)


def prepare_close(session: Session, _actor: Actor, payment_id: str) -> CloseOrder | None:
    """The page to close; None when that has been done."""
    payment = queries.get(session, SYSTEM, UUID(payment_id))
    return _close_order(payment) if payment.state is PaymentState.CANCELLING else None


def prepare_look_up(session: Session, _actor: Actor, payment_id: str) -> LookUp:
    """The payment whose state is to be read."""
    return _look_up(queries.get(session, SYSTEM, UUID(payment_id)))


def prepare_notice(session: Session, _actor: Actor, event_id: str) -> LookUp | None:
    """The payment that a webhook is about; None for what is not ours."""
    notice = session.scalar(select(StripeNotice).where(StripeNotice.event_id == event_id))
    if notice is None:
        return None
    payment = _payment_of(session, notice)
    if payment is None:
        return None
    return _look_up(payment, notice.checkout_id)


def record_state(session: Session, seen: ProviderPayment) -> None:
    """Bring our payment to what was read."""
    recording.record(session, SYSTEM, seen)


def prepare_refund(session: Session, _actor: Actor, refund_id: str) -> RefundOrder | None:
    """The refund to ask for; None when its outcome is known."""
    refund = session.get(Refund, UUID(refund_id))
    if refund is None:
        raise NotFound("refund")
    payment = queries.get(session, SYSTEM, refund.payment_id)
    if refund.state is not RefundState.REQUESTED or payment.intent_id is None:
        return None
    return RefundOrder(
        refund_id=refund.id,
        payment_id=payment.id,
        intent_id=payment.intent_id,
        amount=refund.amount,
        currency=refund.currency,
    )


def record_refund(session: Session, answer: RefundAnswer) -> None:
    """Keep the outcome; a refusal frees the amount again."""
    refund = session.get_one(Refund, answer.refund_id)
    payment = queries.get(session, SYSTEM, refund.payment_id, lock=True)
    if answer.answer is not None:
        recording.record_refund(session, SYSTEM, payment, answer.answer)
    elif refund.state is RefundState.REQUESTED:
        refund.state = RefundState.FAILED
        refund.reason = f"{refund.reason or ''} [{answer.failure}]".strip()


def prepare_reconciliation(session: Session, _actor: Actor) -> datetime:
    """From when on the provider's list is to be read."""
    mark = session.get(ReconcileMark, RECONCILE)
    if mark is None:
        mark = ReconcileMark(name=RECONCILE, until=clock.now() - OVERLAP)
        session.add(mark)
    return mark.until


def record_reconciliation(session: Session, charges: list[ReceivedCharge]) -> None:
    """Look up every payment in which their list and our books differ, and those gone silent."""
    differing = {
        charge.payment_id for charge in charges if charge.payment_id and _differs(session, charge)
    }
    silent = queries.unsettled_since(session, clock.now() - SILENCE)
    for payment_id in differing | set(silent):
        calls.enqueue(session, "look_up", {"payment_id": str(payment_id)})
    for refund_id in queries.waiting_refunds(session):
        calls.enqueue(session, "refund", {"refund_id": str(refund_id)})
    mark = session.get_one(ReconcileMark, RECONCILE)
    mark.until = clock.now() - OVERLAP
    mark.found = {
        "checked": len(charges),
        "differing": sorted(str(each) for each in differing),
        "unknown": [c.intent_id for c in charges if _is_unknown(session, c)],
    }


def _differs(session: Session, charge: ReceivedCharge) -> bool:
    payment = session.get(Payment, charge.payment_id)
    return payment is not None and payment.received != charge.received


def _is_unknown(session: Session, charge: ReceivedCharge) -> bool:
    return charge.payment_id is None or session.get(Payment, charge.payment_id) is None


def _payment_of(session: Session, notice: StripeNotice) -> Payment | None:
    if notice.payment_id is not None:
        return session.get(Payment, notice.payment_id)
    if notice.intent_id is None:
        return None
    return session.scalar(select(Payment).where(Payment.intent_id == notice.intent_id))


def _close_order(payment: Payment) -> CloseOrder:
    return CloseOrder(payment.id, payment.checkout_id, payment.created_at)


def _look_up(payment: Payment, checkout_id: str | None = None) -> LookUp:
    return LookUp(
        payment_id=payment.id,
        checkout_id=payment.checkout_id or checkout_id,
        intent_id=payment.intent_id,
        requested_at=payment.created_at,
    )


def tell_finance_mismatch(session: Session, event: PaymentMismatched) -> None:
    """Another amount came in than was asked for: somebody must look at it."""
    payment = queries.get(session, SYSTEM, event.payment_id)
    _tell_finance(
        session,
        payment,
        "payment_mismatched",
        clock.now(),
        expected=Money(event.expected, payment.currency),
        received=Money(event.received, event.currency),
    )


def tell_finance_failed(session: Session, event: PaymentFailed) -> None:
    """A payment that people believed to be on its way failed; a declined card they saw."""
    payment = queries.get(session, SYSTEM, event.payment_id)
    if payment.state is PaymentState.FAILED:
        _tell_finance(session, payment, "payment_failed", event.failed_at, code=event.code)


def _tell_finance(
    session: Session, payment: Payment, kind: str, at: datetime, **words: object
) -> None:
    notifications.notify(
        session,
        org_id=payment.buyer_id,
        kind=kind,
        url=f"/payments/{payment.id}",
        roles=[Role.APPROVER],
        person_ids=[payment.requested_by] if payment.requested_by else [],
        params={"number": payment.number, "reference": payment.reference, **words},
        occurred_at=at,
        dedupe_key=f"{kind}:{payment.id}",
    )
