"""Webhooks of the local Stripe server: signed, at least once, tried again, in no promised order."""

import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from urllib.error import HTTPError

from marketplace.local.stripe_store import Object, Store

MAX_ATTEMPTS = 16
LONGEST_PAUSE = 60.0
TIMEOUT = 10


def signature(payload: bytes, secret: str, at: int) -> str:
    """The Stripe-Signature header: HMAC-SHA256 over timestamp and body."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def signed(event: Object, secret: str, at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one delivery."""
    body = json.dumps(event, separators=(",", ":")).encode()
    header = signature(body, secret, int(time.time()) if at is None else at)
    return body, {"Content-Type": "application/json", "Stripe-Signature": header}


@dataclass
class Letter:
    event: Object
    due_at: float
    attempt: int = 0


class Deliveries:
    """Sends every event to the address until it says 2xx, with growing pauses.

    copies: how often each event is sent. newest_first: deliver what waits in reverse order.
    held: nothing leaves while true.
    """

    def __init__(self, store: Store, url: str | None, secret: str) -> None:
        self.store = store
        self.url = url
        self.secret = secret
        self.copies = 1
        self.newest_first = False
        self.held = False
        self._waiting: list[Letter] = []
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="stripe-webhooks", daemon=True)
        store.listeners.append(self.add)
        for event in reversed(list(store.newest("event"))):
            if event["pending_webhooks"]:
                self.add(event)

    def start(self) -> None:
        """Begin to deliver, when there is an address to deliver to."""
        if self.url:
            self._thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=TIMEOUT)

    def add(self, event: Object) -> None:
        """Queue an event."""
        with self._wake:
            self._waiting += [Letter(event, time.time()) for _ in range(self.copies)]
            self._wake.notify_all()

    def flush(self, send: Callable[[bytes, dict[str, str]], int]) -> int:
        """Deliver everything that waits through `send`, which answers the status; for tests."""
        count = 0
        while self._waiting:
            letter = self._waiting.pop(-1 if self.newest_first else 0)
            body, headers = signed(letter.event, self.secret)
            if send(body, headers) // 100 == 2:
                self._delivered(letter.event)
            count += 1
        return count

    def _run(self) -> None:
        while True:
            with self._wake:
                letter = self._take()
                if self._stopped:
                    return
                if letter is None:
                    self._wake.wait(timeout=0.25)
                    continue
            if self._post(letter.event):
                self._delivered(letter.event)
            else:
                self._again(letter)

    def _take(self) -> Letter | None:
        ready = [] if self.held else [item for item in self._waiting if item.due_at <= time.time()]
        if not ready:
            return None
        letter = ready[-1 if self.newest_first else 0]
        self._waiting.remove(letter)
        return letter

    def _post(self, event: Object) -> bool:
        body, headers = signed(event, self.secret)
        request = urllib.request.Request(str(self.url), data=body, headers=headers)  # noqa: S310 - the operator's own address
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
                return bool(answer.status // 100 == 2)
        except HTTPError as error:
            error.close()
            return False
        except OSError:
            return False

    def _again(self, letter: Letter) -> None:
        letter.attempt += 1
        if letter.attempt >= MAX_ATTEMPTS:
            return
        letter.due_at = time.time() + min(2.0 ** (letter.attempt - 1), LONGEST_PAUSE)
        with self._wake:
            self._waiting.append(letter)

    def _delivered(self, event: Object) -> None:
        with self.store.lock:
            event["pending_webhooks"] = 0
            self.store.put("event", event)
