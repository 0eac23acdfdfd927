"""Giving money back."""

from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.payments import calls, queries, rules
from marketplace.payments.models import Refund


@requires(Permission.PAYMENT_MAKE)
def refund(session: Session, actor: Actor, payment_id: UUID, amount: Money, reason: str) -> Refund:
    """Give back an explicit amount of a payment; never more than is left of it.

    The payment is locked, so that two refunds at once cannot both take the rest.
    """
    payment = queries.get(session, actor, payment_id, lock=True)
    rules.check_refund(payment, queries.refunds_of(session, payment.id), amount)
    refund = Refund(
        payment_id=payment.id,
        buyer_id=payment.buyer_id,
        supplier_id=payment.supplier_id,
        amount=amount.amount,
        currency=amount.currency,
        reason=reason,
        requested_by=actor.person_id,
        created_at=clock.now(),
    )
    session.add(refund)
    session.flush()
    calls.enqueue(
        session,
        "refund",
        {"refund_id": str(refund.id)},
        dedupe_key=f"refund:{refund.id}",
    )
    audit.record(
        session,
        actor,
        "payment.refund_requested",
        ("payment", payment.id),
        {"amount": str(amount.amount), "reason": reason},
        owner_id=payment.buyer_id,
    )
    return refund
