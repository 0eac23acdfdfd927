"""What suppliers announce: who joined, what the checks found, who may no longer trade."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class SupplierRegistered(Event):
    name: ClassVar[str] = "suppliers.registered"

    supplier_id: UUID
    registered_at: datetime


@event
@dataclass(frozen=True)
class DueDiligenceRequested(Event):
    """A run waits to be carried out; `trigger` says why it was asked for."""

    name: ClassVar[str] = "suppliers.due_diligence_requested"

    supplier_id: UUID
    run_id: UUID
    trigger: str


@event
@dataclass(frozen=True)
class DueDiligenceCompleted(Event):
    """`outcome` is clear, review, block or unknown, by the veto rule over all checks."""

    name: ClassVar[str] = "suppliers.due_diligence_completed"

    supplier_id: UUID
    run_id: UUID
    outcome: str


@event
@dataclass(frozen=True)
class SupplierQualified(Event):
    name: ClassVar[str] = "suppliers.qualified"

    supplier_id: UUID
    decided_at: datetime


@event
@dataclass(frozen=True)
class SupplierRejected(Event):
    name: ClassVar[str] = "suppliers.rejected"

    supplier_id: UUID
    decided_at: datetime


@event
@dataclass(frozen=True)
class SupplierBlocked(Event):
    """From now on the supplier is neither invited nor awarded anything."""

    name: ClassVar[str] = "suppliers.blocked"

    supplier_id: UUID
    decided_at: datetime


@event
@dataclass(frozen=True)
class SupplierUnblocked(Event):
    name: ClassVar[str] = "suppliers.unblocked"

    supplier_id: UUID
    decided_at: datetime


@event
@dataclass(frozen=True)
class CertificateExpiring(Event):
    """Announced once for each certificate, 30 days before its end."""

    name: ClassVar[str] = "suppliers.certificate_expiring"

    supplier_id: UUID
    certificate_id: UUID
    valid_until: date


@event
@dataclass(frozen=True)
class BankAccountProposed(Event):
    """New bank details wait for a second person."""

    name: ClassVar[str] = "suppliers.bank_account_proposed"

    supplier_id: UUID
    account_id: UUID
    proposed_by: UUID


@event
@dataclass(frozen=True)
class SanctionsListLoaded(Event):
    """A newer list is in force: suppliers are screened against it again."""

    name: ClassVar[str] = "suppliers.sanctions_list_loaded"

    list_id: UUID
    source: str
