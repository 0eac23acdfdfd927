"""Payment methods of the local Stripe server: Stripe's published test cards and test IBANs."""

from dataclasses import dataclass
from typing import Any

from marketplace.local.stripe_store import Object, Store, invalid, new_id, now


@dataclass(frozen=True)
class Behaviour:
    """How a payment with this method ends.

    decline: (code, decline code, message) of a refusal. authenticate: the card holder must
    confirm first. settles: SEPA only, the outcome arrives later.
    """

    decline: tuple[str, str, str] | None = None
    authenticate: bool = False
    settles: bool = False


DECLINED = ("card_declined", "generic_decline", "Your card was declined.")
FUNDS = ("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = ("expired_card", "expired_card", "Your card has expired.")
DEBIT_FAILED = ("payment_method_provider_decline", "debit_not_authorized", "The debit was refused.")

CARDS: dict[str, tuple[str, Behaviour]] = {
    "4242424242424242": ("visa", Behaviour()),
    "5555555555554444": ("mastercard", Behaviour()),
    "4000000000000002": ("visa", Behaviour(decline=DECLINED)),
    "4000000000009995": ("visa", Behaviour(decline=FUNDS)),
    "4000000000000069": ("visa", Behaviour(decline=EXPIRED)),
    "4000000000003220": ("visa", Behaviour(authenticate=True)),
}
IBANS: dict[str, Behaviour] = {
    "FR1420041010050500013M02606": Behaviour(settles=True),
    "FR8420041010050500013M02607": Behaviour(settles=True, decline=DEBIT_FAILED),
    "DE89370400440532013000": Behaviour(settles=True),
    "DE62370400440532013001": Behaviour(settles=True, decline=DEBIT_FAILED),
}
# Stripe's ready-made test methods: name -> card number
TEST_METHODS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_threeDSecure2Required": "4000000000003220",
}


def create(store: Store, params: dict[str, Any]) -> Object:
    """Keep a payment method; only test numbers are known here."""
    kind = params.get("type")
    if kind == "card":
        details = _card(str(params.get("card", {}).get("number", "")))
    elif kind == "sepa_debit":
        details = _iban(str(params.get("sepa_debit", {}).get("iban", "")))
    else:
        raise invalid("Invalid type: must be card or sepa_debit.", "type", "parameter_invalid")
    return store.put(
        "payment_method",
        {
            "id": new_id("pm"),
            "object": "payment_method",
            "billing_details": params.get("billing_details", {}),
            "created": now(),
            "customer": None,
            "livemode": False,
            "metadata": params.get("metadata", {}),
            "type": kind,
            **details,
        },
    )


def find(store: Store, name: str) -> Object:
    """A kept method, or one made from Stripe's ready-made names (``pm_card_visa``)."""
    if name in TEST_METHODS:
        return create(store, {"type": "card", "card": {"number": TEST_METHODS[name]}})
    return store.get("payment_method", name)


def behaviour(method: Object) -> Behaviour:
    """What will happen when this method is charged."""
    held: dict[str, Any] = method["_local"]
    if method["type"] == "card":
        return CARDS[held["number"]][1]
    return IBANS[held["number"]]


def _card(number: str) -> dict[str, Any]:
    number = number.replace(" ", "")
    if number not in CARDS:
        raise invalid("Your card number is incorrect.", "card[number]", "incorrect_number")
    brand = CARDS[number][0]
    return {
        "card": {"brand": brand, "last4": number[-4:], "exp_month": 12, "exp_year": 2034},
        "_local": {"number": number},
    }


def _iban(iban: str) -> dict[str, Any]:
    iban = iban.replace(" ", "").upper()
    if iban not in IBANS:
        raise invalid(
            "The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban"
        )
    return {
        "sepa_debit": {"country": iban[:2], "bank_code": iban[4:9], "last4": iban[-4:]},
        "_local": {"number": iban},
    }
