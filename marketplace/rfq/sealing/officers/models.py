"""Tables of opening keys, of the officers of an RFQ with their shares, and of given shares."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.rfq.sealing.officers.states import OfficerPart


class OpeningKey(HasId, HasCreated, Base):
    """A person's own key pair; the private half is wrapped with a passphrase that is not kept.

    Shares that were made for a replaced key still open with that key's passphrase.
    """

    __tablename__ = "opening_key"
    __table_args__ = (
        Index(
            "uq_opening_key_present",
            "organisation_id",
            "person_id",
            unique=True,
            postgresql_where=text("replaced_at IS NULL"),
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    replaced_at: Mapped[datetime | None]


class RfqOfficer(Base):
    """A person who holds a share of the private key of an RFQ. ``lost``: cannot give it."""

    __tablename__ = "rfq_officer"
    __table_args__ = (
        UniqueConstraint("rfq_id", "person_id"),
        CheckConstraint("number BETWEEN 1 AND 3", name="three"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    buyer_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    part: Mapped[OfficerPart]
    key_id: Mapped[UUID] = mapped_column(ForeignKey("opening_key.id"))
    sealed_share: Mapped[bytes] = mapped_column(LargeBinary)
    share_digest: Mapped[bytes] = mapped_column(LargeBinary)
    # of the key of the technical envelope, where an RFQ has two
    technical_share: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_share_digest: Mapped[bytes | None] = mapped_column(LargeBinary)
    lost_at: Mapped[datetime | None]
    lost_reason: Mapped[str | None]


class RfqGivenShare(Base):
    """A share that waits a quarter of an hour for the second one, locked by the service."""

    __tablename__ = "rfq_given_share"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    buyer_id: Mapped[UUID]
    locked: Mapped[bytes] = mapped_column(LargeBinary)
    given_at: Mapped[datetime]
