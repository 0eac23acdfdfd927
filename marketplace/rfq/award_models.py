"""Tables around the award: how far each one stands, and what the buyer's house does by default."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasVersion
from marketplace.rfq.award_states import AwardState


class AwardStanding(Base):
    """What became of one award. It names nobody: whoever may see the RFQ may read it.

    The award itself is never changed. ``standstill_until`` is the last instant of the standstill;
    the decision's own where the award was final at once. ``dispute_clause`` as it was then.
    """

    __tablename__ = "award_standing"
    __table_args__ = (
        CheckConstraint(
            "state <> 'standstill' OR standstill_until IS NOT NULL", name="standstill_ends"
        ),
        Index(None, "rfq_id"),
        Index(
            "ix_award_standing_waiting",
            "standstill_until",
            postgresql_where=text("state = 'standstill'"),
        ),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    buyer_id: Mapped[UUID]
    state: Mapped[AwardState]
    decided_at: Mapped[datetime]
    standstill_until: Mapped[datetime | None]
    concluded_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawal_reason: Mapped[str | None]
    dispute_clause: Mapped[str] = mapped_column(default="", server_default="")

    def is_over(self, now: datetime) -> bool:
        """Whether the standstill has ended by the clock, whoever has noticed it or not."""
        return self.standstill_until is None or now > self.standstill_until


class SourcingSettings(HasVersion, Base):
    """What an organisation's RFQs begin with, and how it deals with bidders afterwards."""

    __tablename__ = "sourcing_settings"
    __table_args__ = (
        CheckConstraint("standstill_days BETWEEN 0 AND 90", name="standstill_sane"),
        CheckConstraint("addendum_days BETWEEN 0 AND 60", name="addendum_days_sane"),
        CheckConstraint("debrief_days BETWEEN 1 AND 90", name="debrief_sane"),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    standstill_days: Mapped[int] = mapped_column(default=0, server_default="0")
    addendum_days: Mapped[int] = mapped_column(default=2, server_default="2")
    debrief_days: Mapped[int] = mapped_column(default=15, server_default="15")
    dispute_clause: Mapped[str] = mapped_column(default="", server_default="")
