"""Policies and subjects of approvals."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import service
from marketplace.approvals.models import ApprovalPolicy, ApprovalRequest
from marketplace.approvals.rules import PlannedStep, PolicyDraft, Subject, SubjectLine
from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor, Role

ONE_APPROVER = PlannedStep(title="Finance", role=Role.APPROVER)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def make_subject(amount: str | Money = "1000.00", **overrides: Any) -> Subject:
    subject_id: UUID = overrides.pop("id", None) or uuid7()
    values: dict[str, Any] = {
        "kind": "order",
        "id": subject_id,
        "title": "PO-2026-00001 · Chairs",
        "url": f"/orders/{subject_id}",
        "amount": amount if isinstance(amount, Money) else eur(amount),
        "fingerprint": "f" * 64,
        "category": "39112000",
        "partner": "Mobilier SARL",
        "lines": (
            SubjectLine("Chair", Decimal(10), "C62", Decimal(100), Decimal(1), Decimal(1000)),
        ),
    }
    return Subject(**(values | overrides))


def policy_draft(*steps: PlannedStep, **overrides: Any) -> PolicyDraft:
    values: dict[str, Any] = {"name": "Finance above 5,000", "currency": "EUR", "steps": steps}
    return PolicyDraft(**(values | overrides))


def make_policy(
    session: Session, manager: Actor, *steps: PlannedStep, **overrides: Any
) -> ApprovalPolicy:
    """A policy of the manager's organisation; without steps it asks nobody."""
    return service.create_policy(session, manager, policy_draft(*steps, **overrides))


def make_request(
    session: Session, requester: Actor, amount: str | Money = "1000.00", **overrides: Any
) -> ApprovalRequest:
    """A request of this person; their organisation must have an approver or a fitting policy."""
    return service.request(session, requester, make_subject(amount, **overrides))
