"""Checkout sessions of the local Stripe server: the hosted page on which a buyer pays."""

from typing import Any

from marketplace.local import stripe_intents, stripe_methods
from marketplace.local.stripe_intents import required, whole_number
from marketplace.local.stripe_store import Object, Store, StripeFault, invalid, new_id, now

LIFETIME = 24 * 3600


def create(store: Store, params: dict[str, Any], base_url: str) -> Object:
    """A session for one payment; its intent is made when the buyer first confirms, as at Stripe."""
    if params.get("mode") != "payment":
        raise invalid("Only mode=payment is served here.", "mode", "parameter_invalid")
    lines = [_line(line) for line in params.get("line_items", [])]
    if not lines:
        raise invalid("At least one line item is needed.", "line_items", "parameter_missing")
    session_id = new_id("cs_test")
    session = {
        "id": session_id,
        "object": "checkout.session",
        "amount_total": sum(line["amount"] * line["quantity"] for line in lines),
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now(),
        "currency": lines[0]["currency"],
        "customer": params.get("customer"),
        "customer_email": params.get("customer_email"),
        "expires_at": int(params.get("expires_at") or now() + LIFETIME),
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata", {}),
        "mode": "payment",
        "payment_intent": None,
        "payment_method_types": params.get("allowed_payment_method_types", ["card"]),
        "payment_status": "unpaid",
        "status": "open",
        "success_url": required(params, "success_url"),
        "url": f"{base_url}/c/pay/{session_id}",
        "_local": {
            "lines": lines,
            "intent": params.get("payment_intent_data", {}),
        },
    }
    return store.put("checkout.session", session)


def expire(store: Store, session: Object) -> Object:
    """Close an open session for ever; its intent, if there is one, is cancelled."""
    if session["status"] != "open":
        raise invalid(
            "Only Checkout Sessions with a status of open can be expired. This Checkout Session "
            f"has a status of {session['status']}.",
            code="checkout_session_not_open",
        )
    session["status"] = "expired"
    session["url"] = None
    store.put("checkout.session", session)
    if session["payment_intent"]:
        intent = store.get("payment_intent", session["payment_intent"])
        if intent["status"] in stripe_intents.CANCELLABLE:
            stripe_intents.cancel(store, intent, {"cancellation_reason": "expired"})
    store.announce("checkout.session.expired", session)
    return session


def expire_due(store: Store, at: int) -> None:
    """Close the sessions whose time is over."""
    for session in list(store.newest("checkout.session")):
        if session["status"] == "open" and session["expires_at"] <= at:
            expire(store, session)


def pay(store: Store, session: Object, method: dict[str, Any]) -> Object:
    """The buyer confirms on the page. Raises StripeFault 402 when the card is declined."""
    if session["status"] != "open":
        raise StripeFault(409, "invalid_request_error", "This page is no longer open.")
    if method.get("type") not in session["payment_method_types"]:
        raise invalid("This payment method is not offered.", "type", "parameter_invalid")
    kept = stripe_methods.create(store, method)
    intent = _intent(store, session)
    stripe_intents.confirm(store, intent, {"payment_method": kept["id"]})
    return _follow(store, session, intent)


def authenticate(store: Store, session: Object, *, accepted: bool) -> Object:
    """The card holder answered the bank's question."""
    if session["status"] != "open" or not session["payment_intent"]:
        raise StripeFault(409, "invalid_request_error", "This page is no longer open.")
    intent = store.get("payment_intent", session["payment_intent"])
    stripe_intents.authenticate(store, intent, accepted=accepted)
    return _follow(store, session, intent)


def settle_due(store: Store, at: float) -> None:
    """End the debits whose time has come, and tell it for their sessions too."""
    for intent in stripe_intents.settle_due(store, at):
        for session in store.newest("checkout.session"):
            if session["payment_intent"] == intent["id"]:
                _settled(store, session, paid=intent["status"] == "succeeded")


def _settled(store: Store, session: Object, *, paid: bool) -> None:
    session["payment_status"] = "paid" if paid else "unpaid"
    store.put("checkout.session", session)
    outcome = "succeeded" if paid else "failed"
    store.announce(f"checkout.session.async_payment_{outcome}", session)


def _intent(store: Store, session: Object) -> Object:
    if session["payment_intent"]:
        return store.get("payment_intent", session["payment_intent"])
    wanted = session["_local"]["intent"]
    intent = stripe_intents.create(
        store,
        {
            "amount": session["amount_total"],
            "currency": session["currency"],
            "customer": session["customer"],
            "description": wanted.get("description"),
            "metadata": wanted.get("metadata", {}),
            "payment_method_types": session["payment_method_types"],
        },
    )
    session["payment_intent"] = intent["id"]
    store.put("checkout.session", session)
    return intent


def _follow(store: Store, session: Object, intent: Object) -> Object:
    if intent["status"] in ("succeeded", "processing"):
        session["status"] = "complete"
        session["url"] = None
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
        store.put("checkout.session", session)
        store.announce("checkout.session.completed", session)
    return session


def _line(line: dict[str, Any]) -> dict[str, Any]:
    price = line.get("price_data", {})
    return {
        "name": str(price.get("product_data", {}).get("name", "")),
        "amount": whole_number(price, "unit_amount"),
        "currency": str(required(price, "currency")).lower(),
        "quantity": int(line.get("quantity", 1)),
    }
