"""Orders in every state, made through the use cases."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import queries as approval_queries
from marketplace.approvals import service as approvals
from marketplace.approvals.states import Verdict
from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind, Role
from marketplace.orders.models import Order, Receipt
from marketplace.orders.receiving_rules import ReceivedDraft
from marketplace.orders.rules import LineDraft, OrderDraft
from marketplace.orders.services import approving, drafting, receiving
from tests.factories.identity import make_actor, make_organisation

CHAIR = LineDraft(
    description="Office chair", quantity=Decimal(10), unit="C62", unit_price=Decimal("100")
)


class Parties:
    """A buyer's people and one supplier, as orders need them."""

    def __init__(self, session: Session, **supplier: Any) -> None:
        self.company: Organisation = make_organisation(session, OrgKind.BUYER)
        self.buyer = make_actor(session, OrgKind.BUYER, Role.BUYER, organisation=self.company)
        self.requester = self._member(session, Role.REQUESTER)
        self.approver = self._member(session, Role.APPROVER)
        self.receiver = self._member(session, Role.RECEIVER)
        self.vendor = make_organisation(session, OrgKind.SUPPLIER, **supplier)
        self.supplier = make_actor(
            session, OrgKind.SUPPLIER, Role.SUPPLIER, organisation=self.vendor
        )

    def _member(self, session: Session, role: Role) -> Actor:
        return make_actor(session, OrgKind.BUYER, role, organisation=self.company)


def line(**overrides: Any) -> LineDraft:
    values = {name: getattr(CHAIR, name) for name in LineDraft.__dataclass_fields__}
    return LineDraft(**(values | overrides))


def order_draft(supplier_id: UUID, *lines: LineDraft, **overrides: Any) -> OrderDraft:
    values: dict[str, Any] = {"supplier_id": supplier_id, "currency": "EUR", "title": "Chairs"}
    return OrderDraft(**(values | overrides), lines=lines or (CHAIR,))


def make_order(session: Session, parties: Parties, *lines: LineDraft, **overrides: Any) -> Order:
    """A draft: 10 chairs at 100.00 unless told otherwise."""
    draft = order_draft(parties.vendor.id, *lines, **overrides)
    return drafting.create(session, parties.buyer, draft)


def make_submitted(
    session: Session, parties: Parties, *lines: LineDraft, **overrides: Any
) -> Order:
    """Waiting for the approver."""
    order = make_order(session, parties, *lines, **overrides)
    return approving.submit(session, parties.buyer, order.id)


def approve(session: Session, parties: Parties, order: Order) -> Order:
    """The approver says yes and the order takes it over, as the reaction does."""
    [asked, *_] = approval_queries.about(session, SYSTEM, "order", order.id)
    approvals.decide(session, parties.approver, asked.id, Verdict.APPROVE)
    approving.approve(session, SYSTEM, order.id, asked.fingerprint, clock.now())
    return order


def make_issued(session: Session, parties: Parties, *lines: LineDraft, **overrides: Any) -> Order:
    """Approved and sent to the supplier."""
    return approve(session, parties, make_submitted(session, parties, *lines, **overrides))


def receive(
    session: Session,
    parties: Parties,
    order: Order,
    accepted: str | int,
    rejected: str | int = 0,
    *,
    line_no: int = 1,
    received_on: date | None = None,
) -> Receipt:
    """Book a delivery of one line."""
    [line] = [each for each in order.lines if each.line_no == line_no]
    reason = "Damaged" if Decimal(rejected) else ""
    draft = ReceivedDraft(line.id, Decimal(accepted), Decimal(rejected), reason)
    return receiving.receive(session, parties.receiver, order.id, [draft], received_on=received_on)
