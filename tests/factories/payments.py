"""Payments, and a Stripe server for them to go through."""

import itertools
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor
from marketplace.local.stripe_server import LocalStripe
from marketplace.payments.models import Payment
from marketplace.payments.rules import Subject
from marketplace.payments.services import paying
from marketplace.settings import Settings
from tests.clients import ApiClient

_numbers = itertools.count(1)


def make_subject(buyer_id: UUID, supplier_id: UUID, **overrides: Any) -> Subject:
    values: dict[str, Any] = {
        "kind": "document",
        "id": uuid7(),
        "reference": f"INV-{next(_numbers)}",
        "buyer_id": buyer_id,
        "supplier_id": supplier_id,
    }
    return Subject(**(values | overrides))


def make_payment(
    session: Session, buyer: Actor, supplier_id: UUID, amount: Money, **overrides: Any
) -> Payment:
    """A payment that has been asked for, its page not yet opened."""
    subject = make_subject(buyer.organisation_id, supplier_id, **overrides)
    return paying.request(session, buyer, subject, amount)


def with_stripe(settings: Settings, server: LocalStripe) -> Settings:
    """These settings, with Stripe served by this server."""
    return replace(settings, stripe=replace(settings.stripe, api_base=server.url))


def deliver(server: LocalStripe, client: ApiClient) -> int:
    """Hand every waiting webhook to the application; the number of deliveries."""

    def send(body: bytes, headers: dict[str, str]) -> int:
        answer = client.post("/stripe/webhooks", data=body, headers=headers, idempotency_key=None)
        return answer.status_code

    return server.deliveries.flush(send)
