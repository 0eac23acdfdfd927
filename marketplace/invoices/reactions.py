"""What invoices do when something happens elsewhere, or a second after they were sent."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.invoices import (
    InvoiceInVariance,
    InvoiceMatched,
    InvoicePaid,
    InvoiceRejected,
    InvoiceSubmitted,
)
from marketplace.events.orders import GoodsReceived
from marketplace.events.payments import PaymentCaptured, PaymentRefunded
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM, Role
from marketplace.invoices import queries
from marketplace.invoices.models import Invoice
from marketplace.invoices.services import checking, settling
from marketplace.invoices.services.drafting import SUBJECT
from marketplace.invoices.states import InvoiceKind
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind

register_kind(
    "invoice_in_variance",
    title=_("Invoice differs: %(number)s"),
    body=_("%(supplier)s invoices %(total)s, which differs from order or delivery. Please decide."),
    button=_("Look at the differences"),
)
register_kind(
    "invoice_to_pay",
    title=_("Invoice to pay: %(number)s"),
    body=_("The invoice of %(supplier)s over %(total)s is right and can be paid."),
    button=_("To the invoice"),
)
register_kind(
    "invoice_rejected",
    title=_("Invoice sent back: %(number)s"),
    body=_("%(buyer)s has sent %(number)s back: %(reason)s"),
    button=_("To the invoice"),
)
register_kind(
    "invoice_paid",
    title=_("Paid: %(number)s"),
    body=_("%(buyer)s has paid %(number)s in full."),
    button=_("To the invoice"),
)


def match_submitted(session: Session, event: InvoiceSubmitted) -> None:
    """Match what a supplier sent."""
    checking.match(session, SYSTEM, event.invoice_id)


def match_again(session: Session, event: GoodsReceived) -> None:
    """Goods have arrived: invoices that were ahead of them may be right now."""
    for invoice_id in queries.in_variance(session, event.order_id):
        checking.match(session, SYSTEM, invoice_id)


def follow_capture(session: Session, event: PaymentCaptured) -> None:
    """Money came in for an invoice."""
    if event.subject_kind == SUBJECT:
        settling.follow_payments(session, SYSTEM, event.subject_id, event.received_at)


def follow_refund(session: Session, event: PaymentRefunded) -> None:
    """Money went back for an invoice."""
    if event.subject_kind == SUBJECT:
        settling.follow_payments(session, SYSTEM, event.subject_id, event.refunded_at)


def tell_buyer_differs(session: Session, event: InvoiceInVariance) -> None:
    """Somebody of the buyer must decide."""
    invoice = queries.get(session, SYSTEM, event.invoice_id)
    _tell(session, invoice, "invoice_in_variance", invoice.buyer_id, [Role.BUYER, Role.APPROVER])


def tell_finance_to_pay(session: Session, event: InvoiceMatched) -> None:
    """Nothing is wrong with it: it can be paid."""
    invoice = queries.get(session, SYSTEM, event.invoice_id)
    if invoice.kind is InvoiceKind.INVOICE and invoice.open_amount > 0:
        _tell(session, invoice, "invoice_to_pay", invoice.buyer_id, [Role.APPROVER])


def tell_supplier_sent_back(session: Session, event: InvoiceRejected) -> None:
    """The supplier reads the reason and mends it."""
    invoice = queries.get(session, SYSTEM, event.invoice_id)
    _tell(session, invoice, "invoice_rejected", invoice.supplier_id, [Role.SUPPLIER])


def tell_supplier_paid(session: Session, event: InvoicePaid) -> None:
    """The money is there; a document without any needs no letter."""
    invoice = queries.get(session, SYSTEM, event.invoice_id)
    if invoice.paid:
        _tell(session, invoice, "invoice_paid", invoice.supplier_id, [Role.SUPPLIER])


def _tell(
    session: Session, invoice: Invoice, kind: str, org_id: UUID, roles: Sequence[Role]
) -> None:
    names = identity_queries.organisations(session, [invoice.buyer_id, invoice.supplier_id])
    notifications.notify(
        session,
        org_id=org_id,
        kind=kind,
        url=f"/invoices/{invoice.id}",
        roles=roles,
        params={
            "number": invoice.number,
            "buyer": names[invoice.buyer_id].name,
            "supplier": names[invoice.supplier_id].name,
            "total": invoice.gross_money,
            "reason": invoice.reason or "",
        },
        occurred_at=invoice.paid_at or invoice.decided_at or invoice.submitted_at,
        dedupe_key=f"{kind}:{invoice.id}",
    )
