"""What award scenarios announce. They are the buyer's alone: no bidder learns of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class ScenarioCreated(Event):
    name: ClassVar[str] = "scenarios.created"

    scenario_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    created_at: datetime


@event
@dataclass(frozen=True)
class ScenarioDeleted(Event):
    name: ClassVar[str] = "scenarios.deleted"

    scenario_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    deleted_at: datetime


@event
@dataclass(frozen=True)
class ScenarioFinished(Event):
    """The solver has ended: with an award, with the proof that there is none, or without either."""

    name: ClassVar[str] = "scenarios.finished"

    scenario_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    run: int
    state: str
    requested_by: UUID
    finished_at: datetime


@event
@dataclass(frozen=True)
class ScenarioProposed(Event):
    """Somebody takes it as the draft of the award."""

    name: ClassVar[str] = "scenarios.proposed"

    scenario_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    proposed_at: datetime


@event
@dataclass(frozen=True)
class ScenarioQueued(Event):
    name: ClassVar[str] = "scenarios.queued"

    scenario_id: UUID
    rfq_id: UUID
    buyer_id: UUID
    run: int
    queued_at: datetime
