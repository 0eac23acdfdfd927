"""What the local Stripe server remembers: objects by kind, kept in a journal of changes."""

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

Object = dict[str, Any]
API_VERSION = "2026-10-28.endive"
# Fields below this key are ours and never leave the server.
PRIVATE = "_local"


class StripeFault(Exception):
    """An answer that is an error, in Stripe's shape."""

    def __init__(self, status: int, kind: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **details}}


def invalid(message: str, param: str = "", code: str = "parameter_invalid_empty") -> StripeFault:
    """400: the request itself is wrong."""
    details = {"param": param} if param else {}
    return StripeFault(400, "invalid_request_error", message, code=code, **details)


class Store:
    """Every object, newest last. All access happens under `lock`.

    debit_seconds: how long a SEPA debit takes here; at Stripe it is days.
    """

    def __init__(self, path: Path | None = None, *, debit_seconds: float = 5) -> None:
        self.debit_seconds = debit_seconds
        self.lock = threading.RLock()
        self.tables: dict[str, dict[str, Object]] = {}
        self.listeners: list[Callable[[Object], None]] = []
        self._journal = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._load(path)
            self._journal = path.open("a", encoding="utf-8")

    def put(self, table: str, item: Object) -> Object:
        """Keep a new or changed object; the journal gets a line before anybody is answered."""
        self.tables.setdefault(table, {})[item["id"]] = item
        if self._journal is not None:
            self._journal.write(json.dumps([table, item]) + "\n")
            self._journal.flush()
        return item

    def get(self, table: str, key: str) -> Object:
        """The object, or Stripe's 404."""
        try:
            return self.tables.get(table, {})[key]
        except KeyError:
            raise StripeFault(
                404,
                "invalid_request_error",
                f"No such {table}: '{key}'",
                code="resource_missing",
                param="id",
            ) from None

    def newest(self, table: str) -> Iterator[Object]:
        """The objects of a kind, newest first, as all of Stripe's lists are ordered."""
        return reversed(list(self.tables.get(table, {}).values()))

    def announce(self, kind: str, item: Object) -> None:
        """Record an event with a snapshot of the object, and hand it to the deliveries."""
        happened = self.put(
            "event",
            {
                "id": new_id("evt"),
                "object": "event",
                "api_version": API_VERSION,
                "created": now(),
                "data": {"object": public(item)},
                "livemode": False,
                "pending_webhooks": 1,
                "request": {"id": None, "idempotency_key": None},
                "type": kind,
            },
        )
        for listener in self.listeners:
            listener(happened)

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                table, item = json.loads(line)
            except ValueError:
                break  # the last line of a process that was killed while it wrote
            self.tables.setdefault(table, {})[item["id"]] = item
        draft = path.with_suffix(".compact")
        with draft.open("w", encoding="utf-8") as file:
            for table, items in self.tables.items():
                file.writelines(json.dumps([table, item]) + "\n" for item in items.values())
        draft.replace(path)


def new_id(prefix: str) -> str:
    """An id as Stripe's look: a prefix and 24 letters or digits."""
    return f"{prefix}_{secrets.token_hex(12)}"


def now() -> int:
    """Seconds since the epoch, as every time at Stripe."""
    return int(time.time())


def public(item: Object) -> Object:
    """A copy without our own fields."""
    return {key: deepcopy(value) for key, value in item.items() if key != PRIVATE}
