"""What loyalty does when orders complete, invoices are paid and money goes back."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.events.invoices import InvoicePaid
from marketplace.events.orders import OrderCompleted
from marketplace.events.payments import PaymentRefunded
from marketplace.identity.permissions import Actor
from marketplace.loyalty import ledger, queries, rules
from marketplace.loyalty.models import Account, Lot, PaidInvoice, Reversal

EXPIRY_BATCH = 1000


def award_points(session: Session, event: OrderCompleted) -> None:
    """Points for the buying organisation; an order earns once."""
    programme = queries.programme_for(session, event.supplier_id)
    if programme is None:
        return
    rule = rules.rule_for(
        queries.rules(session, [programme.id])[programme.id], event.net, event.currency
    )
    if rule is None:
        return
    account = ledger.locked_account(session, programme.id, event.buyer_id)
    ledger.earn(
        session,
        account,
        programme,
        rule,
        order_id=event.order_id,
        net=event.net,
        at=event.completed_at,
    )


def note_paid_invoice(session: Session, event: InvoicePaid) -> None:
    """Remember which order an invoice belongs to, for a refund that names the invoice alone."""
    if event.order_id is None:
        return
    session.execute(
        insert(PaidInvoice)
        .values(invoice_id=event.invoice_id, order_id=event.order_id, gross=event.gross)
        .on_conflict_do_nothing()
    )


def take_back_points(session: Session, event: PaymentRefunded) -> None:
    """A refund takes back its share of the order's points."""
    if event.subject_kind != "invoice":
        return
    invoice = session.get(PaidInvoice, event.subject_id)
    if invoice is None or invoice.gross <= 0:
        return
    lot = session.scalar(select(Lot).where(Lot.order_id == invoice.order_id))
    if lot is None or lot.net is None:
        return
    gross = _invoiced_gross(session, invoice.order_id)
    reverse_share(session, event.refund_id, lot, lot.net * min(event.amount / gross, Decimal(1)))


def reverse_share(session: Session, refund_id: UUID, lot: Lot, net: Decimal) -> None:
    """Take back the points of a refunded net amount; the same refund again does nothing."""
    account = session.scalars(
        select(Account).where(Account.id == lot.account_id).with_for_update()
    ).one()
    now = clock.now()
    first = session.scalar(
        insert(Reversal)
        .values(refund_id=refund_id, order_id=lot.order_id, net=net, reversed_on=now.date())
        .on_conflict_do_nothing()
        .returning(Reversal.refund_id)
    )
    if first is None or lot.net is None or lot.points_per_unit is None:
        return
    session.refresh(lot)
    lot.refunded_net += net
    owed = rules.reversed_points(lot.net, lot.refunded_net, lot.points_per_unit, lot.points)
    if owed > lot.reversed:
        ledger.reverse(session, account, lot, owed - lot.reversed, now)


def expire_lots(session: Session, actor: Actor) -> int:
    """Write off lots whose time is over; returns how many."""
    now = clock.now()
    due = session.scalars(
        select(Lot)
        .where(Lot.remaining > 0, Lot.expires_at <= now)
        .order_by(Lot.expires_at, Lot.id)
        .limit(EXPIRY_BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    for lot in due:
        ledger.expire(session, lot)
    return len(due)


def _invoiced_gross(session: Session, order_id: UUID) -> Decimal:
    gross = session.scalars(select(PaidInvoice.gross).where(PaidInvoice.order_id == order_id))
    return sum(gross, Decimal(0))
