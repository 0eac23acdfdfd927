"""Stripe: the only module that knows it, its units and its errors.

Every function may be repeated: requests that move money carry a key that stays the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import stripe
from stripe.checkout import Session as CheckoutSession
from stripe.params.checkout import SessionCreateParams

from marketplace.core import clock
from marketplace.core.errors import Invalid, Unavailable
from marketplace.core.text import _
from marketplace.payments.provider import (
    CheckoutAnswer,
    CheckoutOrder,
    CloseOrder,
    LookUp,
    Notice,
    ProviderPayment,
    ProviderRefund,
    ReceivedCharge,
    RefundAnswer,
    RefundOrder,
)
from marketplace.settings import Settings, current
from marketplace.settings import Stripe as StripeSettings

# Stripe's exceptions to "hundredths": https://docs.stripe.com/currencies
ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
     "XOF", "XPF"}
)  # fmt: skip
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
# Counted in hundredths although they have none; thousandths in steps of ten.
STEPS = dict.fromkeys(THREE_DECIMAL, 10) | {"ISK": 100, "UGX": 100}
TIMEOUT_SECONDS = 10
PAGE = 100
STATUSES = {
    "succeeded": "received",
    "processing": "processing",
    "canceled": "closed",
}


class PaymentsUnavailable(Unavailable):
    code = "payments_unavailable"


class BadSignature(Invalid):
    code = "bad_signature"


class AmountNotPayable(Invalid):
    code = "amount_not_payable"


@dataclass(frozen=True)
class Connection:
    client: stripe.StripeClient
    webhook_secrets: tuple[str, ...]
    public_url: str
    live: bool


@lru_cache(maxsize=8)
def connect(ours: StripeSettings, public_url: str) -> Connection:
    """A client for the account of these settings; the SDK's telemetry stays off."""
    stripe.enable_telemetry = False
    client = stripe.StripeClient(
        ours.secret_key,
        base_addresses={"api": ours.api_base} if ours.api_base else None,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=1,
    )
    return Connection(
        client=client,
        webhook_secrets=tuple(part.strip() for part in ours.webhook_secret.split(",")),
        public_url=public_url,
        live=ours.secret_key.startswith(("sk_live_", "rk_live_")),
    )


def connection() -> Connection:
    """The connection of the settings in use."""
    settings = current()
    return connect(settings.stripe, settings.public_url)


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount in the unit that Stripe counts. Raises AmountNotPayable for finer amounts."""
    units = amount.scaleb(_places(currency))
    step = STEPS.get(currency.upper(), 1)
    if units != units.to_integral_value() or units % step or units <= 0:
        raise AmountNotPayable(
            _("%(amount)s %(currency)s cannot be paid exactly.", amount=amount, currency=currency)
        )
    return int(units)


def major_units(units: int, currency: str) -> Decimal:
    """The amount for Stripe's count."""
    return Decimal(units).scaleb(-_places(currency))


def _places(currency: str) -> int:
    if currency.upper() in ZERO_DECIMAL:
        return 0
    return 3 if currency.upper() in THREE_DECIMAL else 2


def open_checkout(order: CheckoutOrder) -> CheckoutAnswer:
    """A page on which exactly this amount can be paid, after the replaced pages are closed.

    When one of those turns out to be paid, no new page is opened.
    """
    closed = tuple(close_checkout(old) for old in order.replaced)
    if any(old.status in ("received", "processing") for old in closed):
        return CheckoutAnswer(order.payment_id, None, closed)
    try:
        found = _search(order.payment_id, order.requested_at) if order.look_first else None
        session = found or _create(order)
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        raise _unavailable() from error
    except stripe.APIError as error:
        return CheckoutAnswer(order.payment_id, None, closed, failure=_code(error))
    except stripe.StripeError as error:
        return CheckoutAnswer(order.payment_id, None, closed, failure=_code(error), final=True)
    return CheckoutAnswer(order.payment_id, _read(order.payment_id, session), closed)


def close_checkout(order: CloseOrder) -> ProviderPayment:
    """Expire the page, unless it has been paid; either way its final state."""
    client = connection().client
    with _mapped():
        found = _session(order.checkout_id, order.payment_id, order.requested_at)
        if found is None:
            return ProviderPayment(order.payment_id, "closed")
        if found.status == "open":
            # refused when it was paid or expired in this very moment: the next line tells which
            with suppress(stripe.InvalidRequestError):
                client.v1.checkout.sessions.expire(found.id)
        return _read(order.payment_id, _retrieve(found.id))


def look_up(order: LookUp) -> ProviderPayment:
    """What the provider knows now."""
    with _mapped():
        found = _session(order.checkout_id, order.payment_id, order.requested_at)
        if found is None:
            return ProviderPayment(order.payment_id, "unknown")
        return _read(order.payment_id, found)


def refund(order: RefundOrder) -> RefundAnswer:
    """Give back this amount; always a number, because Stripe reads none as everything."""
    try:
        answer = connection().client.v1.refunds.create(
            {
                "payment_intent": order.intent_id,
                "amount": minor_units(order.amount, order.currency),
                "metadata": {
                    "refund_id": str(order.refund_id),
                    "payment_id": str(order.payment_id),
                },
            },
            {"idempotency_key": f"refund:{order.refund_id}"},
        )
    except (stripe.APIConnectionError, stripe.RateLimitError, stripe.APIError) as error:
        raise _unavailable() from error
    except stripe.StripeError as error:
        return RefundAnswer(order.refund_id, None, failure=_code(error))
    return RefundAnswer(order.refund_id, _refund(answer))


def received_since(since: datetime) -> list[ReceivedCharge]:
    """The provider's list of money received, for comparison with ours."""
    found = []
    with _mapped():
        for intent in _pages(connection().client.v1.payment_intents, since):
            if intent.amount_received:
                found.append(
                    ReceivedCharge(
                        intent_id=intent.id,
                        payment_id=_our_id(intent.metadata, "payment_id"),
                        received=major_units(intent.amount_received, intent.currency),
                        currency=intent.currency.upper(),
                    )
                )
    return found


def read_notice(settings: Settings, payload: bytes, signature: str) -> Notice:
    """The webhook, or BadSignature. Its content is a hint; the state is looked up.

    A test event on a live account, or the other way round, is kept but is about nothing of ours.
    Two secrets, separated by a comma, are both good while one replaces the other.
    """
    here = connect(settings.stripe, settings.public_url)
    for secret in here.webhook_secrets:
        try:
            event = stripe.Webhook.construct_event(payload, signature, secret)
        except (stripe.SignatureVerificationError, ValueError):
            continue
        notice = _notice(event.to_dict())
        return (
            notice if notice.live == here.live else replace(notice, payment_id=None, intent_id=None)
        )
    raise BadSignature(_("The signature of this notice is not valid."))


def _notice(event: dict[str, Any]) -> Notice:
    item = event["data"]["object"]
    checkout = item["id"] if item.get("object") == "checkout.session" else None
    intent = item["id"] if item.get("object") == "payment_intent" else item.get("payment_intent")
    return Notice(
        event_id=event["id"],
        kind=event["type"],
        live=bool(event.get("livemode")),
        checkout_id=checkout,
        intent_id=intent,
        payment_id=_our_id(item.get("metadata") or {}, "payment_id"),
    )


def _create(order: CheckoutOrder) -> CheckoutSession:
    here = connection()
    page = f"{here.public_url}/payments/{order.payment_id}"
    metadata = {"payment_id": str(order.payment_id)}
    currency = order.currency.lower()
    params: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": str(order.payment_id),
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": currency,
                    "unit_amount": minor_units(order.amount, order.currency),
                    "product_data": {"name": order.description},
                },
            }
        ],
        # a SEPA debit exists in euros only
        "allowed_payment_method_types": ["card", "sepa_debit"] if currency == "eur" else ["card"],
        "payment_intent_data": {"metadata": metadata, "description": order.description},
        "metadata": metadata,
        "locale": "fr" if order.locale.startswith("fr") else "en",
        "success_url": f"{page}/return",
        "cancel_url": page,
    }
    return here.client.v1.checkout.sessions.create(params, {"idempotency_key": order.key})


def _session(checkout_id: str | None, payment_id: UUID, since: datetime) -> CheckoutSession | None:
    return _retrieve(checkout_id) if checkout_id else _search(payment_id, since)


def _retrieve(checkout_id: str) -> CheckoutSession:
    return connection().client.v1.checkout.sessions.retrieve(
        checkout_id, {"expand": ["payment_intent.payment_method"]}
    )


def _search(payment_id: UUID, since: datetime) -> CheckoutSession | None:
    """The session that carries our id, among those made since then."""
    for session in _pages(connection().client.v1.checkout.sessions, since):
        if _our_id(session.metadata, "payment_id") == payment_id:
            return _retrieve(session.id)
    return None


def _pages(resource: Any, since: datetime) -> Iterator[Any]:
    first = int(since.timestamp()) - 60  # their clock may be behind ours
    yield from resource.list({"created": {"gte": first}, "limit": PAGE}).auto_paging_iter()


def _read(payment_id: UUID, session: CheckoutSession) -> ProviderPayment:
    intent = session.payment_intent if not isinstance(session.payment_intent, str) else None
    if isinstance(session.payment_intent, str):
        intent = connection().client.v1.payment_intents.retrieve(
            session.payment_intent, {"expand": ["payment_method"]}
        )
    if intent is None:
        return ProviderPayment(
            payment_id,
            "open" if session.status == "open" else "closed",
            checkout_id=session.id,
            checkout_url=session.url,
        )
    error = intent.last_payment_error
    received = intent.amount_received or 0
    return ProviderPayment(
        payment_id=payment_id,
        status=_status(session, intent),
        checkout_id=session.id,
        checkout_url=session.url,
        intent_id=intent.id,
        method=_method(intent),
        received=major_units(received, intent.currency),
        currency=intent.currency.upper(),
        received_at=clock.now() if received else None,
        failure_code=(error.decline_code or error.code) if error else None,
        refunds=_refunds(intent.id) if received else (),
    )


def _status(session: CheckoutSession, intent: stripe.PaymentIntent) -> str:
    if intent.status in STATUSES:
        return STATUSES[intent.status]
    if session.status == "complete":
        return "refused"  # a debit that the bank sent back
    return "open" if session.status == "open" else "closed"


def _method(intent: stripe.PaymentIntent) -> str | None:
    method = intent.payment_method
    return None if method is None or isinstance(method, str) else method.type


def _refunds(intent_id: str) -> tuple[ProviderRefund, ...]:
    found = connection().client.v1.refunds.list({"payment_intent": intent_id, "limit": PAGE})
    return tuple(_refund(item) for item in found.auto_paging_iter())


def _refund(item: stripe.Refund) -> ProviderRefund:
    return ProviderRefund(
        refund_id=item.id,
        payment_refund_id=_our_id(item.metadata, "refund_id"),
        amount=major_units(item.amount, item.currency),
        currency=item.currency.upper(),
        succeeded=item.status == "succeeded",
        failed=item.status in ("failed", "canceled"),
        created_at=datetime.fromtimestamp(item.created, UTC),
    )


def _our_id(metadata: Any, name: str) -> UUID | None:
    values = metadata if isinstance(metadata, dict) else (metadata.to_dict() if metadata else {})
    try:
        return UUID(values[name])
    except (KeyError, ValueError):
        return None


def _code(error: stripe.StripeError) -> str:
    return error.code or type(error).__name__


def _unavailable() -> PaymentsUnavailable:
    return PaymentsUnavailable(
        _("The payment provider does not answer. Please try again in a moment."), retry_after=30
    )


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn whatever Stripe raises into Unavailable: the caller tries again later."""
    try:
        yield
    except stripe.StripeError as error:
        raise _unavailable() from error
