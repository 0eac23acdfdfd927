"""C-10: the process that creates and submits an order, killed before every single step."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.app import create_app
from marketplace.approvals.models import ApprovalRequest
from marketplace.core.audit import AuditEvent
from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.orders.models import Order, OrderLine
from marketplace.settings import Settings
from marketplace.web.context import WebApp
from tests.clients import ApiClient
from tests.conftest import WORKER_ROLE, make_key
from tests.factories.orders import Parties
from tests.forks import Step, killed_at_every_step

# authentication, claim, number, order, lines, audit, event, answer and commit take at least so many
FEWEST_STEPS = 10


class Partner:
    """A buyer's program that repeats a request with its key when no answer came."""

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.database_url, WORKER_ROLE)
        with self.database.transaction() as session:
            self.parties = Parties(session)
            self.key = make_key(session, self.parties.buyer)
        # made before the forks and used by them alone, so that each has connections of its own
        self.mortal = create_app(settings)
        self.survivor = create_app(settings)

    def post(self, app: WebApp, path: str, key: str, body: Any = None) -> TestResponse:
        client = ApiClient(app, Session(), self.key)
        return client.post(path, idempotency_key=key, json=body)

    def order(self) -> dict[str, Any]:
        return {
            "supplier_id": str(self.parties.vendor.id),
            "currency": "EUR",
            "lines": [
                {
                    "description": "Desk",
                    "quantity": {"value": "2", "unit": "C62"},
                    "unit_price": {"amount": "499.90", "currency": "EUR"},
                }
            ],
        }

    def counts(self) -> dict[str, int]:
        created = OutboxMessage.name == "orders.created"
        asked = OutboxMessage.name == "approvals.requested"
        counted = {
            "orders": select(func.count()).select_from(Order),
            "numbers": select(func.count(Order.number.distinct())),
            "lines": select(func.count()).select_from(OrderLine),
            "audited": select(func.count()).where(AuditEvent.action == "order.created"),
            "told": select(func.count()).where(created),
            "requests": select(func.count()).select_from(ApprovalRequest),
            "asked": select(func.count()).where(asked),
        }
        with self.database.transaction() as session:
            return {name: session.scalar(query) or 0 for name, query in counted.items()}


@pytest.fixture
def partner(committed: Settings) -> Iterator[Partner]:
    partner = Partner(committed)
    yield partner
    partner.survivor.database.dispose()
    partner.database.dispose()


def test_a_repeat_after_the_kill_gives_one_order_wherever_it_struck(partner: Partner) -> None:
    keys = [str(uuid4())]

    def create(_step: Step) -> None:
        answer = partner.post(partner.mortal, "/orders", keys[-1], partner.order())
        assert answer.status_code == 201

    for died_at in killed_at_every_step(create):
        before = partner.counts()
        assert before["orders"] == len(keys) - 1, f"half an order after step {died_at}"
        first = partner.post(partner.survivor, "/orders", keys[-1], partner.order())
        again = partner.post(partner.survivor, "/orders", keys[-1], partner.order())
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json == again.json
        keys.append(str(uuid4()))
    assert len(keys) > FEWEST_STEPS
    made = len(keys)
    assert partner.counts() == {
        "orders": made,
        "numbers": made,
        "lines": made,
        "audited": made,
        "told": made,
        "requests": 0,
        "asked": 0,
    }


def test_a_killed_submission_asks_for_one_approval(partner: Partner) -> None:
    def new_order() -> str:
        answer = partner.post(partner.survivor, "/orders", str(uuid4()), partner.order())
        return str(answer.json["id"])

    orders = [(new_order(), str(uuid4()))]

    def submit(_step: Step) -> None:
        order_id, key = orders[-1]
        assert partner.post(partner.mortal, f"/orders/{order_id}/submit", key).status_code == 200

    for _died_at in killed_at_every_step(submit):
        order_id, key = orders[-1]
        answer = partner.post(partner.survivor, f"/orders/{order_id}/submit", key)
        assert (answer.status_code, answer.json["state"]) == (200, "awaiting_approval")
        orders.append((new_order(), str(uuid4())))
    assert len(orders) > FEWEST_STEPS
    counts = partner.counts()
    assert counts["requests"] == counts["asked"] == counts["orders"] == len(orders)
