"""Several people at the same moment, in transactions that really commit."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.app import APP_ROLE, create_app
from marketplace.approvals.models import ApprovalDecision, ApprovalRequest
from marketplace.core.audit import AuditEvent
from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.orders.models import Order, Receipt
from marketplace.settings import Settings
from marketplace.web.context import WebApp
from tests.conftest import WORKER_ROLE, make_key
from tests.factories.identity import make_actor
from tests.factories.orders import Parties, make_issued, make_order, make_submitted
from workers.inline import drain

API = "/api/v1"
CROWD = 30


@dataclass
class World:
    """A database of its own, an application over it, and the parties of one order."""

    settings: Settings
    app: WebApp
    database: Database
    parties: Parties
    keys: dict[Any, str]

    def call(self, actor: Actor, method: str, path: str, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.keys[actor.person_id]}"}
        headers |= more.pop("headers", {})
        if method == "POST":
            headers.setdefault("Idempotency-Key", str(uuid4()))
        client = self.app.test_client()
        return client.open(API + path, method=method, headers=headers, **more)

    def together(self, *acts: Callable[[], TestResponse]) -> list[TestResponse]:
        """Release all at once; the answers in the order of the acts."""
        barrier = threading.Barrier(len(acts))
        answers: list[TestResponse | None] = [None] * len(acts)

        def run(number: int) -> None:
            barrier.wait()
            answers[number] = acts[number]()

        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [answer for answer in answers if answer is not None]

    def make(self, build: Callable[..., Order], *args: Any, **more: Any) -> Order:
        with self.database.transaction() as session:
            order = build(session, self.parties, *args, **more)
            session.flush()
            return order

    def count(self, table: Any, *where: Any) -> int:
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def read(self, read: Callable[[Session], Any]) -> Any:
        with self.database.transaction() as session:
            return read(session)


@pytest.fixture
def world(committed: Settings) -> Iterator[World]:
    database = Database(committed.database_url, WORKER_ROLE)
    serving = Database(committed.database_url, APP_ROLE, pool_size=CROWD)
    with database.transaction() as session:
        parties = Parties(session)
        second = make_actor(session, OrgKind.BUYER, Role.APPROVER, organisation=parties.company)
        people = (
            parties.buyer, parties.approver, parties.receiver, parties.supplier, second,
        )  # fmt: skip
        keys = {person.person_id: make_key(session, person) for person in people}
    parties.second_approver = second  # type: ignore[attr-defined]
    yield World(committed, create_app(committed, database=serving), database, parties, keys)
    serving.dispose()
    database.dispose()


def codes(answers: list[TestResponse]) -> list[tuple[int, str | None]]:
    return sorted((a.status_code, (a.json or {}).get("code")) for a in answers)


def waiting_request(world: World) -> str:
    found = world.read(lambda session: session.scalars(select(ApprovalRequest.id)).one())
    return str(found)


class TestC04:
    """One decision counts, whoever is faster, however often they click."""

    def decide(self, world: World, actor: Actor, verdict: str) -> Callable[[], TestResponse]:
        path = f"/approval-requests/{waiting_request(world)}/decisions"
        body = {"verdict": verdict, "reason": "Because"}
        return lambda: world.call(actor, "POST", path, json=body)

    @pytest.mark.parametrize("verdicts", [("approve", "approve"), ("approve", "reject")])
    def test_two_approvers_of_an_any_of_step(self, world: World, verdicts: tuple[str, str]) -> None:
        world.make(make_submitted)
        second: Actor = world.parties.second_approver  # type: ignore[attr-defined]
        answers = world.together(
            self.decide(world, world.parties.approver, verdicts[0]),
            self.decide(world, second, verdicts[1]),
        )
        assert codes(answers) == [(201, None), (409, "already_decided")]
        [loser] = [answer.json for answer in answers if answer.status_code == 409]
        [winner] = [answer.json for answer in answers if answer.status_code == 201]
        [decision] = winner["steps"][0]["decisions"]
        assert loser["winner"]["person_id"] == decision["person_id"]
        assert world.count(ApprovalDecision) == 1

    def test_the_same_approval_clicked_twice_issues_the_order_once(self, world: World) -> None:
        order = world.make(make_submitted)
        click = self.decide(world, world.parties.approver, "approve")
        assert codes(world.together(click, click)) == [(201, None), (409, "already_decided")]
        drain(world.database, world.settings)
        assert world.count(OutboxMessage, OutboxMessage.name == "orders.issued") == 1
        issued = AuditEvent.action == "order.issued"
        assert world.count(AuditEvent, AuditEvent.subject_id == order.id, issued) == 1


class TestC06:
    def test_an_edit_and_an_approval_at_the_same_moment(self, world: World) -> None:
        """Either the approval came first, then the edit voids it; or it finds changed content."""
        order = world.make(make_submitted, issue_when_approved=False)
        path = f"/approval-requests/{waiting_request(world)}/decisions"
        line = {
            "line_no": 1, "description": "Office chair",
            "quantity": {"value": "10", "unit": "C62"},
            "unit_price": {"amount": "100.001", "currency": "EUR"},
        }  # fmt: skip
        edited, decided = world.together(
            lambda: world.call(
                world.parties.buyer, "PATCH", f"/orders/{order.id}",
                json={"lines": [line]}, headers={"If-Match": f'"{order.version}"'},
            ),
            lambda: world.call(
                world.parties.approver, "POST", path, json={"verdict": "approve"}
            ),
        )  # fmt: skip
        assert edited.status_code == 200
        assert (decided.status_code, (decided.json or {}).get("code")) in [
            (201, None), (409, "content_changed"),
        ]  # fmt: skip
        drain(world.database, world.settings)
        answer = world.call(world.parties.buyer, "GET", f"/orders/{order.id}")
        assert answer.json is not None
        assert (answer.json["state"], answer.json["approved_at"]) == ("draft", None)


class TestC07:
    def test_two_edits_with_the_same_etag(self, world: World) -> None:
        order = world.make(make_order)
        path, etag = f"/orders/{order.id}", {"If-Match": f'"{order.version}"'}

        def edit(title: str) -> Callable[[], TestResponse]:
            return lambda: world.call(
                world.parties.buyer, "PATCH", path, json={"title": title}, headers=etag
            )

        assert codes(world.together(edit("A"), edit("B"))) == [(200, None), (412, "stale")]
        without = world.call(world.parties.buyer, "PATCH", path, json={"title": "C"})
        assert without.status_code == 428


class TestC08:
    def test_the_same_order_thirty_times_at_once(self, world: World) -> None:
        body = {
            "supplier_id": str(world.parties.vendor.id),
            "currency": "EUR",
            "lines": [
                {
                    "description": "Desk", "quantity": {"value": "2", "unit": "C62"},
                    "unit_price": {"amount": "499.90", "currency": "EUR"},
                }
            ],
        }  # fmt: skip
        key = {"Idempotency-Key": str(uuid4())}
        post = lambda: world.call(  # noqa: E731
            world.parties.buyer, "POST", "/orders", json=body, headers=dict(key)
        )
        answers = world.together(*[post] * CROWD)
        made = [answer for answer in answers if answer.status_code == 201]
        busy = [answer for answer in answers if answer.status_code != 201]
        assert {(a.json or {}).get("code") for a in busy} <= {"idempotency_in_progress"}
        assert all(answer.json == made[0].json for answer in made)
        assert sum("Idempotent-Replayed" not in answer.headers for answer in made) == 1
        assert world.count(Order) == 1
        created = world.count(OutboxMessage, OutboxMessage.name == "orders.created")
        assert created == world.count(AuditEvent, AuditEvent.action == "order.created") == 1


class TestReceipts:
    def test_two_receivers_never_accept_more_than_was_ordered(self, world: World) -> None:
        order = world.make(make_issued)
        line = {"order_line_id": str(order.lines[0].id), "accepted": "6"}
        book = lambda: world.call(  # noqa: E731
            world.parties.receiver, "POST", f"/orders/{order.id}/receipts", json={"lines": [line]}
        )
        answers = world.together(book, book)
        assert codes(answers) == [(201, None), (422, "over_delivery")]
        assert world.count(Receipt) == 1

    def test_cancelling_and_receiving_at_the_same_moment(self, world: World) -> None:
        order = world.make(make_issued)
        line = {"order_line_id": str(order.lines[0].id), "accepted": "6"}
        received, cancelled = world.together(
            lambda: world.call(
                world.parties.receiver, "POST", f"/orders/{order.id}/receipts",
                json={"lines": [line]},
            ),
            lambda: world.call(
                world.parties.buyer, "POST", f"/orders/{order.id}/cancel", json={"reason": "No"}
            ),
        )  # fmt: skip
        assert sorted([received.status_code, cancelled.status_code]) in ([200, 409], [201, 409])
        assert world.count(Receipt) == (1 if received.status_code == 201 else 0)


class TestAcknowledgement:
    def test_the_supplier_confirms_while_the_buyer_cancels(self, world: World) -> None:
        order = world.make(make_issued)
        confirmed, cancelled = world.together(
            lambda: world.call(
                world.parties.supplier, "POST", f"/orders/{order.id}/acknowledge", json={}
            ),
            lambda: world.call(
                world.parties.buyer, "POST", f"/orders/{order.id}/cancel", json={"reason": "No"}
            ),
        )
        assert cancelled.status_code == 200
        assert confirmed.status_code in (200, 409)
        state = world.read(lambda session: session.get_one(Order, order.id).state)
        assert state == "cancelled"
