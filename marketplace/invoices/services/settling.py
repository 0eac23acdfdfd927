"""From accepted to paid: books, credit notes, payments, refunds of what was too much."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import Money, exponent
from marketplace.core.text import _
from marketplace.events.invoices import InvoicePaid
from marketplace.identity.permissions import SYSTEM, Actor, Permission, requires
from marketplace.invoices import queries, rules
from marketplace.invoices.models import Invoice
from marketplace.invoices.services.drafting import SUBJECT
from marketplace.invoices.states import INVOICE_FLOW, InvoiceKind, InvoiceState, PaymentStatus
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order
from marketplace.orders.services import settling as order_settling
from marketplace.payments import queries as payment_queries
from marketplace.payments import rules as payment_rules
from marketplace.payments.models import Payment, Refund
from marketplace.payments.rules import RefundTooLarge, Subject
from marketplace.payments.services import ledger, paying, refunding
from marketplace.payments.states import EntryKind, IssueCode, PaymentState, RefundState


@requires(Permission.INVOICE_MATCH)
def accept(session: Session, actor: Actor, invoice: Invoice, order: Order | None) -> None:
    """The document counts from now on: in the order, in the books, in what is due.

    The caller holds the locks of order and invoice.
    """
    invoice.accepted_at = clock.now()
    session.flush()
    if order is not None:
        order_settling.record_invoiced(
            session,
            actor,
            order.id,
            invoice.id,
            _invoiced_quantities(invoice, order),
            invoice.net * invoice.sign,
        )
    ledger.book(
        session,
        SYSTEM,
        _subject_of(invoice),
        EntryKind.CREDIT_NOTE if invoice.sign < 0 else EntryKind.INVOICE,
        invoice.id,
        invoice.currency,
        payment_rules.postings_of_invoice(
            invoice.net * invoice.sign, (invoice.gross - invoice.net) * invoice.sign
        ),
        clock.now().date(),
    )
    if invoice.corrects_id is not None:
        _credit(session, actor, invoice.corrects_id)
    elif invoice.kind is InvoiceKind.INVOICE:
        settle(session, actor, invoice, clock.now())


@requires(Permission.PAYMENT_MAKE)
def pay(session: Session, actor: Actor, invoice_id: UUID) -> Payment:
    """Ask for exactly what is left to pay. Two clicks, two buyers: one payment."""
    invoice = queries.get(session, actor, invoice_id, lock=True)
    _refresh_paid(session, invoice)
    rules.check_payable(invoice)
    return paying.request(session, actor, _subject_of(invoice), invoice.open_money)


@requires(Permission.PAYMENT_MAKE)
def refund(session: Session, actor: Actor, payment_id: UUID, amount: Money, reason: str) -> Refund:
    """Take back what was paid too much on an invoice; nothing that the supplier is owed."""
    payment = payment_queries.get(session, actor, payment_id)
    invoice = queries.get(session, actor, payment.subject_id, lock=True)
    _refresh_paid(session, invoice)
    _check_amount(amount)
    left = -invoice.open_amount - _refunds_under_way(session, invoice)
    if amount.amount > left:
        shown = f"{max(left, rules.ZERO):.{exponent(invoice.currency)}f}"
        raise RefundTooLarge(
            _(
                "At most what was paid too much can be taken back: %(left)s %(currency)s.",
                left=shown,
                currency=invoice.currency,
            ),
            remaining=shown,
        )
    return refunding.refund(session, actor, payment.id, amount, reason)


@requires(Permission.PAYMENT_MAKE)
def refund_overpayment(
    session: Session, actor: Actor, invoice_id: UUID, reason: str
) -> list[Refund]:
    """Take back all that was paid too much, the newest payment first."""
    invoice = queries.get(session, actor, invoice_id, lock=True)
    _refresh_paid(session, invoice)
    left = -invoice.open_amount - _refunds_under_way(session, invoice)
    if left <= 0:
        raise rules.NotPayable(_("Nothing was paid too much on this invoice."))
    made = []
    for payment in payment_queries.of_subject(session, SUBJECT, invoice.id):
        held = payment_rules.refundable(payment, payment_queries.refunds_of(session, payment.id))
        amount = min(left, held.amount)
        if amount > 0:
            money = Money(amount, invoice.currency)
            made.append(refunding.refund(session, actor, payment.id, money, reason))
            left -= amount
    return made


def _check_amount(amount: Money) -> None:
    """A refund always has an explicit amount above zero."""
    if amount.amount <= 0:
        detail = _("A refund needs an amount above zero.")
        raise Invalid(detail, errors=[FieldError("/amount", "too_small", detail)])


@requires(Permission.INVOICE_MATCH)
def follow_payments(session: Session, actor: Actor, invoice_id: UUID, at: datetime) -> Invoice:
    """Money came in or went back: see what that makes of the invoice. Bears a repeat."""
    order_id = queries.get(session, actor, invoice_id).order_id
    if order_id is not None:
        order_queries.get(session, actor, order_id, lock=True)
    invoice = queries.get(session, actor, invoice_id, lock=True)
    _refresh_paid(session, invoice)
    settle(session, actor, invoice, at)
    if invoice.payment_status is PaymentStatus.OVERPAID:
        _report_overpayment(session, actor, invoice)
    return invoice


@requires(Permission.INVOICE_MATCH)
def settle(session: Session, actor: Actor, invoice: Invoice, at: datetime) -> None:
    """Paid exactly when what came in equals what is due; never by a notice alone."""
    exact = invoice.payment_status is PaymentStatus.FULLY_PAID
    if exact and INVOICE_FLOW.may(invoice.state, "settle"):
        invoice.state = INVOICE_FLOW.next(invoice.state, "settle")
        invoice.paid_at = at
        session.flush()
        _announce_paid(session, actor, invoice, at)
    elif not exact and invoice.state is InvoiceState.PAID:
        invoice.state = INVOICE_FLOW.next(invoice.state, "unsettle")
        invoice.paid_at = None


def _subject_of(invoice: Invoice) -> Subject:
    """The invoice as payments and ledger know it."""
    return Subject(
        kind=SUBJECT,
        id=invoice.id,
        reference=invoice.number,
        buyer_id=invoice.buyer_id,
        supplier_id=invoice.supplier_id,
    )


def _invoiced_quantities(invoice: Invoice, order: Order) -> dict[UUID, Decimal]:
    """By order line; a line in another unit cannot be counted and is left out."""
    units = {line.id: line.unit for line in order.lines}
    quantities: dict[UUID, Decimal] = {}
    for line in invoice.lines:
        key = line.order_line_id
        if key is not None and units.get(key) == line.unit:
            quantities[key] = quantities.get(key, rules.ZERO) + line.quantity * invoice.sign
    return quantities


def _credit(session: Session, actor: Actor, invoice_id: UUID) -> None:
    """What is due has changed: a page that asks for the old amount is closed."""
    corrected = queries.get(session, actor, invoice_id, lock=True)
    notes = queries.credit_notes_of(session, corrected.id)
    corrected.credited = sum((note.gross for note in notes), rules.ZERO)
    paying.cancel_open(session, actor, SUBJECT, corrected.id)
    _refresh_paid(session, corrected)
    settle(session, actor, corrected, clock.now())
    if corrected.payment_status is PaymentStatus.OVERPAID:
        _report_overpayment(session, actor, corrected)


def _refresh_paid(session: Session, invoice: Invoice) -> None:
    session.flush()
    invoice.paid = payment_queries.settled(session, SUBJECT, [invoice.id])[invoice.id].net


def _refunds_under_way(session: Session, invoice: Invoice) -> Decimal:
    return sum(
        (
            refund.amount
            for payment in payment_queries.of_subject(session, SUBJECT, invoice.id)
            for refund in payment_queries.refunds_of(session, payment.id)
            if refund.state is RefundState.REQUESTED
        ),
        rules.ZERO,
    )


def _report_overpayment(session: Session, actor: Actor, invoice: Invoice) -> None:
    captured = [
        payment
        for payment in payment_queries.of_subject(session, SUBJECT, invoice.id)
        if payment.state is PaymentState.CAPTURED
    ]
    if captured:
        paying.raise_issue(session, actor, captured[0], IssueCode.OVERPAID, invoice.paid_money)


def _announce_paid(session: Session, actor: Actor, invoice: Invoice, at: datetime) -> None:
    if invoice.order_id is not None:
        order_settling.record_paid(session, actor, invoice.order_id, invoice.id, at)
    audit.record(
        session, actor, "invoice.paid", (SUBJECT, invoice.id), {"amount": str(invoice.paid)},
        owner_id=invoice.buyer_id,
    )  # fmt: skip
    outbox.record(
        session,
        InvoicePaid(
            invoice_id=invoice.id,
            order_id=invoice.order_id,
            buyer_id=invoice.buyer_id,
            supplier_id=invoice.supplier_id,
            number=invoice.number,
            gross=invoice.gross,
            currency=invoice.currency,
            due_on=invoice.due_on,
            paid_at=at,
        ),
        audience=[invoice.buyer_id, invoice.supplier_id],
    )
