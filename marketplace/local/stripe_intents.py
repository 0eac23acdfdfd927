"""Payment intents, charges and refunds of the local Stripe server."""

import time
from typing import Any

from marketplace.local import stripe_methods
from marketplace.local.stripe_store import Object, Store, StripeFault, invalid, new_id, now, public

MINIMUM = 1
CONFIRMABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELLABLE = CONFIRMABLE


def create(store: Store, params: dict[str, Any]) -> Object:
    """A payment intent; confirmed at once when asked to."""
    intent = {
        "id": new_id("pi"),
        "object": "payment_intent",
        "amount": whole_number(params, "amount"),
        "amount_received": 0,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": new_id("pi_secret"),
        "created": now(),
        "currency": str(required(params, "currency")).lower(),
        "customer": params.get("customer"),
        "description": params.get("description"),
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "next_action": None,
        "payment_method": None,
        "payment_method_types": params.get("payment_method_types", ["card"]),
        "status": "requires_payment_method",
    }
    if params.get("payment_method"):
        intent["payment_method"] = stripe_methods.find(store, params["payment_method"])["id"]
        intent["status"] = "requires_confirmation"
    store.put("payment_intent", intent)
    store.announce("payment_intent.created", intent)
    return confirm(store, intent, {}) if params.get("confirm") == "true" else intent


def update(store: Store, intent: Object, params: dict[str, Any]) -> Object:
    """Change what is to be paid, as long as nothing was."""
    _check_status(intent, CONFIRMABLE, "updated")
    if "amount" in params:
        intent["amount"] = whole_number(params, "amount")
    for name in ("currency", "description", "metadata"):
        if name in params:
            intent[name] = params[name]
    return store.put("payment_intent", intent)


def confirm(store: Store, intent: Object, params: dict[str, Any]) -> Object:
    """Charge the method. A declined card is a 402 and leaves the intent open for another one."""
    _check_status(intent, CONFIRMABLE, "confirmed")
    name = params.get("payment_method") or intent["payment_method"]
    if not name:
        raise invalid("You cannot confirm without a payment method.", "payment_method")
    method = stripe_methods.find(store, name)
    intent["payment_method"] = method["id"]
    behaviour = stripe_methods.behaviour(method)
    if behaviour.settles:
        return _start_debit(store, intent, failing=behaviour.decline is not None)
    if behaviour.decline:
        raise _decline(store, intent, behaviour.decline)
    if behaviour.authenticate:
        intent["status"] = "requires_action"
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": ""}}
        store.put("payment_intent", intent)
        store.announce("payment_intent.requires_action", intent)
        return intent
    return succeed(store, intent)


def authenticate(store: Store, intent: Object, *, accepted: bool) -> Object:
    """The card holder confirmed, or not, in the bank's window."""
    intent["next_action"] = None
    if accepted:
        return succeed(store, intent)
    error = (
        "payment_intent_authentication_failure",
        "authentication_required",
        "We are unable to authenticate your payment method.",
    )
    raise _decline(store, intent, error)


def cancel(store: Store, intent: Object, params: dict[str, Any]) -> Object:
    """End an intent that has not been paid."""
    _check_status(intent, CANCELLABLE, "canceled")
    intent["status"] = "canceled"
    intent["canceled_at"] = now()
    intent["cancellation_reason"] = params.get("cancellation_reason")
    store.put("payment_intent", intent)
    store.announce("payment_intent.canceled", intent)
    return intent


def succeed(store: Store, intent: Object) -> Object:
    """The money arrived."""
    charge = store.put(
        "charge",
        {
            "id": new_id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "created": now(),
            "currency": intent["currency"],
            "livemode": False,
            "metadata": intent["metadata"],
            "paid": True,
            "payment_intent": intent["id"],
            "refunded": False,
            "status": "succeeded",
        },
    )
    intent["status"] = "succeeded"
    intent["amount_received"] = intent["amount"]
    intent["latest_charge"] = charge["id"]
    intent["last_payment_error"] = None
    intent.pop("_local", None)
    store.put("payment_intent", intent)
    store.announce("payment_intent.succeeded", intent)
    store.announce("charge.succeeded", charge)
    return intent


def settle_due(store: Store, at: float) -> list[Object]:
    """End the debits whose time has come; returns the intents that ended."""
    ended = []
    for intent in list(store.newest("payment_intent")):
        plan = intent.get("_local")
        if intent["status"] != "processing" or plan is None or plan["settles_at"] > at:
            continue
        if plan["failing"]:
            intent.pop("_local")
            _refuse(store, intent, stripe_methods.DEBIT_FAILED)
        else:
            succeed(store, intent)
        ended.append(intent)
    return ended


def refund(store: Store, params: dict[str, Any]) -> Object:
    """Give money back. Without an amount Stripe returns all that is left, and so do we."""
    charge = _charge_of(store, params)
    left = charge["amount"] - charge["amount_refunded"]
    amount = whole_number(params, "amount") if "amount" in params else left
    if amount > left or left == 0:
        code = "charge_already_refunded" if left == 0 else "amount_too_large"
        raise invalid(f"Refund amount is greater than unrefunded amount ({left}).", "amount", code)
    item = store.put(
        "refund",
        {
            "id": new_id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": now(),
            "currency": charge["currency"],
            "metadata": params.get("metadata", {}),
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "status": "succeeded",
        },
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    store.put("charge", charge)
    store.announce("refund.created", item)
    store.announce("charge.refunded", charge)
    return item


def required(params: dict[str, Any], name: str) -> Any:
    """The parameter, or Stripe's error for a missing one."""
    if params.get(name) in (None, ""):
        raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    return params[name]


def whole_number(params: dict[str, Any], name: str) -> int:
    """An amount in the smallest unit: a whole number above zero."""
    value = str(required(params, name))
    if not (value.isascii() and value.isdigit()):
        raise invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    if int(value) < MINIMUM:
        raise invalid("This value must be greater than or equal to 1.", name, "amount_too_small")
    return int(value)


def _start_debit(store: Store, intent: Object, *, failing: bool) -> Object:
    intent["status"] = "processing"
    intent["_local"] = {"settles_at": time.time() + store.debit_seconds, "failing": failing}
    store.put("payment_intent", intent)
    store.announce("payment_intent.processing", intent)
    return intent


def _decline(store: Store, intent: Object, error: tuple[str, str, str]) -> StripeFault:
    _refuse(store, intent, error)
    code, decline_code, message = error
    return StripeFault(
        402,
        "card_error",
        message,
        code=code,
        decline_code=decline_code,
        payment_intent=public(intent),
    )


def _refuse(store: Store, intent: Object, error: tuple[str, str, str]) -> None:
    code, decline_code, message = error
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = {
        "type": "card_error",
        "code": code,
        "decline_code": decline_code,
        "message": message,
    }
    store.put("payment_intent", intent)
    store.announce("payment_intent.payment_failed", intent)


def _charge_of(store: Store, params: dict[str, Any]) -> Object:
    if params.get("charge"):
        return store.get("charge", params["charge"])
    intent = store.get("payment_intent", required(params, "payment_intent"))
    if not intent["latest_charge"]:
        raise invalid("This PaymentIntent does not have a successful charge.", "payment_intent")
    return store.get("charge", intent["latest_charge"])


def _check_status(intent: Object, allowed: tuple[str, ...], verb: str) -> None:
    if intent["status"] not in allowed:
        raise invalid(
            f"This PaymentIntent could not be {verb} because it has a status of "
            f"{intent['status']}.",
            code="payment_intent_unexpected_state",
        )
