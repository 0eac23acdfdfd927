"""What orders do when something happens elsewhere, and what they tell people."""

from datetime import datetime

from sqlalchemy.orm import Session

from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.events.approvals import ApprovalGranted, ApprovalRejected, ApprovalReturned
from marketplace.events.orders import (
    GoodsReceived,
    OrderAcknowledged,
    OrderApproved,
    OrderCancelled,
    OrderIssued,
    OrderRefused,
)
from marketplace.events.rfq import RfqAwarded
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM, Role
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind
from marketplace.orders import filing, queries
from marketplace.orders.models import Order
from marketplace.orders.services import approving, drafting
from marketplace.orders.states import OrderState
from marketplace.orders.subjects import SUBJECT
from marketplace.rfq.awards import queries as award_queries

register_kind(
    "order_drafted",
    title=_("Order to submit: %(number)s"),
    body=_("The award made %(number)s to %(supplier)s over %(total)s. Check and submit it."),
    button=_("Check the order"),
)
register_kind(
    "order_held",
    title=_("Approved, not sent: %(number)s"),
    body=_("%(number)s to %(supplier)s is approved, but could not be sent to the supplier."),
)
register_kind(
    "order_issued",
    title=_("New order %(number)s from %(buyer)s"),
    body=_("%(buyer)s has ordered for %(total)s. Please confirm or refuse the order."),
    button=_("Confirm the order"),
)
register_kind(
    "order_acknowledged",
    title=_("Confirmed: %(number)s"),
    body=_("%(supplier)s has confirmed %(number)s over %(total)s."),
)
register_kind(
    "order_refused",
    title=_("Refused: %(number)s"),
    body=_("%(supplier)s has refused %(number)s: %(reason)s"),
)
register_kind(
    "order_cancelled",
    title=_("Cancelled: %(number)s"),
    body=_("%(buyer)s has cancelled %(number)s: %(reason)s"),
)
register_kind(
    "goods_rejected",
    title=_("Goods rejected: %(number)s"),
    body=_("%(buyer)s has rejected goods of %(number)s. Please look at the receipt."),
)


def draft_orders(session: Session, event: RfqAwarded) -> None:
    """The award becomes one draft per winner. A repeat finds them there."""
    awarded = award_queries.award(session, event.award_id)
    for order in drafting.create_from_award(session, SYSTEM, awarded):
        _tell_buyer(session, order, "order_drafted", event.awarded_at)


def take_over_approval(session: Session, event: ApprovalGranted) -> None:
    """Approved: the order is approved too and goes out, if it is still the same."""
    if event.subject_kind == SUBJECT:
        approving.approve(session, SYSTEM, event.subject_id, event.fingerprint, event.decided_at)


def take_back_order(session: Session, event: ApprovalRejected | ApprovalReturned) -> None:
    """A no or a question: the order is a draft again."""
    if event.subject_kind == SUBJECT:
        approving.send_back(session, SYSTEM, event.subject_id, event.fingerprint)


def tell_held_back(session: Session, event: OrderApproved) -> None:
    """Approved and meant to go out, but an obstacle kept it here."""
    order = queries.get(session, SYSTEM, event.order_id)
    if order.state is OrderState.APPROVED and order.issue_when_approved:
        _tell_buyer(session, order, "order_held", event.approved_at)


def file_paper(session: Session, event: OrderIssued) -> None:
    """Set the order on paper, once."""
    filing.file(session, queries.get(session, SYSTEM, event.order_id, lock=True))


def tell_supplier_issued(session: Session, event: OrderIssued) -> None:
    order = queries.get(session, SYSTEM, event.order_id)
    _tell_supplier(session, order, "order_issued", event.issued_at)


def tell_buyer_acknowledged(session: Session, event: OrderAcknowledged) -> None:
    order = queries.get(session, SYSTEM, event.order_id)
    _tell_buyer(session, order, "order_acknowledged", event.acknowledged_at)


def tell_buyer_refused(session: Session, event: OrderRefused) -> None:
    order = queries.get(session, SYSTEM, event.order_id)
    _tell_buyer(session, order, "order_refused", event.refused_at)


def tell_supplier_cancelled(session: Session, event: OrderCancelled) -> None:
    """Only a supplier that knew the order hears that it is gone."""
    if event.was_issued:
        order = queries.get(session, SYSTEM, event.order_id)
        _tell_supplier(session, order, "order_cancelled", event.cancelled_at)


def tell_supplier_rejected(session: Session, event: GoodsReceived) -> None:
    """Rejected goods are owed again: the supplier should know at once."""
    if any(line.rejected for line in event.lines):
        order = queries.get(session, SYSTEM, event.order_id)
        about = str(event.receipt_id)
        _tell_supplier(session, order, "goods_rejected", event.received_at, about)


def _tell_supplier(
    session: Session, order: Order, kind: str, at: datetime, about: str = ""
) -> None:
    notifications.notify(
        session,
        org_id=order.supplier_id,
        kind=kind,
        url=f"/orders/{order.id}",
        roles=[Role.SUPPLIER],
        params=_words(session, order),
        occurred_at=at,
        dedupe_key=f"{kind}:{order.id}:{about}",
    )


def _tell_buyer(session: Session, order: Order, kind: str, at: datetime) -> None:
    """Who wrote the order; every buyer of the company when nobody did."""
    notifications.notify(
        session,
        org_id=order.buyer_id,
        kind=kind,
        url=f"/orders/{order.id}",
        person_ids=[order.created_by] if order.created_by else [],
        roles=[] if order.created_by else [Role.BUYER],
        params=_words(session, order),
        occurred_at=at,
        dedupe_key=f"{kind}:{order.id}",
    )


def _words(session: Session, order: Order) -> dict[str, object]:
    return {
        "number": order.number,
        "buyer": identity_queries.organisation(session, order.buyer_id).name,
        "supplier": order.supplier_name,
        "total": Money(order.gross, order.currency),
        "reason": order.refusal_reason or order.cancel_reason or "",
    }
