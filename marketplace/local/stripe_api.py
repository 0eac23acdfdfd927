"""The API of the local Stripe server: routes, form parameters, keys of idempotency, faults."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from marketplace.local import stripe_checkout, stripe_intents, stripe_methods
from marketplace.local.stripe_store import Object, Store, StripeFault, invalid, new_id, now, public

MAX_PAGE = 100
EXPANDABLE = {
    "payment_intent": "payment_intent",
    "latest_charge": "charge",
    "charge": "charge",
    "payment_method": "payment_method",
}
INTENT = ("customer", "description", "metadata", "payment_method_types")
INTENT_CREATE = (*INTENT, "amount", "currency", "payment_method", "confirm")
SESSION = (
    "mode", "line_items", "success_url", "cancel_url", "client_reference_id", "customer",
    "customer_email", "expires_at", "locale", "metadata", "payment_intent_data",
    "allowed_payment_method_types",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    status: int
    body: Object
    replayed: bool = False


@dataclass
class Fault:
    """One planned misfortune, used up by the next request whose path begins with `path`.

    kind: `drop` does the work and hangs up without an answer; `error` does the work and answers
    (and keeps for the key) a 500; `refuse` answers and keeps a 500 without any work; `down`
    answers 503 and keeps nothing; `delay` answers late.
    """

    kind: str
    path: str = "/v1/"
    times: int = 1
    seconds: float = 0


class Dropped(Exception):
    """The answer gets lost: the connection is closed instead."""


@dataclass
class Api:
    """Stripe's API over a store. `base_url` is where its hosted pages are reached."""

    store: Store
    base_url: str
    faults: list[Fault] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def handle(self, method: str, path: str, form: str, key: str | None) -> Answer:
        """One request; raises Dropped when a planned fault loses the answer."""
        fault = self._next_fault(path)
        if fault is not None and fault.kind == "delay":
            time.sleep(fault.seconds)
        with self.store.lock:
            self.calls.append((method, path))
            answer = self._answer(method, path, form, key, fault.kind if fault else "")
        if fault is not None and fault.kind == "drop":
            raise Dropped
        return answer

    def _answer(self, method: str, path: str, form: str, key: str | None, fault: str) -> Answer:
        if fault == "down":
            return Answer(503, _server_error("Stripe is down for a moment."))
        if method != "POST" or not key:
            return self._perform(method, path, form)
        digest = hashlib.sha256(f"{path}\n{form}".encode()).hexdigest()
        kept = self.store.tables.get("idempotency", {}).get(key)
        if kept is not None:
            return _replay(kept, digest)
        answer = self._perform(method, path, form) if fault != "refuse" else Answer(500, {})
        if fault in ("error", "refuse"):
            answer = Answer(500, _server_error("Something went wrong at Stripe."))
        if answer.status not in (400, 401, 404):
            record = {"id": key, "digest": digest, "status": answer.status, "body": answer.body}
            self.store.put("idempotency", record)
        return answer

    def _perform(self, method: str, path: str, form: str) -> Answer:
        try:
            params = parse_form(form)
            expand = [str(name) for name in params.pop("expand", [])]
            return Answer(200, self._render(self._dispatch(method, path, params), expand))
        except StripeFault as fault:
            return Answer(fault.status, fault.body)

    def _dispatch(self, method: str, path: str, params: dict[str, Any]) -> Object:
        for verb, pattern, allowed, action in ROUTES:
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                _check_known(params, allowed)
                return action(self, params, *match.groups())
        raise StripeFault(
            404, "invalid_request_error", f"Unrecognized request URL ({method}: {path})."
        )

    def _render(self, item: Object, expand: list[str]) -> Object:
        shown = public(item)
        for name in expand:
            first, _, rest = name.partition(".")
            if first in EXPANDABLE and isinstance(shown.get(first), str):
                inner = self.store.get(EXPANDABLE[first], shown[first])
                shown[first] = self._render(inner, [rest] if rest else [])
        return shown

    def _next_fault(self, path: str) -> Fault | None:
        with self.store.lock:
            for fault in self.faults:
                if path.startswith(fault.path) and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


def parse_form(form: str) -> dict[str, Any]:
    """Stripe's form encoding: ``a[b][0][c]=1`` is {"a": {"b": [{"c": "1"}]}}."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        place = root
        for key in keys[:-1]:
            place = place.setdefault(key or str(len(place)), {})
        place[keys[-1] or str(len(place))] = value
    return {key: _lists(value) for key, value in root.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_lists(item) for item in value.values()]
    return {key: _lists(item) for key, item in value.items()}


def _replay(kept: Object, digest: str) -> Answer:
    if kept["digest"] != digest:
        fault = StripeFault(
            400,
            "idempotency_error",
            "Keys for idempotent requests can only be used with the same parameters they were "
            "first used with.",
        )
        return Answer(fault.status, fault.body)
    return Answer(kept["status"], kept["body"], replayed=True)


def _server_error(message: str) -> Object:
    return {"error": {"type": "api_error", "message": message}}


def _check_known(params: dict[str, Any], allowed: tuple[str, ...]) -> None:
    for name in params:
        if name not in allowed:
            raise invalid(f"Received unknown parameter: {name}", name, "parameter_unknown")


def _create_customer(api: Api, params: dict[str, Any]) -> Object:
    item = {
        "id": new_id("cus"),
        "object": "customer",
        "created": now(),
        "email": params.get("email"),
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
    }
    return api.store.put("customer", item)


def _attach(api: Api, params: dict[str, Any], key: str) -> Object:
    method = api.store.get("payment_method", key)
    method["customer"] = api.store.get("customer", params["customer"])["id"]
    return api.store.put("payment_method", method)


def _listing(table: str, path: str, *filters: str) -> Callable[..., Object]:
    """A list as Stripe answers it: newest first, `limit`, `starting_after`, `created[gte]`."""

    def action(api: Api, params: dict[str, Any]) -> Object:
        found = [item for item in api.store.newest(table) if _fits(item, params, filters)]
        after = params.get("starting_after")
        if after:
            ids = [item["id"] for item in found]
            found = found[ids.index(after) + 1 :] if after in ids else []
        limit = min(int(params.get("limit", 10)), MAX_PAGE)
        return {
            "object": "list",
            "data": [public(item) for item in found[:limit]],
            "has_more": len(found) > limit,
            "url": path,
        }

    return action


def _fits(item: Object, params: dict[str, Any], filters: tuple[str, ...]) -> bool:
    since = int(params.get("created", {}).get("gte", 0))
    return item["created"] >= since and all(
        item[name] == params[name] for name in filters if name in params
    )


def _reader(table: str) -> Callable[..., Object]:
    return lambda api, _params, key: api.store.get(table, key)


def _on_intent(action: Callable[[Store, Object, dict[str, Any]], Object]) -> Callable[..., Object]:
    return lambda api, params, key: action(api.store, api.store.get("payment_intent", key), params)


PAGE = ("limit", "starting_after", "created")
ID = r"/([A-Za-z0-9_]+)"
# method, path, parameters that are known, what it does
ROUTES: tuple[tuple[str, str, tuple[str, ...], Callable[..., Object]], ...] = (
    ("POST", "/v1/customers", ("email", "metadata", "name"), _create_customer),
    ("GET", "/v1/customers" + ID, (), _reader("customer")),
    (
        "POST",
        "/v1/payment_methods",
        ("type", "card", "sepa_debit", "billing_details", "metadata"),
        lambda api, params: stripe_methods.create(api.store, params),
    ),
    ("GET", "/v1/payment_methods" + ID, (), _reader("payment_method")),
    ("POST", "/v1/payment_methods" + ID + "/attach", ("customer",), _attach),
    (
        "POST",
        "/v1/payment_intents",
        INTENT_CREATE,
        lambda api, params: stripe_intents.create(api.store, params),
    ),
    (
        "GET",
        "/v1/payment_intents",
        (*PAGE, "customer"),
        _listing("payment_intent", "/v1/payment_intents", "customer"),
    ),
    ("GET", "/v1/payment_intents" + ID, (), _reader("payment_intent")),
    (
        "POST",
        "/v1/payment_intents" + ID,
        (*INTENT, "amount", "currency"),
        _on_intent(stripe_intents.update),
    ),
    (
        "POST",
        "/v1/payment_intents" + ID + "/confirm",
        ("payment_method", "return_url"),
        _on_intent(stripe_intents.confirm),
    ),
    (
        "POST",
        "/v1/payment_intents" + ID + "/cancel",
        ("cancellation_reason",),
        _on_intent(stripe_intents.cancel),
    ),
    (
        "POST",
        "/v1/refunds",
        ("amount", "charge", "payment_intent", "reason", "metadata"),
        lambda api, params: stripe_intents.refund(api.store, params),
    ),
    (
        "GET",
        "/v1/refunds",
        (*PAGE, "payment_intent", "charge"),
        _listing("refund", "/v1/refunds", "payment_intent", "charge"),
    ),
    ("GET", "/v1/refunds" + ID, (), _reader("refund")),
    ("GET", "/v1/charges" + ID, (), _reader("charge")),
    (
        "POST",
        "/v1/checkout/sessions",
        SESSION,
        lambda api, params: stripe_checkout.create(api.store, params, api.base_url),
    ),
    (
        "GET",
        "/v1/checkout/sessions",
        (*PAGE, "payment_intent", "status"),
        _listing("checkout.session", "/v1/checkout/sessions", "payment_intent", "status"),
    ),
    ("GET", "/v1/checkout/sessions" + ID, (), _reader("checkout.session")),
    (
        "POST",
        "/v1/checkout/sessions" + ID + "/expire",
        (),
        lambda api, _params, key: stripe_checkout.expire(
            api.store, api.store.get("checkout.session", key)
        ),
    ),
    ("GET", "/v1/events", (*PAGE, "type"), _listing("event", "/v1/events", "type")),
    ("GET", "/v1/events" + ID, (), _reader("event")),
)


def read_faults(body: bytes) -> list[Fault]:
    """Planned faults from the JSON of the control address."""
    return [Fault(**item) for item in json.loads(body)]
