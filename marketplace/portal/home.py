"""The home page: what waits for this person, and what is under way."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from marketplace.core.audit import AuditEvent
from marketplace.core.tasks import Task
from marketplace.identity.permissions import Actor, Permission, Role
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order
from marketplace.portal import oversight
from marketplace.portal.waiting import waiting
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq

RECENT = 8


@dataclass(frozen=True)
class Overview:
    """All that the home page shows."""

    tasks: Sequence[Task]
    rfqs: Sequence[Rfq]
    orders: Sequence[Order]
    changes: Sequence[AuditEvent]


def overview(session: Session, actor: Actor) -> Overview:
    """The person's tasks, and the newest RFQs and orders that they may see."""
    return Overview(
        tasks=waiting(session, actor),
        rfqs=_rfqs(session, actor),
        orders=_orders(session, actor),
        changes=_changes(session, actor),
    )


def _rfqs(session: Session, actor: Actor) -> Sequence[Rfq]:
    if not actor.may(Permission.RFQ_READ):
        return []
    newest = rfq_queries.visible_to(actor).order_by(Rfq.created_at.desc(), Rfq.id.desc())
    return session.scalars(newest.limit(RECENT)).all()


def _orders(session: Session, actor: Actor) -> Sequence[Order]:
    if not actor.may(Permission.ORDER_READ):
        return []
    return order_queries.search(session, actor, limit=RECENT).items


def _changes(session: Session, actor: Actor) -> Sequence[AuditEvent]:
    """For whoever watches over the whole and has nothing to do in it."""
    if Role.AUDITOR not in actor.roles:
        return []
    return oversight.search_history(session, actor, limit=RECENT).items
