"""The table of addenda: one being written, and those that were published."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId, HasVersion


class RfqAddendum(HasId, HasVersion, HasCreated, Base):
    """A change of a published RFQ; ``number`` is the version of the terms that it made.

    ``wanted``: what the buyer has written so far. ``changes``: what bidders read, kept as it was
    published.
    """

    __tablename__ = "rfq_addendum"
    __table_args__ = (
        UniqueConstraint("rfq_id", "number"),
        Index(
            "uq_rfq_addendum_draft",
            "rfq_id",
            unique=True,
            postgresql_where=text("published_at IS NULL"),
        ),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    buyer_id: Mapped[UUID]
    wanted: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    number: Mapped[int | None]
    changes: Mapped[list[Any] | None]
    previous_due_at: Mapped[datetime | None]
    bids_due_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None]
    published_by: Mapped[UUID | None]
    published_at: Mapped[datetime | None]
