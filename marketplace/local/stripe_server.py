"""A Stripe server that runs on this machine: the parts of Stripe that the marketplace uses.

It speaks the real API to the official SDK, shows a payment page, and sends signed webhooks:

    python -m marketplace.local.stripe_server --port 12111 --state .local/stripe.jsonl \\
        --webhook-url http://127.0.0.1:8000/api/v1/stripe/webhooks --webhook-secret whsec_local
"""

import argparse
import json
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from marketplace.local import stripe_api, stripe_checkout, stripe_page
from marketplace.local.stripe_api import Api, Dropped, Fault
from marketplace.local.stripe_delivery import Deliveries
from marketplace.local.stripe_store import Object, Store, StripeFault

MAX_BODY = 1 << 20
TICK = 0.25


class LocalStripe:
    """The server with its store and deliveries; start() and stop() for whoever embeds it."""

    def __init__(
        self,
        *,
        port: int = 0,
        state: Path | None = None,
        webhook_url: str | None = None,
        webhook_secret: str = "whsec_local",  # noqa: S107 - a local stand-in has no secrets
        debit_seconds: float = 5,
    ) -> None:
        self.store = Store(state, debit_seconds=debit_seconds)
        self.httpd = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self.httpd.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.httpd.server_address[1]}"
        self.api = Api(self.store, self.url)
        self.deliveries = Deliveries(self.store, webhook_url, webhook_secret)
        self.httpd.app = self  # type: ignore[attr-defined]
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, name="stripe-http", daemon=True),
            threading.Thread(target=self._tick, name="stripe-clock", daemon=True),
        ]

    def start(self) -> "LocalStripe":
        """Serve in threads of this process."""
        for thread in self._threads:
            thread.start()
        self.deliveries.start()
        return self

    def stop(self) -> None:
        """Stop serving and close the journal."""
        self._stopped.set()
        self.deliveries.stop()
        self.httpd.shutdown()
        self.httpd.server_close()
        for thread in self._threads:
            thread.join(timeout=5)
        self.store.close()

    def plan(self, *faults: Fault) -> None:
        """Have these misfortunes happen to the next requests."""
        with self.store.lock:
            self.api.faults.extend(faults)

    def settle(self, at: float | None = None) -> None:
        """End the debits that are due; `at` far in the future ends all."""
        with self.store.lock:
            stripe_checkout.settle_due(self.store, time.time() if at is None else at)
            stripe_checkout.expire_due(self.store, int(time.time()))

    def pay(self, session_id: str, **method: Any) -> Object:
        """Pay as a person on the payment page does: `number=` of a card or `iban=`."""
        with self.store.lock:
            form = {"type": "sepa_debit" if "iban" in method else "card", **method}
            session = self.store.get("checkout.session", session_id)
            return stripe_checkout.pay(self.store, session, stripe_page.method_of(form))

    def _serve(self) -> None:
        self.httpd.serve_forever(poll_interval=0.05)

    def _tick(self) -> None:
        while not self._stopped.wait(TICK):
            self.settle()


class _Handler(BaseHTTPRequestHandler):
    """HTTP in front of the API, the payment page and the controls."""

    protocol_version = "HTTP/1.1"

    @property
    def app(self) -> LocalStripe:
        return self.server.app  # type: ignore[attr-defined,no-any-return]

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        if address.path == "/healthz":
            self._send(200, b'{"status":"ok"}')
        elif address.path == "/favicon.ico":
            self._send(204, b"")
        elif address.path.startswith("/c/pay/"):
            self._page(address.path.rsplit("/", 1)[1])
        else:
            self._call("GET", address.path, address.query)

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY))
        path = urlsplit(self.path).path
        if path.startswith("/c/pay/"):
            self._submit(path.rsplit("/", 1)[1], dict(parse_qsl(body.decode())))
        elif path == "/_local/faults":
            self.app.plan(*stripe_api.read_faults(body))
            self._send(200, b"{}")
        elif path == "/_local/settle":
            self.app.settle(at=float("inf"))
            self._send(200, b"{}")
        elif path == "/_local/webhooks":
            for name, value in json.loads(body).items():
                setattr(self.app.deliveries, name, value)
            self._send(200, b"{}")
        else:
            self._call("POST", path, body.decode())

    def log_message(self, *_args: Any) -> None:
        """Nothing: the marketplace logs its own calls."""

    def _call(self, method: str, path: str, form: str) -> None:
        key = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not key.startswith(("sk_test_", "rk_test_")):
            fault = StripeFault(401, "invalid_request_error", "Invalid API Key provided.")
            self._send(401, json.dumps(fault.body).encode())
            return
        try:
            answer = self.app.api.handle(method, path, form, self.headers.get("Idempotency-Key"))
        except Dropped:
            self.close_connection = True
            return
        headers = {"Request-Id": f"req_{id(answer):x}"}
        if answer.replayed:
            headers["Idempotent-Replayed"] = "true"
        self._send(answer.status, json.dumps(answer.body).encode(), headers)

    def _page(self, session_id: str, error: str = "") -> None:
        store = self.app.store
        with store.lock:
            session = store.tables.get("checkout.session", {}).get(session_id)
            if session is None:
                self._send(404, b"{}")
                return
            intent = store.tables.get("payment_intent", {}).get(session["payment_intent"])
            language = session["locale"] or self.headers.get("Accept-Language", "en")
            page = stripe_page.checkout(session, intent, language, error)
        status = 402 if error else 200 if session["status"] == "open" else 410
        self._send(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    def _submit(self, session_id: str, form: dict[str, str]) -> None:
        store = self.app.store
        try:
            with store.lock:
                session = store.get("checkout.session", session_id)
                if "bank" in form:
                    accepted = form["bank"] == "accept"
                    stripe_checkout.authenticate(store, session, accepted=accepted)
                else:
                    stripe_checkout.pay(store, session, stripe_page.method_of(form))
                done = session["status"] == "complete"
                target = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session_id)
        except StripeFault as fault:
            self._page(session_id, str(fault))
            return
        location = target if done else f"{self.app.url}/c/pay/{session_id}"
        self._send(303, b"", {"Location": location})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Type": "application/json"} | (headers or {})).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until a signal ends the process."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--webhook-url")
    parser.add_argument("--webhook-secret", default="whsec_local")
    parser.add_argument("--debit-seconds", type=float, default=5)
    options = parser.parse_args()
    server = LocalStripe(
        port=options.port,
        state=options.state,
        webhook_url=options.webhook_url,
        webhook_secret=options.webhook_secret,
        debit_seconds=options.debit_seconds,
    ).start()
    print(f"Local Stripe server on {server.url}", flush=True)
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    ended.wait()
    server.stop()


if __name__ == "__main__":
    main()
