"""The history of every document: append-only, chained by hash, written with the change itself.

Sequence and hash are computed by the trigger ``chain_audit_event`` (migration 0001), so that no
code path can write a row that does not continue its chain.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, UniqueConstraint, insert, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from marketplace.core import clock
from marketplace.core.db import Base, HasId
from marketplace.core.ids import uuid7


class AuditActor(Protocol):
    """Who acts: a person of an organisation, or the system with neither."""

    @property
    def person_id(self) -> UUID | None: ...

    @property
    def org_id(self) -> UUID | None: ...


class AuditEvent(HasId, Base):
    """One change. ``owner_id`` is the organisation whose document it is."""

    __tablename__ = "audit_event"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "seq"),
        Index(None, "owner_id", "at"),
        Index(None, "org_id", "at"),
    )

    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    action: Mapped[str]
    person_id: Mapped[UUID | None]
    org_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    hash: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))


class AuditHead(Base):
    """The last link of each chain."""

    __tablename__ = "audit_head"

    subject_kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """Where a chain does not verify: the row that was changed, or the place of a missing one."""

    subject_kind: str
    subject_id: UUID
    seq: int
    fault: str


def record(
    session: Session,
    actor: AuditActor,
    action: str,
    subject: tuple[str, UUID],
    data: Mapping[str, Any] | None = None,
    *,
    owner_id: UUID | None = None,
) -> None:
    """Note who did what to which document.

    action: as the event is called, e.g. ``rfq.published``. data: JSON-able, no personal data.
    owner_id: the organisation whose document it is; the actor's own by default.
    """
    session.add(event(actor, action, subject, data, owner_id=owner_id))


def record_many(session: Session, entries: Iterable[AuditEvent]) -> None:
    """As `record`, for what `event` has made of many documents: one statement for all of them."""
    names = ("id", "subject_kind", "subject_id", "action", "person_id", "org_id", "owner_id")
    rows = [{name: getattr(each, name) for name in (*names, "at", "data")} for each in entries]
    if rows:
        session.execute(insert(AuditEvent), rows)


def event(
    actor: AuditActor,
    action: str,
    subject: tuple[str, UUID],
    data: Mapping[str, Any] | None = None,
    *,
    owner_id: UUID | None = None,
) -> AuditEvent:
    """What `record` stores, for those who write it with a statement of their own."""
    kind, subject_id = subject
    return AuditEvent(
        id=uuid7(),
        subject_kind=kind,
        subject_id=subject_id,
        action=action,
        person_id=actor.person_id,
        org_id=actor.org_id,
        owner_id=owner_id or actor.org_id,
        at=clock.now(),
        data=dict(data or {}),
    )


def history(session: Session, org_id: UUID, kind: str, subject_id: UUID) -> Sequence[AuditEvent]:
    """The document's changes that this organisation may see, oldest first."""
    return session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.subject_kind == kind,
            AuditEvent.subject_id == subject_id,
            or_(AuditEvent.org_id == org_id, AuditEvent.owner_id == org_id),
        )
        .order_by(AuditEvent.seq)
    ).all()


def verify(
    session: Session, kind: str | None = None, subject_id: UUID | None = None
) -> list[BrokenLink]:
    """Every break in the chains: changed, removed, reordered or cut rows. Empty means sound.

    Needs a role that sees all rows.
    """
    rows = session.execute(
        text("SELECT * FROM verify_audit(:kind, :subject_id)"),
        {"kind": kind, "subject_id": subject_id},
    )
    return [BrokenLink(*row) for row in rows]
