"""Invoices over the API: what partners send and get back."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.local.stripe_server import LocalStripe
from marketplace.orders.models import Order
from tests.clients import ApiClient
from tests.factories import invoices as make
from tests.factories.identity import make_actor
from tests.factories.orders import Parties
from tests.factories.payments import deliver

Api = Callable[[Actor], ApiClient]
Drain = Callable[[], int]


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


@pytest.fixture
def order(session: Session, parties: Parties) -> Order:
    return make.make_received(session, parties)


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def body(order: Order, **overrides: Any) -> dict[str, Any]:
    """Everything of the order, as its supplier sends it."""
    line = make.first_line(order)
    return {
        "number": "F-2026-1",
        "order_id": str(order.id),
        "currency": "EUR",
        "issued_on": "2026-01-05",
        "lines": [
            {
                "order_line_id": str(line.id),
                "description": line.description,
                "quantity": {"value": "10", "unit": "C62"},
                "unit_price": euros("100"),
                "vat_rate": "20",
            }
        ],
    } | overrides


class TestWholeWay:
    def test_from_prefilled_to_paid(
        self,
        api: Api,
        client: ApiClient,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        supplier, finance = api(parties.supplier), api(parties.approver)
        draft = supplier.get(f"/invoices/prefill?order_id={order.id}").json
        made = supplier.post("/invoices", json=draft | {"number": "F-1"})
        assert (made.status_code, made.json["state"]) == (201, "draft")
        assert made.json["actions"] == ["edit", "submit", "cancel"]
        assert made.json["gross"] == euros("1200.00")
        path = f"/invoices/{made.json['id']}"
        assert finance.get(path).status_code == 404
        assert supplier.post(f"{path}/submit", json={}).json["state"] == "submitted"
        drain()

        match = finance.get(f"{path}/match").json
        assert (match["state"], match["clear"]) == ("matched", True)
        [line] = match["lines"]
        assert (line["ordered"], line["accepted"], line["invoiced_before"]) == ("10", "10", "0")
        payment = finance.post(f"{path}/payments")
        assert (payment.status_code, payment.json["amount"]) == (201, euros("1200.00"))
        drain()
        opened = finance.get(f"/payments/{payment.json['id']}").json
        assert opened["state"] == "open"
        assert opened["checkout_url"].startswith(stripe_server.url)
        stripe_server.pay(opened["checkout_url"].rsplit("/", 1)[1], number="4242424242424242")
        deliver(stripe_server, client)
        drain()

        paid = finance.get(path).json
        assert (paid["state"], paid["open"]) == ("paid", euros("0.00"))
        assert supplier.get(path).json["payment_status"] == "fully_paid"
        entries = finance.get("/ledger/entries").json["items"]
        assert [entry["kind"] for entry in entries] == ["payment", "invoice"]
        assert all(sum(float(p["amount"]) for p in entry["postings"]) == 0 for entry in entries)

    def test_a_difference_is_decided_with_a_reason(
        self, api: Api, parties: Parties, order: Order, drain: Drain
    ) -> None:
        supplier, finance = api(parties.supplier), api(parties.approver)
        sent = body(order)
        sent["lines"][0]["unit_price"] = euros("110")
        made = supplier.post("/invoices", json=sent).json
        supplier.post(f"/invoices/{made['id']}/submit", json={})
        drain()
        path = f"/invoices/{made['id']}"
        assert finance.get(path).json["actions"] == ["approve", "reject"]
        [line] = finance.get(f"{path}/match").json["lines"]
        assert line["findings"] == [
            {
                "code": "price_higher",
                "line_no": 1,
                "expected": "100",
                "found": "110",
                "difference": "100",
                "tolerated": False,
            }
        ]
        assert finance.post(f"{path}/approve", json={}).status_code == 422
        done = finance.post(f"{path}/approve", json={"reason": "agreed"})
        assert (done.json["state"], done.json["actions"]) == ("approved", ["pay"])


class TestStatedTotals:
    def test_stand_as_they_came(
        self, api: Api, parties: Parties, order: Order, drain: Drain
    ) -> None:
        """OPEN-01: 348.12 instead of 348.11 passes within the rounding tolerance."""
        line = {
            "description": "Service",
            "quantity": {"value": "2", "unit": "C62"},
            "unit_price": euros("348.11"),
            "vat_rate": "25",
        }
        sent = body(order, lines=[line, line], vat=euros("348.12"), gross=euros("1740.56"))
        made = api(parties.supplier).post("/invoices", json=sent).json
        assert (made["net"], made["vat"], made["gross"]) == (
            euros("1392.44"),
            euros("348.12"),
            euros("1740.56"),
        )

    def test_a_negative_document_becomes_a_credit_note(
        self, api: Api, parties: Parties, order: Order
    ) -> None:
        """OPEN-08."""
        line = {
            "description": "Returned",
            "quantity": {"value": "-1", "unit": "C62"},
            "unit_price": euros("100.00"),
            "net": euros("-100.00"),
            "vat_rate": "21",
        }
        sent = body(order, lines=[line], gross=euros("-121.00"), vat=euros("-21.00"))
        made = api(parties.supplier).post("/invoices", json=sent).json
        assert (made["kind"], made["net"], made["vat"], made["gross"]) == (
            "credit_note",
            euros("100.00"),
            euros("21.00"),
            euros("121.00"),
        )
        [only] = made["lines"]
        assert (only["quantity"]["value"], only["unit_price"]) == ("1", euros("100.00"))


class TestRefusals:
    def test_every_reason_at_once(self, api: Api, parties: Parties, order: Order) -> None:
        sent = body(order, due_on="2025-12-01")
        sent["lines"][0] |= {"unit_price": euros("-1"), "quantity": {"value": "0", "unit": "C62"}}
        answer = api(parties.supplier).post("/invoices", json=sent)
        assert answer.status_code == 422
        pointers = {error["pointer"] for error in answer.json["errors"]}
        assert "/lines/0/unit_price" in pointers

    def test_a_second_currency_is_refused(self, api: Api, parties: Parties, order: Order) -> None:
        sent = body(order)
        sent["lines"][0]["unit_price"] = {"amount": "100", "currency": "USD"}
        answer = api(parties.supplier).post("/invoices", json=sent)
        assert answer.json["errors"][0]["code"] == "currency_differs"

    def test_a_key_is_needed_and_repeats_are_answered_alike(
        self, api: Api, parties: Parties, order: Order
    ) -> None:
        supplier = api(parties.supplier)
        missing = supplier.post("/invoices", json=body(order), idempotency_key=None)
        assert missing.json["code"] == "idempotency_key_missing"
        first = supplier.post("/invoices", json=body(order), idempotency_key="a")
        again = supplier.post("/invoices", json=body(order), idempotency_key="a")
        assert first.json["id"] == again.json["id"]

    def test_duplicates_answer_409(self, api: Api, parties: Parties, order: Order) -> None:
        supplier = api(parties.supplier)
        ids = [supplier.post("/invoices", json=body(order)).json["id"] for _ in range(2)]
        assert supplier.post(f"/invoices/{ids[0]}/submit", json={}).status_code == 200
        refused = supplier.post(f"/invoices/{ids[1]}/submit", json={})
        assert (refused.status_code, refused.json["code"]) == (409, "duplicate_invoice")
        assert refused.json["invoice_id"] == ids[0]

    def test_other_companies_and_roles(
        self, api: Api, session: Session, parties: Parties, order: Order
    ) -> None:
        made = api(parties.supplier).post("/invoices", json=body(order)).json
        path = f"/invoices/{made['id']}"
        stranger = make_actor(session, OrgKind.SUPPLIER, Role.SUPPLIER)
        assert api(stranger).get(path).status_code == 404
        assert api(parties.receiver).get("/invoices").status_code == 403
        assert api(parties.buyer).post("/invoices", json=body(order)).status_code == 403

    def test_a_draft_is_changed_with_its_version_only(
        self, api: Api, parties: Parties, order: Order
    ) -> None:
        supplier = api(parties.supplier)
        made = supplier.post("/invoices", json=body(order)).json
        path = f"/invoices/{made['id']}"
        changed = body(order, number="F-2")
        assert supplier.put(path, json=changed).status_code == 428
        assert supplier.put(path, json=changed, version=99).status_code == 412
        answer = supplier.put(path, json=changed, version=made["version"])
        assert (answer.status_code, answer.json["number"]) == (200, "F-2")
        gone = supplier.delete(path, version=answer.json["version"])
        assert gone.json["state"] == "cancelled"


class TestWebhook:
    def test_unsigned_is_refused_and_unknown_is_harmless(
        self, client: ApiClient, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        bare = client.post("/stripe/webhooks", data=b"{}", idempotency_key=None)
        assert (bare.status_code, bare.json["code"]) == (422, "bad_signature")
        with stripe_server.store.lock:
            stripe_server.api.handle(
                "POST",
                "/v1/payment_intents",
                "amount=5&currency=eur&payment_method=pm_card_visa&confirm=true",
                None,
            )
        assert deliver(stripe_server, client) == 3
        drain()
