"""Tables of what follows an award."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.remedies.states import LetterKind


class AwardLetter(HasId, HasCreated, Base):
    """What one bidder was told about one decision. Never changed.

    ``content`` as `letters.content_for` makes it: the bidder's own bid, and of others the winners
    alone. ``challenge_until`` is none where the award was final at once.
    """

    __tablename__ = "award_letter"
    __table_args__ = (
        UniqueConstraint("award_id", "supplier_id"),
        Index(None, "rfq_id", "supplier_id"),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award.id"))
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    kind: Mapped[LetterKind]
    decided_at: Mapped[datetime]
    challenge_until: Mapped[datetime | None]
    debrief_until: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    document_id: Mapped[UUID]
