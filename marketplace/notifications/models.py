"""Tables of notices and of the mail that goes with them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.notifications.states import MailState


class Notice(HasId, HasCreated, Base):
    """One message to one person in one organisation."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("person_id", "organisation_id", "dedupe_key"),
        Index("ix_notice_person_id_organisation_id_id", "person_id", "organisation_id", "id"),
        Index(
            "ix_notice_unread",
            "person_id",
            "organisation_id",
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(None, "organisation_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    url: Mapped[str]
    dedupe_key: Mapped[str | None]
    occurred_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class MailMessage(HasId, HasCreated, Base):
    """The letter of a notice. Address and words are looked up when it is sent, not stored."""

    __tablename__ = "mail_message"
    __table_args__ = (Index(None, "organisation_id"), Index(None, "state", "created_at"))

    notice_id: Mapped[UUID] = mapped_column(ForeignKey("notice.id"), unique=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    state: Mapped[MailState] = mapped_column(default=MailState.QUEUED)
    sent_at: Mapped[datetime | None]
