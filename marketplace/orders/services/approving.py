"""From a draft to an order that binds: submit, approve, send back, issue."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import service as approvals
from marketplace.approvals.rules import Candidates, Route
from marketplace.approvals.states import RequestState
from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, DomainError
from marketplace.core.text import _
from marketplace.events.orders import OrderApproved, OrderIssued
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.orders import drafts, queries, rules, subjects
from marketplace.orders.models import Order
from marketplace.orders.states import ORDER_FLOW, OrderState
from marketplace.orders.subjects import SUBJECT
from marketplace.suppliers import queries as supplier_queries


class SupplierBlocked(Conflict):
    code = "supplier_blocked"


@requires(Permission.ORDER_DRAFT)
def submit(
    session: Session, actor: Actor, order_id: UUID, expected_version: int | None = None
) -> Order:
    """Ask for approval of what is stored. Issued at once where nobody has to be asked.

    An approval that still covers the content (a pure decrease) is kept.
    """
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    after = ORDER_FLOW.next(order.state, "submit")
    rules.check_ready(order, clock.now().date())
    drafts.recompute(order)
    order.submitted_at = clock.now()
    if rules.is_covered(rules.content_of(order), order.approved_content):
        _audit(session, actor, "order.submitted", order, approval="kept")
        _approve(session, actor, order, order.submitted_at)
        return order
    asked = approvals.request(session, actor, subjects.subject_of(order))
    order.state = after
    _audit(session, actor, "order.submitted", order, request_id=str(asked.id))
    if asked.state is RequestState.GRANTED:
        _approve(session, actor, order, order.submitted_at)
    return order


@requires(Permission.ORDER_DRAFT)
def preview(session: Session, actor: Actor, order_id: UUID) -> tuple[Route, list[Candidates]]:
    """Who would have to approve the order as it stands."""
    return approvals.preview(
        session, actor, subjects.subject_of(queries.get(session, actor, order_id))
    )


@requires(Permission.ORDER_DRAFT)
def withdraw(
    session: Session, actor: Actor, order_id: UUID, expected_version: int | None = None
) -> Order:
    """Take a submitted order back to the draft; the request for approval ends."""
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    order.state = ORDER_FLOW.next(order.state, "withdraw")
    approvals.withdraw(session, actor, SUBJECT, order.id)
    _audit(session, actor, "order.withdrawn", order)
    return order


@requires(Permission.ORDER_ISSUE)
def approve(session: Session, actor: Actor, order_id: UUID, fingerprint: str, at: datetime) -> None:
    """Take over what was granted at this time. An order that changed since is left as it is."""
    order = queries.get(session, actor, order_id, lock=True)
    if order.state is OrderState.AWAITING_APPROVAL and order.fingerprint == fingerprint:
        _approve(session, actor, order, at)


@requires(Permission.ORDER_ISSUE)
def send_back(session: Session, actor: Actor, order_id: UUID, fingerprint: str) -> None:
    """The approvers said no or asked back: a draft again, for exactly this content."""
    order = queries.get(session, actor, order_id, lock=True)
    if order.state is OrderState.AWAITING_APPROVAL and order.fingerprint == fingerprint:
        order.state = ORDER_FLOW.next(order.state, "send_back")
        _audit(session, actor, "order.returned", order)


@requires(Permission.ORDER_ISSUE)
def issue(
    session: Session, actor: Actor, order_id: UUID, expected_version: int | None = None
) -> Order:
    """Send an approved order to its supplier. From here on it binds and is never changed."""
    order = queries.get(session, actor, order_id, lock=True)
    check_version(order, expected_version)
    _issue(session, actor, order, clock.now())
    return order


def _approve(session: Session, actor: Actor, order: Order, at: datetime) -> None:
    order.state = ORDER_FLOW.next(order.state, "approve")
    order.approved_at = at
    if not rules.is_covered(rules.content_of(order), order.approved_content):
        order.approved_content = rules.content_of(order)
    _audit(session, actor, "order.approved", order)
    outbox.record(
        session,
        OrderApproved(
            order_id=order.id,
            buyer_id=order.buyer_id,
            supplier_id=order.supplier_id,
            number=order.number,
            approved_at=at,
        ),
        audience=[order.buyer_id],
    )
    if order.issue_when_approved:
        _issue_if_possible(session, actor, order, at)


def _issue_if_possible(session: Session, actor: Actor, order: Order, at: datetime) -> None:
    """Issue now; an obstacle leaves the order approved, for its buyer to look at."""
    try:
        _issue(session, actor, order, at)
    except DomainError as obstacle:
        _audit(session, actor, "order.held", order, code=obstacle.code)


def _issue(session: Session, actor: Actor, order: Order, at: datetime) -> None:
    after = ORDER_FLOW.next(order.state, "issue")
    rules.check_approved(order)
    _check_supplier(session, order)
    if order.replaces_id is not None:
        _replace(session, actor, order.replaces_id, order)
    order.state = after
    order.issued_at = at
    _audit(session, actor, "order.issued", order)
    outbox.record(
        session,
        OrderIssued(
            order_id=order.id,
            buyer_id=order.buyer_id,
            supplier_id=order.supplier_id,
            number=order.number,
            issued_at=at,
        ),
        audience=[order.buyer_id, order.supplier_id],
    )


def _check_supplier(session: Session, order: Order) -> None:
    """A blocked or archived supplier gets no order, however long ago it was approved."""
    supplier = identity_queries.organisation(session, order.supplier_id)
    if not supplier.active or supplier_queries.blocked_ids(session, [order.supplier_id]):
        raise SupplierBlocked(_("This supplier is blocked. Nothing can be ordered from it."))


def _replace(session: Session, actor: Actor, earlier_id: UUID, order: Order) -> None:
    """The earlier revision ends, provided that nothing has arrived on it."""
    earlier = queries.get(session, actor, earlier_id, lock=True)
    after = ORDER_FLOW.next(earlier.state, "replace")
    rules.check_nothing_received(earlier)
    earlier.state = after
    _audit(session, actor, "order.replaced", earlier, by=str(order.id))


def _audit(session: Session, actor: Actor, action: str, order: Order, **data: object) -> None:
    audit.record(
        session,
        actor,
        action,
        (SUBJECT, order.id),
        {"gross": str(order.gross), "currency": order.currency, "fingerprint": order.fingerprint}
        | data,
        owner_id=order.buyer_id,
    )
