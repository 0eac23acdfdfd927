"""Pure decisions about money asked for and given back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import Money, exponent
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission
from marketplace.payments.models import Payment, Refund
from marketplace.payments.states import PAYMENT_FLOW, Account, PaymentState, RefundState

ZERO = Decimal(0)
# The provider repeats a stored failure for the same key for ever; then we search, and ask anew.
SAME_KEY_FAILURES = 3
MAX_FAILURES = 8
# The provider forgets keys after 24 hours: a repeat near that age must search first.
KEY_LIFETIME = timedelta(hours=23)
LONGEST_PAUSE = timedelta(minutes=15)


class NothingDue(Conflict):
    code = "nothing_due"


class PaymentInProcess(Conflict):
    code = "payment_in_process"


class RefundTooLarge(Conflict):
    code = "refund_too_large"


class NotRefundable(Conflict):
    code = "not_refundable"


@dataclass(frozen=True)
class Subject:
    """What is paid for: a document of another package."""

    kind: str
    id: UUID
    reference: str
    buyer_id: UUID
    supplier_id: UUID


def check_due(amount: Money) -> None:
    """Only a positive amount in whole units of its currency can be asked for."""
    if amount.amount <= 0:
        raise NothingDue(_("Nothing is left to pay here."))
    if amount.amount != round(amount.amount, exponent(amount.currency)):
        raise Invalid(
            _("This amount is finer than the currency allows."),
            errors=[FieldError("/amount", "too_many_decimals", _("Too many decimals."))],
        )


def actions_of(actor: Actor, payment: Payment) -> list[str]:
    """What this actor may do with the payment now."""
    ours = payment.buyer_id == actor.org_id and actor.may(Permission.PAYMENT_MAKE)
    return ["cancel"] if ours and PAYMENT_FLOW.may(payment.state, "cancel") else []


def same_request(payment: Payment, amount: Money) -> bool:
    """Whether an open payment asks for exactly this."""
    return payment.asked == amount


def idempotency_key(payment: Payment) -> str:
    """The key for opening the page: equal for every repeat of the same request."""
    round_of_tries = 1 + payment.failures // SAME_KEY_FAILURES
    return f"{payment.id}:{payment.amount.normalize():f}{payment.currency}:{round_of_tries}"


def must_look_first(payment: Payment, now: datetime) -> bool:
    """Whether an earlier request may have worked under a key that no longer protects us."""
    return payment.failures >= SAME_KEY_FAILURES or payment.created_at < now - KEY_LIFETIME


def pause_after(failures: int) -> timedelta:
    """How long to wait before the next try."""
    return min(timedelta(seconds=5 * 2**failures), LONGEST_PAUSE)


def refundable(payment: Payment, refunds: Iterable[Refund]) -> Money:
    """What is left of the money received: refunds under way count, failed ones do not."""
    taken = sum((r.amount for r in refunds if r.state is not RefundState.FAILED), ZERO)
    return Money(payment.received - taken, payment.currency)


def check_refund(payment: Payment, refunds: Iterable[Refund], amount: Money) -> None:
    """Raise unless exactly this amount can be given back now."""
    if payment.state is not PaymentState.CAPTURED:
        raise NotRefundable(_("Only money that was received can be refunded."))
    if amount.currency != payment.currency:
        raise Invalid(
            _("A refund is made in the currency of the payment."),
            errors=[
                FieldError("/amount/currency", "currency_differs", _("Use the same currency."))
            ],
        )
    if amount.amount <= 0:
        raise Invalid(
            _("A refund needs an amount above zero."),
            errors=[FieldError("/amount/amount", "too_small", _("Enter an amount above zero."))],
        )
    left = refundable(payment, refunds)
    if amount > left:
        raise RefundTooLarge(
            _(
                "Only %(left)s %(currency)s of this payment is left to refund.",
                left=f"{left.amount:.{exponent(left.currency)}f}",
                currency=left.currency,
            ),
            remaining=f"{left.amount:.{exponent(left.currency)}f}",
        )


Postings = tuple[tuple[Account, Decimal], ...]


def postings_of_invoice(net: Decimal, vat: Decimal) -> Postings:
    """Purchases and VAT against the supplier's account; negative figures for a credit note."""
    return _without_zero(
        (Account.EXPENSE, net), (Account.VAT, vat), (Account.PAYABLES, -(net + vat))
    )


def postings_of_payment(amount: Decimal) -> Postings:
    """The supplier's account against the bank; a negative amount for a refund."""
    return _without_zero((Account.PAYABLES, amount), (Account.BANK, -amount))


def _without_zero(*postings: tuple[Account, Decimal]) -> Postings:
    return tuple(posting for posting in postings if posting[1] != 0)
