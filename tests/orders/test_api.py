"""Orders over the API: a partner's view of the whole life of an order."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor, OrgKind
from tests.clients import ApiClient
from tests.factories.identity import make_actor
from tests.factories.orders import Parties, make_issued, make_order, make_submitted, receive

Api = Callable[[Actor], ApiClient]


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


def body(parties: Parties, **more: Any) -> dict[str, Any]:
    values = {
        "supplier_id": str(parties.vendor.id),
        "currency": "EUR",
        "title": "Chairs",
        "cost_centre": "CC-1",
        "lines": [
            {
                "description": "Office chair",
                "quantity": {"value": "10", "unit": "C62"},
                "unit_price": {"amount": "99.995", "currency": "EUR"},
            }
        ],
    }
    return values | more


class TestLife:
    def test_from_a_draft_to_goods_received(
        self, session: Session, api: Api, parties: Parties, drain: Callable[[], int]
    ) -> None:
        buyer, supplier = api(parties.buyer), api(parties.supplier)
        made = buyer.post("/orders", json=body(parties))
        assert made.status_code == 201
        assert (made.json["state"], made.headers["ETag"]) == ("draft", '"1"')
        assert made.json["net"] == {"amount": "999.95", "currency": "EUR"}
        assert made.json["taxes"] == [
            {
                "rate": "20", "net": {"amount": "999.95", "currency": "EUR"},
                "tax": {"amount": "199.99", "currency": "EUR"},
            }
        ]  # fmt: skip
        assert set(made.json["actions"]) == {"edit", "submit", "copy", "cancel"}
        path = f"/orders/{made.json['id']}"
        assert supplier.get(path).status_code == 404

        waiting = buyer.post(f"{path}/submit").json
        assert (waiting["state"], waiting["actions"]) == (
            "awaiting_approval", ["edit", "withdraw", "copy", "cancel"],
        )  # fmt: skip
        approver = api(parties.approver)
        [asked] = approver.get("/approval-requests?waiting_for_me=true").json["items"]
        assert asked["subject_id"] == made.json["id"]
        approver.post(
            f"/approval-requests/{asked['id']}/decisions",
            json={"verdict": "approve", "fingerprint": asked["fingerprint"]},
        )
        drain()

        seen = supplier.get(path).json
        assert (seen["state"], seen["actions"]) == ("issued", ["acknowledge", "refuse"])
        assert (seen["cost_centre"], seen["fingerprint"], seen["submitted_at"]) == (None,) * 3
        day = (clock.now().date() + timedelta(days=5)).isoformat()
        confirmed = supplier.post(
            f"{path}/acknowledge",
            json={
                "supplier_reference": "AB-1",
                "lines": [{"line_no": 1, "confirmed_on": day}],
            },
        ).json
        assert (confirmed["state"], confirmed["lines"][0]["confirmed_on"]) == ("acknowledged", day)

        receiver = api(parties.receiver)
        line_id = confirmed["lines"][0]["id"]
        part = {"order_line_id": line_id, "accepted": "6", "rejected": "2", "reason": "Broken"}
        received = receiver.post(f"{path}/receipts", json={"lines": [part]})
        assert received.status_code == 201
        back = {
            "reason": "Broken",
            "lines": [
                {
                    "receipt_line_id": received.json["lines"][0]["id"],
                    "bucket": "rejected", "quantity": "2",
                }
            ],
        }  # fmt: skip
        assert receiver.post(f"{path}/returns", json=back).status_code == 201
        line = buyer.get(path).json["lines"][0]
        assert {name: line[name] for name in (
            "accepted", "rejected", "returned_rejected", "to_deliver", "invoiceable",
        )} == {
            "accepted": "6", "rejected": "2", "returned_rejected": "2", "to_deliver": "4",
            "invoiceable": "6",
        }  # fmt: skip
        closed = buyer.post(f"{path}/close", json={"reason": "Enough"}).json
        assert closed["state"] == "received"
        missing = buyer.post(f"{path}/complete")
        assert (missing.status_code, missing.json["missing"]) == (409, ["invoice"])

    def test_revisions_and_copies(self, session: Session, api: Api, parties: Parties) -> None:
        order = make_issued(session, parties)
        buyer = api(parties.buyer)
        path = f"/orders/{order.id}"
        revised = buyer.post(f"{path}/changes").json
        assert (revised["number"], revised["revision"]) == (order.number, 2)
        assert buyer.post(f"{path}/changes").json["code"] == "revision_open"
        versions = buyer.get(f"{path}/versions").json["items"]
        assert [each["revision"] for each in versions] == [2, 1]
        seen = api(parties.supplier).get(f"{path}/versions").json["items"]
        assert [each["revision"] for each in seen] == [1]
        copied = buyer.post(f"{path}/copy").json
        assert (copied["state"], copied["revision"]) == ("draft", 1)
        assert copied["number"] != order.number


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "pointer", "code"),
        [
            ({"currency": "USD"}, "/lines/0/unit_price", "currency_mismatch"),
            ({"supplier_id": "nobody"}, "/supplier_id", "not_an_id"),
            ({"colour": "red"}, "/colour", "unknown_field"),
            ({"lines": [{}]}, "/lines/0/description", "required"),
        ],
    )
    def test_what_cannot_be_a_draft(
        self, api: Api, parties: Parties, change: dict[str, Any], pointer: str, code: str
    ) -> None:
        answer = api(parties.buyer).post("/orders", json=body(parties, **change))
        assert answer.status_code == 422
        assert (pointer, code) in [(e["pointer"], e["code"]) for e in answer.json["errors"]]
        assert api(parties.buyer).get("/orders").json["items"] == []

    def test_edits_need_the_version(self, session: Session, api: Api, parties: Parties) -> None:
        order = make_order(session, parties)
        buyer, path = api(parties.buyer), f"/orders/{order.id}"
        assert buyer.patch(path, json={"title": "New"}).status_code == 428
        changed = buyer.patch(path, json={"title": "New"}, version=1)
        assert (changed.json["title"], changed.headers["ETag"]) == ("New", '"2"')
        assert changed.json["lines"][0]["line_no"] == 1
        assert buyer.patch(path, json={"title": "Other"}, version=1).status_code == 412

    def test_actions_may_name_the_version_they_saw(
        self, session: Session, api: Api, parties: Parties
    ) -> None:
        order = make_order(session, parties)
        answer = api(parties.buyer).post(f"/orders/{order.id}/submit", headers={"If-Match": '"9"'})
        assert answer.status_code == 412

    def test_states_refuse_with_409(self, session: Session, api: Api, parties: Parties) -> None:
        order = make_submitted(session, parties)
        lines = [{"order_line_id": str(order.lines[0].id), "accepted": "1"}]
        for action in ("submit", "issue", "complete"):
            answer = api(parties.buyer).post(f"/orders/{order.id}/{action}")
            assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")
        answer = api(parties.receiver).post(f"/orders/{order.id}/receipts", json={"lines": lines})
        assert answer.json["code"] == "illegal_transition"

    def test_over_delivery_says_what_is_left(
        self, session: Session, api: Api, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        receive(session, parties, order, 8)
        line_id = str(order.lines[0].id)
        answer = api(parties.receiver).post(
            f"/orders/{order.id}/receipts",
            json={"lines": [{"order_line_id": line_id, "accepted": "3"}]},
        )
        assert answer.json["code"] == "over_delivery"
        assert answer.json["remaining"] == {line_id: "2"}

    @pytest.mark.parametrize(
        ("who", "action", "payload"),
        [
            ("requester", "issue", None),
            ("approver", "submit", None),
            ("receiver", "cancel", {"reason": "No"}),
            ("buyer", "acknowledge", {}),
            ("supplier", "cancel", {"reason": "No"}),
            ("supplier", "receipts", {"lines": []}),
        ],
    )
    def test_roles(
        self, session: Session, api: Api, parties: Parties, who: str, action: str, payload: Any
    ) -> None:
        order = make_issued(session, parties)
        client = api(getattr(parties, who))
        path = f"/orders/{order.id}/{action}"
        answer = client.post(path, json=payload) if payload is not None else client.post(path)
        assert answer.status_code == 403

    def test_other_organisations_find_nothing(
        self, session: Session, api: Api, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        for kind in (OrgKind.BUYER, OrgKind.SUPPLIER):
            stranger = api(make_actor(session, kind))
            for path in ("", "/pdf", "/receipts", "/versions"):
                assert stranger.get(f"/orders/{order.id}{path}").status_code == 404
            assert stranger.get("/orders").json["items"] == []

    def test_the_key_is_required(self, api: Api, parties: Parties) -> None:
        answer = api(parties.buyer).post("/orders", json=body(parties), idempotency_key=None)
        assert answer.json["code"] == "idempotency_key_missing"


class TestLists:
    def test_filters_and_pages(self, session: Session, api: Api, parties: Parties) -> None:
        orders = [make_order(session, parties, title=title) for title in ("A", "B", "C")]
        make_issued(session, parties, title="D")
        buyer = api(parties.buyer)
        drafts = buyer.get("/orders?state=draft&limit=2").json
        rest = buyer.get(f"/orders?state=draft&limit=2&cursor={drafts['next_cursor']}").json
        found = [each["id"] for each in drafts["items"] + rest["items"]]
        assert found == [str(order.id) for order in reversed(orders)]
        assert rest["next_cursor"] is None
        assert [each["title"] for each in buyer.get("/orders?q=D").json["items"]] == ["D"]
        both = buyer.get("/orders?state=draft&state=issued").json["items"]
        assert len(both) == 4
        assert buyer.get("/orders?colour=red").status_code == 422

    def test_the_number_of_statements_does_not_grow_with_the_list(
        self, session: Session, api: Api, parties: Parties, statements: list[str]
    ) -> None:
        buyer = api(parties.buyer)
        counts = []
        for _round in range(2):
            for _number in range(3):
                make_order(session, parties)
            session.flush()
            statements.clear()
            buyer.get("/orders")
            counts.append(len(statements))
        assert counts[0] == counts[1] <= 3

    def test_reading_an_order_takes_few_statements(
        self, session: Session, api: Api, parties: Parties, statements: list[str]
    ) -> None:
        order = make_issued(session, parties)
        buyer = api(parties.buyer)
        statements.clear()
        assert buyer.get(f"/orders/{order.id}").status_code == 200
        assert len(statements) <= 5

    def test_the_pdf(self, session: Session, api: Api, parties: Parties) -> None:
        order = make_issued(session, parties)
        answer = api(parties.supplier).get(f"/orders/{order.id}/pdf")
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
