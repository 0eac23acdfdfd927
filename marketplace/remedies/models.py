"""Tables of what follows an award."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base, HasCreated, HasId, HasVersion
from marketplace.remedies.states import CaseAction, CaseKind, CaseState, CaseStep, LetterKind


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


class AwardCase(HasId, HasVersion, HasCreated, Base):
    """A debrief or a challenge: one file of one bidder about one award, between two parties.

    ``due_at`` is until when the buyer should have done the present step; ``reminded_at`` when
    it was told that it has not. ``step`` is a challenge's.
    """

    __tablename__ = "award_case"
    __table_args__ = (
        Index(None, "rfq_id", "supplier_id"),
        Index(
            "uq_award_case_live",
            "award_id",
            "supplier_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('asked', 'answered', 'filed', 'admitted')"),
        ),
        Index("ix_award_case_due", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    )

    award_id: Mapped[UUID] = mapped_column(ForeignKey("award_standing.award_id"))
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    kind: Mapped[CaseKind]
    state: Mapped[CaseState]
    step: Mapped[CaseStep | None]
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]

    entries: Mapped[list["CaseEntry"]] = relationship(
        lazy="raise", viewonly=True, order_by="CaseEntry.at, CaseEntry.id"
    )


class CaseEntry(HasId, Base):
    """What a party said or did in a case, with its documents. Never changed.

    ``org_id`` is the party's; neither party for what the system did.
    """

    __tablename__ = "case_entry"
    __table_args__ = (Index(None, "case_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("award_case.id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    action: Mapped[CaseAction]
    org_id: Mapped[UUID | None]
    person_id: Mapped[UUID | None]
    step: Mapped[CaseStep | None]
    body: Mapped[str]
    document_ids: Mapped[list[UUID]]
    at: Mapped[datetime]
