"""RFM scores, segments and values of a seller's whole customer base."""

from datetime import UTC
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.customers import queries, rules
from marketplace.customers.models import Customer, CustomerOrder
from marketplace.customers.rules import Purchases, Rfm
from marketplace.identity.permissions import Actor


def rescore_all(session: Session, actor: Actor) -> int:
    """Score the customers of every seller; returns the number of sellers. Safe to repeat."""
    sellers = session.scalars(select(Customer.seller_id).distinct().order_by(Customer.seller_id))
    return sum(1 for seller_id in sellers.all() if rescore(session, seller_id) >= 0)


def rescore(session: Session, seller_id: UUID) -> int:
    """Score one seller's customers as of now; returns how many have orders."""
    now = clock.now()
    today = now.astimezone(UTC).date()
    orders = queries.population(session, seller_id)
    customers = session.scalars(
        select(Customer).where(Customer.seller_id == seller_id).order_by(Customer.id)
    ).all()
    bought = {
        c.id: p for c in customers if (p := queries.purchases_of(orders.get(c.id, []))) is not None
    }
    scored = [c for c in customers if c.id in bought]
    scores = rules.rfm_scores(
        [(today - bought[c.id].last_on).days for c in scored],
        [bought[c.id].orders for c in scored],
        [bought[c.id].revenue for c in scored],
    )
    table = queries.segments_of(queries.segment_table(session, seller_id))
    found = dict(zip((c.id for c in scored), scores, strict=True))
    for customer in customers:
        rfm = found.get(customer.id)
        _put_scores(customer, rfm, rules.segment_of(rfm, table) if rfm else None)
        customer.scored_at = now
    _put_values(session, seller_id, scored, bought, orders)
    session.flush()
    return len(scored)


def _put_scores(customer: Customer, rfm: Rfm | None, segment: str | None) -> None:
    customer.recency_score = rfm.recency if rfm else None
    customer.frequency_score = rfm.frequency if rfm else None
    customer.monetary_score = rfm.monetary if rfm else None
    customer.segment = segment


def _put_values(
    session: Session,
    seller_id: UUID,
    scored: list[Customer],
    bought: dict[UUID, Purchases],
    orders: dict[UUID, list[CustomerOrder]],
) -> None:
    if not scored:
        return
    today = clock.now().astimezone(UTC).date()
    assumed = queries.settings(session, seller_id, scored[0].currency)
    rates = {
        c.id: bought[c.id].orders / span
        for c in scored
        if (span := rules.years_between(bought[c.id].first_on, today)) >= 1
    }
    total = sum(rates.values(), Decimal(0))
    for customer in scored:
        purchases = bought[customer.id]
        peers = len(rates) - (customer.id in rates)
        others = total - rates.get(customer.id, Decimal(0))
        cost = customer.acquisition_cost
        value = rules.value_of(
            purchases,
            today,
            currency=customer.currency,
            years=assumed.relation_years,
            acquisition_cost=assumed.acquisition_cost if cost is None else cost,
            peers=others / peers if peers else None,
        )
        customer.lifetime_value = value.value
        customer.low_data = value.low_data
        interval = rules.usual_interval([o.ordered_at.date() for o in orders[customer.id]])
        customer.churn = rules.churn_hint(purchases.orders, interval, purchases.last_on, today)
