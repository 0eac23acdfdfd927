"""What suppliers do when something happens elsewhere. Every reaction bears a repeat."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock, outbox
from marketplace.events.orders import GoodsReceived, OrderCompleted, OrderIssued
from marketplace.events.rfq import (
    BidSubmitted,
    BidWithdrawn,
    RfqOpened,
    RfqPublished,
    SuppliersInvited,
)
from marketplace.events.suppliers import (
    CertificateExpiring,
    DueDiligenceRequested,
    SanctionsListLoaded,
)
from marketplace.identity.permissions import SYSTEM, Actor
from marketplace.suppliers import kpis, rules, runs
from marketplace.suppliers.models import Certificate
from marketplace.suppliers.states import Trigger, Verdict

FIGURES = (
    "number",
    "completed_at",
    "currency",
    "due_quantity",
    "on_time_quantity",
    "received_quantity",
    "rejected_quantity",
    "agreed_net",
    "invoiced_net",
)


def carry_out_due_diligence(session: Session, event: DueDiligenceRequested) -> None:
    """Make the checks of a waiting run."""
    runs.carry_out(session, event.run_id)


def screen_everybody_again(session: Session, event: SanctionsListLoaded) -> None:
    """A new list: every supplier is checked against it."""
    runs.rescreen_all(session, SYSTEM, Trigger.LIST_UPDATE)


def note_issue(session: Session, event: OrderIssued) -> None:
    """The lead time begins."""
    fact = kpis.note_order(session, event.order_id, event.supplier_id, event.buyer_id)
    fact.issued_at = event.issued_at
    kpis.settle_lead_time(session, fact)


def note_receipt(session: Session, event: GoodsReceived) -> None:
    """The lead time ends with the last receipt."""
    fact = kpis.note_order(session, event.order_id, event.supplier_id, event.buyer_id)
    fact.last_received_at = kpis.latest(fact.last_received_at, event.received_at)
    kpis.settle_lead_time(session, fact)


def count_order(session: Session, event: OrderCompleted) -> None:
    """Add the order to its supplier's figures."""
    fact = kpis.note_order(session, event.order_id, event.supplier_id, event.buyer_id)
    kpis.complete_order(session, fact, {name: getattr(event, name) for name in FIGURES})
    fact.issued_at = fact.issued_at or event.ordered_at
    kpis.settle_lead_time(session, fact)


def note_invitations(session: Session, event: RfqPublished | SuppliersInvited) -> None:
    """These suppliers are asked; their answers count once the bids are open."""
    gate = kpis.note_rfq(session, event.rfq_id, event.buyer_id)
    kpis.invite(session, gate, event.supplier_ids)


def note_bid(session: Session, event: BidSubmitted) -> None:
    """Remember the answer, out of everybody's sight until the opening."""
    gate = kpis.note_rfq(session, event.rfq_id, event.buyer_id)
    fact = kpis.note_invitation(session, event.rfq_id, event.supplier_id)
    fact.bid_at = kpis.latest(fact.bid_at, event.submitted_at)
    kpis.settle_responses(session, gate)


def note_withdrawal(session: Session, event: BidWithdrawn) -> None:
    """An answer taken back is none, unless another one stands."""
    if event.others_stand:
        return
    gate = kpis.note_rfq(session, event.rfq_id, event.buyer_id)
    fact = kpis.note_invitation(session, event.rfq_id, event.supplier_id)
    fact.withdrawn_at = kpis.latest(fact.withdrawn_at, event.withdrawn_at)
    kpis.settle_responses(session, gate)


def count_responses(session: Session, event: RfqOpened) -> None:
    """The bids are open: who was invited and who answered may be counted."""
    gate = kpis.note_rfq(session, event.rfq_id, event.buyer_id)
    gate.opened_at = event.opened_at
    kpis.settle_responses(session, gate)


def warn_of_expiring_certificates(session: Session, actor: Actor) -> int:
    """Announce each certificate once, when 30 days or less are left; returns how many."""
    now = clock.now()
    due = session.scalars(
        select(Certificate)
        .where(
            Certificate.valid_until <= now.date() + rules.EXPIRY_NOTICE,
            Certificate.valid_until >= now.date(),
            Certificate.warned_at.is_(None),
            Certificate.verdict != Verdict.REJECTED,
        )
        .order_by(Certificate.id)
        .with_for_update(skip_locked=True)
    ).all()
    for certificate in due:
        certificate.warned_at = now
        outbox.record(
            session,
            CertificateExpiring(
                supplier_id=certificate.supplier_id,
                certificate_id=certificate.id,
                valid_until=certificate.valid_until or now.date(),
            ),
            audience=[certificate.supplier_id],
        )
    session.flush()
    return len(due)
