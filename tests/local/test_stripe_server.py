"""The local Stripe server, asked by the official SDK and by a browser without scripts."""

import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe

from marketplace.local.stripe_api import Fault, parse_form
from marketplace.local.stripe_server import LocalStripe

VISA = "4242424242424242"
SECRET = "whsec_local"


@pytest.fixture
def server() -> Iterator[LocalStripe]:
    server = LocalStripe(debit_seconds=3600).start()
    yield server
    server.stop()


@pytest.fixture
def client(server: LocalStripe) -> stripe.StripeClient:
    return connect(server)


def connect(server: LocalStripe, retries: int = 0) -> stripe.StripeClient:
    return stripe.StripeClient(
        "sk_test_local",
        base_addresses={"api": server.url},
        http_client=stripe.RequestsClient(timeout=5),
        max_network_retries=retries,
    )


def checkout(client: stripe.StripeClient, key: str = "k", cents: int = 1250) -> Any:
    return client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": "eur",
                        "unit_amount": cents,
                        "product_data": {"name": "Invoice <7>"},
                    },
                }
            ],
            "allowed_payment_method_types": ["card", "sepa_debit"],
            "payment_intent_data": {"metadata": {"payment_id": "p"}},
            "success_url": "http://shop.example/ok?s={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.example/no",
            "locale": "fr",
        },
        {"idempotency_key": key},
    )


class TestPaymentIntents:
    def test_card_is_charged_at_once(self, client: stripe.StripeClient) -> None:
        intent = client.v1.payment_intents.create(
            {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        )
        assert (intent.status, intent.amount_received) == ("succeeded", 500)

    def test_declined_card_is_a_card_error_and_another_card_works(
        self, client: stripe.StripeClient
    ) -> None:
        intent = client.v1.payment_intents.create({"amount": 500, "currency": "eur"})
        with pytest.raises(stripe.CardError) as refusal:
            client.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclined"}
            )
        assert (refusal.value.code, refusal.value.http_status) == ("card_declined", 402)
        paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert paid.status == "succeeded"

    def test_amount_can_change_until_paid_and_cancelled_stays_cancelled(
        self, client: stripe.StripeClient
    ) -> None:
        intent = client.v1.payment_intents.create({"amount": 1800, "currency": "eur"})
        assert client.v1.payment_intents.update(intent.id, {"amount": 1000}).amount == 1000
        assert client.v1.payment_intents.cancel(intent.id).status == "canceled"
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    def test_debit_is_in_process_until_it_settles(
        self, server: LocalStripe, client: stripe.StripeClient
    ) -> None:
        method = client.v1.payment_methods.create(
            {"type": "sepa_debit", "sepa_debit": {"iban": "FR14 2004 1010 0505 0001 3M02 606"}}
        )
        intent = client.v1.payment_intents.create(
            {"amount": 500, "currency": "eur", "payment_method": method.id, "confirm": True}
        )
        assert intent.status == "processing"
        server.settle(at=float("inf"))
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"

    def test_refunds_stop_at_what_was_paid(self, client: stripe.StripeClient) -> None:
        intent = client.v1.payment_intents.create(
            {"amount": 500, "currency": "eur", "payment_method": "pm_card_visa", "confirm": True}
        )
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 400})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create({"payment_intent": intent.id, "amount": 101})
        assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 100


class TestRequests:
    def test_same_key_same_answer_other_parameters_an_error(
        self, client: stripe.StripeClient
    ) -> None:
        assert checkout(client, "a").id == checkout(client, "a").id
        assert checkout(client, "b").id != checkout(client, "a").id
        with pytest.raises(stripe.IdempotencyError):
            checkout(client, "a", cents=1)

    def test_a_lost_answer_is_found_by_the_repeat(self, server: LocalStripe) -> None:
        server.plan(Fault("drop", "/v1/checkout"))
        session = checkout(connect(server, retries=1))
        assert list(server.store.tables["checkout.session"]) == [session.id]

    def test_a_stored_500_stays(self, server: LocalStripe, client: stripe.StripeClient) -> None:
        server.plan(Fault("refuse", "/v1/checkout"))
        for _ in range(2):
            with pytest.raises(stripe.APIError):
                checkout(client)
        assert checkout(client, "new").status == "open"

    def test_unknown_parameters_missing_ones_and_bad_keys_are_refused(
        self, server: LocalStripe, client: stripe.StripeClient
    ) -> None:
        params: Any = {"amount": 5, "currency": "eur", "colour": "red"}
        with pytest.raises(stripe.InvalidRequestError, match="unknown parameter"):
            client.v1.payment_intents.create(params)
        with pytest.raises(stripe.InvalidRequestError, match="Missing required"):
            client.v1.payment_intents.create({"currency": "eur"})  # type: ignore[typeddict-item]
        with pytest.raises(stripe.AuthenticationError):
            stripe.StripeClient(
                "pk_wrong", base_addresses={"api": server.url}
            ).v1.payment_intents.list()

    def test_lists_are_newest_first_and_page(self, client: stripe.StripeClient) -> None:
        ids = [checkout(client, str(number)).id for number in range(5)]
        page = client.v1.checkout.sessions.list({"limit": 2})
        assert [item.id for item in page.data] == [ids[4], ids[3]]
        assert [item.id for item in page.auto_paging_iter()] == ids[::-1]

    def test_form_parameters_nest(self) -> None:
        assert parse_form("a[b][0][c]=1&a[b][1][c]=2&d[]=x&d[]=y&e=") == {
            "a": {"b": [{"c": "1"}, {"c": "2"}]},
            "d": ["x", "y"],
            "e": "",
        }


class Browser:
    """Posts forms and does not follow redirects."""

    def __init__(self) -> None:
        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_args: Any) -> None:
                return None

        self.opener = urllib.request.build_opener(Stay)

    def send(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            answer = self.opener.open(url, data=data, timeout=5)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()


class TestHostedPage:
    def test_pays_and_leads_back(self, client: stripe.StripeClient) -> None:
        session = checkout(client)
        status, _to, page = Browser().send(session.url)
        assert status == 200
        assert "Invoice &lt;7&gt;" in page
        assert "12,50 EUR" in page
        assert "Paiement sécurisé" in page
        assert "<script" not in page
        status, to, _page = Browser().send(session.url, {"type": "card", "number": VISA})
        assert (status, to) == (303, f"http://shop.example/ok?s={session.id}")
        paid = client.v1.checkout.sessions.retrieve(session.id)
        assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)

    def test_a_declined_card_keeps_the_page_open(self, client: stripe.StripeClient) -> None:
        session = checkout(client)
        declined = {"type": "card", "number": "4000 0000 0000 0002"}
        status, _to, page = Browser().send(session.url, declined)
        assert status == 402
        assert "Votre carte a été refusée" in page
        assert client.v1.checkout.sessions.retrieve(session.id).status == "open"

    @pytest.mark.parametrize(("answer", "status"), [("accept", 303), ("refuse", 402)])
    def test_the_bank_asks_the_card_holder(
        self, client: stripe.StripeClient, answer: str, status: int
    ) -> None:
        session = checkout(client)
        secure = {"type": "card", "number": "4000000000003220"}
        assert Browser().send(session.url, secure)[1] == session.url
        assert 'name="bank"' in Browser().send(session.url)[2]
        assert Browser().send(session.url, {"bank": answer})[0] == status

    def test_an_expired_page_takes_no_money(
        self, server: LocalStripe, client: stripe.StripeClient
    ) -> None:
        session = checkout(client)
        client.v1.checkout.sessions.expire(session.id)
        url = f"{server.url}/c/pay/{session.id}"
        assert Browser().send(url)[0] == 410
        assert Browser().send(url, {"type": "card", "number": VISA})[0] == 402
        assert server.store.tables.get("charge") is None


class Receiver:
    """An address for webhooks that fails as often as told, then notes what it gets."""

    def __init__(self, failures: int = 0) -> None:
        receiver = self
        self.failures = failures
        self.kinds: list[str] = []
        self.arrived = threading.Condition()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(body, self.headers["Stripe-Signature"])
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                """Quiet."""

        self.httpd = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}/hook"
        threading.Thread(
            target=lambda: self.httpd.serve_forever(poll_interval=0.05), daemon=True
        ).start()

    def take(self, body: bytes, signature: str) -> int:
        event = stripe.Webhook.construct_event(body, signature, SECRET)
        with self.arrived:
            if self.failures:
                self.failures -= 1
                return 500
            self.kinds.append(event.type)
            self.arrived.notify_all()
            return 200

    def wait(self, count: int) -> list[str]:
        with self.arrived:
            self.arrived.wait_for(lambda: len(self.kinds) >= count, timeout=20)
            return list(self.kinds)

    def close(self) -> None:
        self.httpd.shutdown()
        self.httpd.server_close()


class TestWebhooks:
    def test_are_signed_and_repeated_until_taken(self) -> None:
        receiver = Receiver(failures=2)
        server = LocalStripe(webhook_url=receiver.url).start()
        try:
            connect(server).v1.payment_intents.create({"amount": 5, "currency": "eur"})
            assert receiver.wait(1) == ["payment_intent.created"]
        finally:
            server.stop()
            receiver.close()

    def test_can_come_twice_and_backwards(self, server: LocalStripe) -> None:
        server.deliveries.copies = 2
        server.deliveries.newest_first = True
        intent = {"amount": 5, "currency": "eur", "payment_method": "pm_card_visa"}
        connect(server).v1.payment_intents.create({**intent, "confirm": True})  # type: ignore[typeddict-item]
        kinds: list[str] = []

        def send(body: bytes, _headers: dict[str, str]) -> int:
            kinds.append(json.loads(body)["type"])
            return 200

        assert server.deliveries.flush(send) == 6
        assert kinds[0] == kinds[1] == "charge.succeeded"
        assert kinds[-1] == "payment_intent.created"


class TestJournal:
    def test_everything_survives_a_restart(self, tmp_path: Path) -> None:
        state = tmp_path / "stripe.jsonl"
        first = LocalStripe(state=state).start()
        session = checkout(connect(first), "kept")
        first.pay(session.id, number=VISA)
        first.stop()
        with state.open("a") as file:
            file.write('["payment_intent", {"id": "pi_half')  # killed while it wrote
        second = LocalStripe(state=state).start()
        try:
            again = checkout(connect(second), "kept")
            assert again.id == session.id
            paid = connect(second).v1.checkout.sessions.retrieve(session.id)
            assert paid.payment_status == "paid"
            waiting = [e for e in second.store.newest("event") if e["pending_webhooks"]]
            assert len(waiting) == 4
        finally:
            second.stop()
