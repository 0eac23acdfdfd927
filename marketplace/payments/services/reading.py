"""Reading payments and the books, for those who may."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.payments import queries
from marketplace.payments.models import LedgerEntry, Payment, PaymentIssue, Refund


@requires(Permission.PAYMENT_READ)
def payment(session: Session, actor: Actor, payment_id: UUID) -> Payment:
    return queries.get(session, actor, payment_id)


@requires(Permission.PAYMENT_READ)
def payments(session: Session, actor: Actor, /, **filters: Any) -> Page[Payment]:
    return queries.search(session, actor, **filters)


@requires(Permission.PAYMENT_READ)
def refunds(session: Session, actor: Actor, /, **filters: Any) -> Page[Refund]:
    return queries.search_refunds(session, actor, **filters)


@requires(Permission.PAYMENT_READ)
def entries(session: Session, actor: Actor, /, **filters: Any) -> Page[LedgerEntry]:
    return queries.entries(session, actor, **filters)


@requires(Permission.PAYMENT_READ)
def open_issues(session: Session, actor: Actor) -> Sequence[PaymentIssue]:
    return queries.open_issues(session, actor)
