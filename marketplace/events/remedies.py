"""What debriefs and challenges announce, to their two parties alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class CaseOpened(Event):
    """kind: debrief or challenge."""

    name: ClassVar[str] = "remedies.case_opened"

    case_id: UUID
    rfq_id: UUID
    award_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    kind: str
    opened_at: datetime


@event
@dataclass(frozen=True)
class CaseContinued(Event):
    """action: what was done, such as answer, admit or uphold."""

    name: ClassVar[str] = "remedies.case_continued"

    case_id: UUID
    entry_id: UUID
    rfq_id: UUID
    award_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    action: str
    continued_at: datetime
