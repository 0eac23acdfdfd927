"""Table of what the buyer's house does by default."""

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasVersion


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
