"""Reading invoices, for those who may."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.invoices import queries
from marketplace.invoices.models import Invoice, MatchTolerance
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order


@requires(Permission.INVOICE_READ)
def invoice(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    return queries.get(session, actor, invoice_id)


@requires(Permission.INVOICE_READ)
def with_order(session: Session, actor: Actor, invoice_id: UUID) -> tuple[Invoice, Order | None]:
    """The invoice and the order that it is for."""
    found = queries.get(session, actor, invoice_id)
    order = order_queries.get(session, actor, found.order_id) if found.order_id else None
    return found, order


@requires(Permission.INVOICE_READ)
def invoices(session: Session, actor: Actor, /, **filters: Any) -> Page[Invoice]:
    return queries.search(session, actor, **filters)


@requires(Permission.INVOICE_READ)
def tolerance(session: Session, actor: Actor) -> MatchTolerance:
    return queries.tolerance_of(session, actor.organisation_id)
