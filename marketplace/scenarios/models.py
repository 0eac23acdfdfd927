"""The one table: a scenario with its question and its answer."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base, HasCreated, HasId, HasVersion, Rate
from marketplace.scenarios.model import Objective
from marketplace.scenarios.states import Failure, ScenarioState


class AwardScenario(HasId, HasVersion, HasCreated, Base):
    """``run`` counts how often it was asked for: what an older run still brings is left out.

    ``inputs_digest`` names the offers, scores and constraints that the answer holds for. Of the
    answer: ``total`` is at bid prices; ``objective_value`` is the total, the total cost, or the
    points of a line on average.
    """

    __tablename__ = "award_scenario"
    __table_args__ = (
        CheckConstraint("time_limit BETWEEN 5 AND 120", name="time_limit"),
        CheckConstraint("total < 1e13", name="total_finite"),
        Index(None, "rfq_id", "created_at", "id"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    buyer_id: Mapped[UUID]
    name: Mapped[str]
    objective: Mapped[Objective]
    constraints: Mapped[list[Any]]
    time_limit: Mapped[int]
    state: Mapped[ScenarioState]
    created_by: Mapped[UUID]

    run: Mapped[int] = mapped_column(default=0, server_default="0")
    steps_done: Mapped[int] = mapped_column(default=0, server_default="0")
    steps_total: Mapped[int] = mapped_column(default=0, server_default="0")
    requested_by: Mapped[UUID | None]
    requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    inputs_digest: Mapped[str | None]
    solver: Mapped[str | None]
    total: Mapped[Amount | None]
    objective_value: Mapped[Rate | None]
    bound: Mapped[Rate | None]
    gap: Mapped[Rate | None]
    seconds: Mapped[Rate | None]
    awards: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    findings: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    relaxation: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    failure: Mapped[Failure | None]

    @property
    def is_optimal(self) -> bool:
        """Whether nothing better is possible."""
        return self.gap is not None and self.gap == Decimal(0)
