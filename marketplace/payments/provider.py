"""What we ask the payment provider and what it answers: plain values on both sides."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID


@dataclass(frozen=True)
class CloseOrder:
    """Make sure that this page can no longer be paid; without an id it is looked for."""

    payment_id: UUID
    checkout_id: str | None
    requested_at: datetime


@dataclass(frozen=True)
class CheckoutOrder:
    """Ask for a payment page, once the pages that it replaces are closed.

    look_first: an earlier request may have worked without our knowing; search before asking again.
    """

    payment_id: UUID
    key: str
    amount: Decimal
    currency: str
    description: str
    locale: str
    requested_at: datetime
    look_first: bool
    replaced: tuple[CloseOrder, ...]


@dataclass(frozen=True)
class ProviderRefund:
    refund_id: str
    payment_refund_id: UUID | None
    amount: Decimal
    currency: str
    succeeded: bool
    failed: bool
    created_at: datetime


@dataclass(frozen=True)
class ProviderPayment:
    """All that the provider knows of one payment, read at one moment.

    status: open, processing, received, refused, closed or unknown.
    """

    payment_id: UUID
    status: str
    checkout_id: str | None = None
    checkout_url: str | None = None
    intent_id: str | None = None
    method: str | None = None
    received: Decimal = Decimal(0)
    currency: str = ""
    received_at: datetime | None = None
    failure_code: str | None = None
    refunds: tuple[ProviderRefund, ...] = ()


@dataclass(frozen=True)
class CheckoutAnswer:
    """The page, or why there is none; and what became of the pages that it replaces."""

    payment_id: UUID
    opened: ProviderPayment | None
    closed: tuple[ProviderPayment, ...] = ()
    failure: str | None = None
    final: bool = False


@dataclass(frozen=True)
class LookUp:
    """Read the present state of one payment."""

    payment_id: UUID
    checkout_id: str | None
    intent_id: str | None
    requested_at: datetime


@dataclass(frozen=True)
class RefundOrder:
    """Give back an explicit amount."""

    refund_id: UUID
    payment_id: UUID
    intent_id: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class RefundAnswer:
    refund_id: UUID
    answer: ProviderRefund | None
    failure: str | None = None


@dataclass(frozen=True)
class ReceivedCharge:
    """One line of the provider's own list of money received."""

    intent_id: str
    payment_id: UUID | None
    received: Decimal
    currency: str


@dataclass(frozen=True)
class Notice:
    """A webhook whose signature is right."""

    event_id: str
    kind: str
    live: bool
    checkout_id: str | None
    intent_id: str | None
    payment_id: UUID | None
