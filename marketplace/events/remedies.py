"""What letters, debriefs and challenges announce; cases to their two parties alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class LettersWritten(Event):
    """Every bidder has a letter about the award. The buyer's alone: each bidder is told apart."""

    name: ClassVar[str] = "remedies.letters_written"

    award_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    written_at: datetime


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
