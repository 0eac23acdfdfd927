"""A small client of the API: keys, idempotency, versions, and errors that say what is wrong."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Body = dict[str, Any]


class Refused(Exception):
    """The API refused; the message has the reasons (RFC 9457 problem details)."""


@dataclass(frozen=True)
class Caller:
    """One person's program."""

    name: str
    base_url: str
    api_key: str

    def get(self, path: str, **query: str) -> Body:
        return self._call("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path: str, body: Body | None = None) -> Body:
        """Every POST carries a key, so that a repeat after a lost answer does nothing twice."""
        return self._call("POST", path, body or {}, {"Idempotency-Key": str(uuid.uuid4())})

    def _call(
        self, method: str, path: str, body: Body | None = None, headers: Body | None = None
    ) -> Body:
        request = urllib.request.Request(
            f"{self.base_url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
                "Accept-Language": "en",
                **(headers or {}),
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"{self.name}: {method} {path}: {error.read().decode()}") from None
        found: Body = json.loads(text) if text else {}
        return found


def wait_for(what: str, look: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask again until something is there: jobs follow a moment after what caused them."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"Waited {seconds:.0f} seconds for {what}.")
