"""What invoices announce, from the supplier's submission to the money paid."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class InvoiceSubmitted(Event):
    """The supplier sent an invoice or a credit note; `kind` tells which."""

    name: ClassVar[str] = "invoices.submitted"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    kind: str
    submitted_at: datetime


@event
@dataclass(frozen=True)
class InvoiceMatched(Event):
    """Order, receipts and invoice agree: it may be paid."""

    name: ClassVar[str] = "invoices.matched"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    kind: str
    matched_at: datetime


@event
@dataclass(frozen=True)
class InvoiceInVariance(Event):
    """Something differs beyond the buyer's tolerances: a person decides."""

    name: ClassVar[str] = "invoices.in_variance"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    codes: tuple[str, ...]
    found_at: datetime


@event
@dataclass(frozen=True)
class InvoiceApproved(Event):
    """A buyer accepted the differences, with a reason."""

    name: ClassVar[str] = "invoices.approved"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    approved_at: datetime


@event
@dataclass(frozen=True)
class InvoiceRejected(Event):
    """Back to the supplier, with a reason that stands in the invoice."""

    name: ClassVar[str] = "invoices.rejected"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    rejected_at: datetime


@event
@dataclass(frozen=True)
class InvoicePaid(Event):
    """Exactly what was due has been received, credit notes counted."""

    name: ClassVar[str] = "invoices.paid"

    invoice_id: UUID
    order_id: UUID | None
    buyer_id: UUID
    supplier_id: UUID
    number: str
    gross: Decimal
    currency: str
    due_on: date | None
    paid_at: datetime
