"""Reads of payments, refunds, issues and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.payments.models import (
    LedgerEntry,
    LedgerPosting,
    Payment,
    PaymentIssue,
    Refund,
)
from marketplace.payments.states import LIVE, Account, PaymentState, RefundState

ZERO = Decimal(0)
WITH_POSTINGS = (selectinload(LedgerEntry.postings),)


@dataclass(frozen=True)
class Settled:
    """What was paid for one subject: received, less what went back."""

    received: Decimal = ZERO
    refunded: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.received - self.refunded


def visible_to(actor: Actor) -> Select[Payment]:
    """The payments of both sides; the system sees all."""
    query = select(Payment)
    if actor.is_system:
        return query
    return query.where(or_(Payment.buyer_id == actor.org_id, Payment.supplier_id == actor.org_id))


def get(session: Session, actor: Actor, payment_id: UUID, *, lock: bool = False) -> Payment:
    """The payment, or NotFound."""
    query = visible_to(actor).where(Payment.id == payment_id)
    query = query.execution_options(populate_existing=True).with_for_update() if lock else query
    payment = session.scalar(query)
    if payment is None:
        raise NotFound(_("There is no such payment."))
    return payment


def search(
    session: Session,
    actor: Actor,
    *,
    state: PaymentState | None = None,
    subject_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Payment]:
    """A page of payments, newest first."""
    query = visible_to(actor)
    if state is not None:
        query = query.where(Payment.state == state)
    if subject_id is not None:
        query = query.where(Payment.subject_id == subject_id)
    order = (Payment.created_at.desc(), Payment.id.desc())
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


def of_subject(session: Session, kind: str, subject_id: UUID) -> Sequence[Payment]:
    """Every payment of this document, newest first."""
    return session.scalars(
        select(Payment)
        .where(Payment.subject_kind == kind, Payment.subject_id == subject_id)
        .order_by(Payment.attempt.desc())
    ).all()


def find_live(
    session: Session, kind: str, subject_id: UUID, *, lock: bool = False
) -> Payment | None:
    """The payment of this document that may still bring money, if there is one."""
    query = select(Payment).where(
        Payment.subject_kind == kind, Payment.subject_id == subject_id, Payment.state.in_(LIVE)
    )
    return session.scalar(query.with_for_update() if lock else query)


def being_cancelled(session: Session, kind: str, subject_id: UUID) -> Sequence[Payment]:
    """Payments of this document whose page is not known to be closed yet."""
    return session.scalars(
        select(Payment)
        .where(
            Payment.subject_kind == kind,
            Payment.subject_id == subject_id,
            Payment.state == PaymentState.CANCELLING,
        )
        .order_by(Payment.attempt)
    ).all()


def settled(session: Session, kind: str, subject_ids: Sequence[UUID]) -> dict[UUID, Settled]:
    """What was received and given back for each of these documents."""
    rows = session.execute(
        select(Payment.subject_id, func.sum(Payment.received), func.sum(Payment.refunded))
        .where(Payment.subject_kind == kind, Payment.subject_id.in_(subject_ids))
        .group_by(Payment.subject_id)
    )
    found = {subject_id: Settled(received, refunded) for subject_id, received, refunded in rows}
    return {subject_id: found.get(subject_id, Settled()) for subject_id in subject_ids}


def refunds_of(session: Session, payment_id: UUID, *, lock: bool = False) -> Sequence[Refund]:
    """The refunds of one payment, oldest first."""
    query = select(Refund).where(Refund.payment_id == payment_id).order_by(Refund.id)
    return session.scalars(query.with_for_update() if lock else query).all()


def search_refunds(
    session: Session,
    actor: Actor,
    *,
    payment_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Refund]:
    """A page of refunds, newest first."""
    query = select(Refund).where(
        or_(Refund.buyer_id == actor.org_id, Refund.supplier_id == actor.org_id)
    )
    if payment_id is not None:
        query = query.where(Refund.payment_id == payment_id)
    order = (Refund.created_at.desc(), Refund.id.desc())
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


def open_issues(session: Session, actor: Actor) -> Sequence[PaymentIssue]:
    """What finance must look at, oldest first."""
    return session.scalars(
        select(PaymentIssue)
        .where(PaymentIssue.buyer_id == actor.org_id, PaymentIssue.resolved_at.is_(None))
        .order_by(PaymentIssue.created_at, PaymentIssue.id)
    ).all()


def issues_of(session: Session, actor: Actor, payment_id: UUID) -> Sequence[PaymentIssue]:
    """The issues of one payment, as the buyer may see them."""
    return session.scalars(
        select(PaymentIssue)
        .where(PaymentIssue.payment_id == payment_id, PaymentIssue.buyer_id == actor.org_id)
        .order_by(PaymentIssue.created_at)
    ).all()


def get_issue(
    session: Session, actor: Actor, issue_id: UUID, *, lock: bool = False
) -> PaymentIssue:
    """The issue, or NotFound."""
    query = select(PaymentIssue).where(
        PaymentIssue.id == issue_id, PaymentIssue.buyer_id == actor.org_id
    )
    issue = session.scalar(query.with_for_update() if lock else query)
    if issue is None:
        raise NotFound(_("There is no such issue."))
    return issue


def entries(
    session: Session,
    actor: Actor,
    *,
    subject_id: UUID | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[LedgerEntry]:
    """A page of the buyer's ledger, newest first."""
    query = select(LedgerEntry).where(LedgerEntry.buyer_id == actor.org_id).options(*WITH_POSTINGS)
    if subject_id is not None:
        query = query.where(LedgerEntry.subject_id == subject_id)
    order = (LedgerEntry.created_at.desc(), LedgerEntry.id.desc())
    return paginate(session, query, order=order, cursor=cursor, limit=limit)


def balances(session: Session, buyer_id: UUID) -> dict[tuple[str, Account], Decimal]:
    """The balance of each account, per currency."""
    rows = session.execute(
        select(LedgerEntry.currency, LedgerPosting.account, func.sum(LedgerPosting.amount))
        .join(LedgerPosting, LedgerPosting.entry_id == LedgerEntry.id)
        .where(LedgerEntry.buyer_id == buyer_id)
        .group_by(LedgerEntry.currency, LedgerPosting.account)
    )
    return {(currency, account): total for currency, account, total in rows}


def unsettled_since(session: Session, before: datetime, limit: int = 200) -> Sequence[UUID]:
    """Payments of which we have heard nothing final although they were made before then."""
    waiting = (*LIVE, PaymentState.CANCELLING)
    return session.scalars(
        select(Payment.id)
        .where(Payment.state.in_(waiting), Payment.created_at < before)
        .order_by(Payment.created_at)
        .limit(limit)
    ).all()


def waiting_refunds(session: Session, limit: int = 200) -> Sequence[UUID]:
    """Refunds that were decided and of which the provider has not told the outcome."""
    return session.scalars(
        select(Refund.id).where(Refund.state == RefundState.REQUESTED).limit(limit)
    ).all()
