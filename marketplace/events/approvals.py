"""What approvals announce: somebody has to decide, what was decided, who decides for whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class ApprovalRequested(Event):
    """These people may decide now; announced again for each step that opens."""

    name: ClassVar[str] = "approvals.requested"

    request_id: UUID
    buyer_id: UUID
    subject_kind: str
    subject_id: UUID
    step: int
    approver_ids: tuple[UUID, ...]


@event
@dataclass(frozen=True)
class ApprovalUnreachable(Event):
    """Everybody who may decide now is away, and whoever stands in for them may not."""

    name: ClassVar[str] = "approvals.unreachable"

    request_id: UUID
    buyer_id: UUID
    step: int


@event
@dataclass(frozen=True)
class ApprovalGranted(Event):
    """Every step said yes to the content with this fingerprint, and to no other content."""

    name: ClassVar[str] = "approvals.granted"

    request_id: UUID
    buyer_id: UUID
    subject_kind: str
    subject_id: UUID
    fingerprint: str
    decided_at: datetime


@event
@dataclass(frozen=True)
class ApprovalRejected(Event):
    name: ClassVar[str] = "approvals.rejected"

    request_id: UUID
    buyer_id: UUID
    subject_kind: str
    subject_id: UUID
    fingerprint: str
    decided_at: datetime


@event
@dataclass(frozen=True)
class ApprovalReturned(Event):
    """The approver asks the requester back before deciding."""

    name: ClassVar[str] = "approvals.returned"

    request_id: UUID
    buyer_id: UUID
    subject_kind: str
    subject_id: UUID
    fingerprint: str
    decided_at: datetime


@event
@dataclass(frozen=True)
class ApprovalDelegated(Event):
    """Somebody decides for an absent approver; these people did not arrange it themselves."""

    name: ClassVar[str] = "approvals.delegated"

    delegation_id: UUID
    buyer_id: UUID
    approver_ids: tuple[UUID, ...]
    delegated_at: datetime
