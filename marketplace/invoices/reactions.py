"""What invoices do when something happens elsewhere, or a second after they were sent."""

from sqlalchemy.orm import Session

from marketplace.events.invoices import InvoiceSubmitted
from marketplace.events.orders import GoodsReceived
from marketplace.events.payments import PaymentCaptured, PaymentRefunded
from marketplace.identity.permissions import SYSTEM
from marketplace.invoices import queries
from marketplace.invoices.services import checking, settling
from marketplace.invoices.services.drafting import SUBJECT


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
