"""Reading invoices, for those who may."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.invoices import queries
from marketplace.invoices.models import Invoice, MatchTolerance
from marketplace.orders.models import OrderLine


@requires(Permission.INVOICE_READ)
def invoice(session: Session, actor: Actor, invoice_id: UUID) -> Invoice:
    return queries.get(session, actor, invoice_id)


@requires(Permission.INVOICE_READ)
def with_order_lines(
    session: Session, actor: Actor, invoice_id: UUID
) -> tuple[Invoice, dict[UUID, OrderLine]]:
    """The invoice and the lines of the order that it is for."""
    found = queries.get(session, actor, invoice_id)
    return found, queries.order_lines(session, found)


@requires(Permission.INVOICE_READ)
def invoices(session: Session, actor: Actor, /, **filters: Any) -> Page[Invoice]:
    return queries.search(session, actor, **filters)


@requires(Permission.INVOICE_READ)
def tolerance(session: Session, actor: Actor) -> MatchTolerance:
    return queries.tolerance_of(session, actor.organisation_id)
