"""Customer relations and their orders."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.customers import reactions
from marketplace.customers.models import Customer
from marketplace.identity.models import Organisation
from tests.factories.identity import make_organisation
from tests.factories.loyalty import order_completed


def make_customer(
    session: Session, seller_id: UUID, buyer: Organisation | None = None, **overrides: Any
) -> Customer:
    """A relation without orders."""
    buyer = buyer or make_organisation(session)
    customer = Customer(seller_id=seller_id, buyer_id=buyer.id, **({"currency": "EUR"} | overrides))
    session.add(customer)
    session.flush()
    return customer


def count_orders(
    session: Session, seller_id: UUID, buyer: Organisation, *orders: tuple[str, str]
) -> Customer:
    """Completed orders of (day, net), as the event counts them."""
    for ordered_on, net in orders:
        at = datetime.fromisoformat(f"{ordered_on}T10:00:00").replace(tzinfo=UTC)
        event = order_completed(buyer.id, seller_id, net, ordered_at=at, completed_at=at)
        reactions.count_order(session, event)
    session.flush()
    return session.scalars(
        select(Customer).where(Customer.seller_id == seller_id, Customer.buyer_id == buyer.id)
    ).one()


def value(customer: Customer) -> Decimal:
    """Value at the places of euros, for comparing."""
    return customer.value.quantize(Decimal("0.01"))
