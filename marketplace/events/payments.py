"""What payments announce: money asked for, received, refused, returned."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class PaymentRequested(Event):
    """Somebody wants to pay: the provider is to be asked for a payment page."""

    name: ClassVar[str] = "payments.requested"

    payment_id: UUID
    subject_kind: str
    subject_id: UUID
    buyer_id: UUID
    amount: Decimal
    currency: str


@event
@dataclass(frozen=True)
class PaymentCaptured(Event):
    """Money was received; `amount` is what came, not what was asked for."""

    name: ClassVar[str] = "payments.captured"

    payment_id: UUID
    subject_kind: str
    subject_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    amount: Decimal
    currency: str
    received_at: datetime


@event
@dataclass(frozen=True)
class PaymentFailed(Event):
    """The card or the bank said no; nothing was received."""

    name: ClassVar[str] = "payments.failed"

    payment_id: UUID
    subject_kind: str
    subject_id: UUID
    buyer_id: UUID
    code: str
    failed_at: datetime


@event
@dataclass(frozen=True)
class PaymentMismatched(Event):
    """The provider's figures differ from ours: a person has to look at it."""

    name: ClassVar[str] = "payments.mismatched"

    payment_id: UUID
    subject_kind: str
    subject_id: UUID
    buyer_id: UUID
    expected: Decimal
    received: Decimal
    currency: str


@event
@dataclass(frozen=True)
class PaymentRefunded(Event):
    """Money went back to the buyer."""

    name: ClassVar[str] = "payments.refunded"

    payment_id: UUID
    refund_id: UUID
    subject_kind: str
    subject_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    amount: Decimal
    currency: str
    refunded_at: datetime
