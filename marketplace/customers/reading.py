"""Reads of customers that need a permission."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.pages import Page
from marketplace.customers import queries
from marketplace.customers.models import Interaction, SegmentRule, SellerSettings
from marketplace.customers.states import ChurnHint
from marketplace.identity.permissions import Actor, Permission, requires

SegmentCounts = dict[str, tuple[int, Decimal]]


@requires(Permission.CUSTOMER_READ)
def search(
    session: Session,
    actor: Actor,
    *,
    segment: str | None = None,
    churn: ChurnHint | None = None,
    containing: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[queries.Entry]:
    """A page of customers, the most valuable first."""
    return queries.search(
        session,
        actor,
        segment=segment,
        churn=churn,
        containing=containing,
        cursor=cursor,
        limit=limit,
    )


@requires(Permission.CUSTOMER_READ)
def entry(session: Session, actor: Actor, customer_id: UUID) -> queries.Entry:
    """One customer, or NotFound."""
    return queries.entry(session, actor, customer_id)


@requires(Permission.CUSTOMER_READ)
def analytics(session: Session, actor: Actor, customer_id: UUID) -> queries.Analytics:
    """The figures of one customer as of now."""
    return queries.analytics(session, actor, customer_id, clock.now())


@requires(Permission.CUSTOMER_READ)
def interactions(
    session: Session,
    actor: Actor,
    customer_id: UUID,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Interaction]:
    """A page of what was said and done."""
    return queries.interactions(session, actor, customer_id, cursor=cursor, limit=limit)


@requires(Permission.CUSTOMER_READ)
def settings(session: Session, actor: Actor) -> SellerSettings:
    """What the seller assumes for lifetime value."""
    return queries.settings(session, actor.organisation_id, actor.currency)


@requires(Permission.CUSTOMER_READ)
def segments(session: Session, actor: Actor) -> tuple[list[SegmentRule], SegmentCounts]:
    """The segment table in use, and customers with their value by segment."""
    return (
        queries.segment_table(session, actor.organisation_id),
        queries.segment_counts(session, actor),
    )
