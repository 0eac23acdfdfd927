"""Reads of a seller's customers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.customers import rules
from marketplace.customers.models import (
    Customer,
    CustomerOrder,
    Interaction,
    SegmentRule,
    SellerSettings,
)
from marketplace.customers.rules import LifetimeValue, Purchases, Segment
from marketplace.customers.states import ChurnHint
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor

MONTHS_SHOWN = 12


@dataclass(frozen=True)
class Entry:
    """A customer with its organisation."""

    customer: Customer
    organisation: Organisation


@dataclass(frozen=True)
class Month:
    """Orders of one month."""

    month: date
    orders: int
    net: Decimal


@dataclass(frozen=True)
class Analytics:
    """What the figures of one customer say, each with what it was made of."""

    customer: Customer
    lifetime: LifetimeValue | None
    interval_days: Decimal | None
    churn: ChurnHint
    months: Sequence[Month]
    orders: Sequence[CustomerOrder]


def visible_to(actor: Actor) -> Select[Customer]:
    """The customers of the actor's organisation as a seller."""
    return select(Customer).where(Customer.seller_id == actor.org_id)


def get(session: Session, actor: Actor, customer_id: UUID, *, lock: bool = False) -> Customer:
    """The customer, or NotFound."""
    query = visible_to(actor).where(Customer.id == customer_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such customer."))
    return found


def entry(session: Session, actor: Actor, customer_id: UUID) -> Entry:
    """The customer with its organisation, or NotFound."""
    return entry_of(session, get(session, actor, customer_id))


def entry_of(session: Session, customer: Customer) -> Entry:
    """The customer, which the actor was found to see, with its organisation."""
    return Entry(customer, identity_queries.organisation(session, customer.buyer_id))


def search(
    session: Session,
    actor: Actor,
    *,
    segment: str | None = None,
    churn: ChurnHint | None = None,
    containing: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Entry]:
    """A page of customers, the most valuable first."""
    query = visible_to(actor)
    if segment:
        query = query.where(Customer.segment == segment)
    if churn:
        query = query.where(Customer.churn == churn)
    if containing:
        named = identity_queries.directory(containing=containing).with_only_columns(Organisation.id)
        query = query.where(Customer.buyer_id.in_(named))
    page = paginate(
        session,
        query,
        order=(Customer.revenue.desc(), Customer.id),
        cursor=cursor,
        limit=limit,
    )
    buyers = identity_queries.organisations(session, [c.buyer_id for c in page.items])
    return Page([Entry(c, buyers[c.buyer_id]) for c in page.items], page.next_cursor)


def segment_table(session: Session, seller_id: UUID) -> list[SegmentRule]:
    """The seller's own table, or the one everybody starts with."""
    rows = session.scalars(
        select(SegmentRule)
        .where(or_(SegmentRule.seller_id == seller_id, SegmentRule.seller_id.is_(None)))
        .order_by(SegmentRule.position)
    ).all()
    own = [row for row in rows if row.seller_id == seller_id]
    return own or list(rows)


def segments_of(rows: Sequence[SegmentRule]) -> list[Segment]:
    """The table as the rules take it."""
    return [
        Segment(
            code=row.code,
            recency=(row.recency_from, row.recency_to),
            frequency=(row.frequency_from, row.frequency_to),
            monetary=(row.monetary_from, row.monetary_to),
        )
        for row in rows
    ]


def segment_counts(session: Session, actor: Actor) -> dict[str, tuple[int, Decimal]]:
    """Customers and value by segment."""
    rows = session.execute(
        select(Customer.segment, func.count(), func.sum(Customer.revenue - Customer.refunded))
        .where(Customer.seller_id == actor.org_id, Customer.segment.is_not(None))
        .group_by(Customer.segment)
    )
    return {segment: (count, value) for segment, count, value in rows if segment}


def settings(session: Session, seller_id: UUID, currency: str) -> SellerSettings:
    """The seller's assumptions; the defaults, not stored, when nothing was chosen."""
    found = session.get(SellerSettings, seller_id)
    return found or SellerSettings(
        seller_id=seller_id,
        currency=currency,
        relation_years=Decimal(4),
        acquisition_cost=Decimal(0),
        version=0,
    )


def orders(session: Session, customer_id: UUID) -> Sequence[CustomerOrder]:
    """Completed orders of the customer, newest first."""
    return session.scalars(
        select(CustomerOrder)
        .where(CustomerOrder.customer_id == customer_id)
        .order_by(CustomerOrder.ordered_at.desc(), CustomerOrder.order_id)
    ).all()


def interactions(
    session: Session,
    actor: Actor,
    customer_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Interaction]:
    """A page of what was said and done, newest first."""
    get(session, actor, customer_id)
    return paginate(
        session,
        select(Interaction).where(Interaction.customer_id == customer_id),
        order=(Interaction.held_on.desc(), Interaction.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def analytics(session: Session, actor: Actor, customer_id: UUID, at: datetime) -> Analytics:
    """Lifetime value, interval, churn hint and the last twelve months of one customer."""
    customer = get(session, actor, customer_id)
    today = at.astimezone(UTC).date()
    whole = orders(session, customer.id)
    counted = [o for o in whole if o.currency == customer.currency and o.net > o.refunded]
    interval = rules.usual_interval([o.ordered_at.date() for o in counted])
    purchases = purchases_of(counted)
    return Analytics(
        customer=customer,
        lifetime=None if purchases is None else _lifetime(session, customer, purchases, today),
        interval_days=interval,
        churn=ChurnHint.LOW_DATA
        if purchases is None
        else rules.churn_hint(purchases.orders, interval, purchases.last_on, today),
        months=_months(counted, today),
        orders=whole,
    )


def purchases_of(counted: Sequence[CustomerOrder]) -> Purchases | None:
    """Orders less refunds; a fully refunded order is no purchase."""
    if not counted:
        return None
    days = [order.ordered_at.date() for order in counted]
    return Purchases(
        orders=len(counted),
        revenue=sum((o.net - o.refunded for o in counted), Decimal(0)),
        first_on=min(days),
        last_on=max(days),
    )


def population(session: Session, seller_id: UUID) -> dict[UUID, list[CustomerOrder]]:
    """Every order that counts, by customer, of one seller, in the customers' currency."""
    rows = session.scalars(
        select(CustomerOrder)
        .join(Customer, Customer.id == CustomerOrder.customer_id)
        .where(
            CustomerOrder.seller_id == seller_id,
            CustomerOrder.currency == Customer.currency,
            CustomerOrder.net > CustomerOrder.refunded,
        )
        .order_by(CustomerOrder.customer_id, CustomerOrder.ordered_at)
    )
    found: dict[UUID, list[CustomerOrder]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(row)
    return found


def _lifetime(
    session: Session, customer: Customer, purchases: Purchases, today: date
) -> LifetimeValue:
    assumed = settings(session, customer.seller_id, customer.currency)
    others = population(session, customer.seller_id)
    peers = rules.peer_rate(
        [p for key, rows in others.items() if key != customer.id and (p := purchases_of(rows))],
        today,
    )
    cost = customer.acquisition_cost
    return rules.value_of(
        purchases,
        today,
        currency=customer.currency,
        years=assumed.relation_years,
        acquisition_cost=assumed.acquisition_cost if cost is None else cost,
        peers=peers,
    )


def _months(counted: Sequence[CustomerOrder], today: date) -> list[Month]:
    found = {month: (0, Decimal(0)) for month in rules.months_back(today, MONTHS_SHOWN)}
    for order in counted:
        month = rules.month_of(order.ordered_at)
        if month in found:
            number, net = found[month]
            found[month] = (number + 1, net + order.net - order.refunded)
    return [Month(month, number, net) for month, (number, net) in found.items()]
