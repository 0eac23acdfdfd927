"""Tables of bids that are sealed: drafts, documents, versions and signed attempts."""

import json
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.rfq.sealing.envelopes import Cipher
from marketplace.rfq.terms.bid_states import AttemptOutcome


class BidDraft(Base):
    """What the supplier is writing, locked with a key of the service; gone once submitted.

    ``terms_number``: the version of the terms that it was last saved under.
    """

    __tablename__ = "bid_draft"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    supplier_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime]
    terms_number: Mapped[int] = mapped_column(server_default="1")


class BidDocument(HasId, HasCreated, Base):
    """The locked bytes of a document; name and key stand in the bid that it belongs to.

    ``digest`` is that of the locked bytes, where the bidder has locked them; receipts state it.
    """

    __tablename__ = "bid_document"
    __table_args__ = (Index(None, "bid_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"))
    supplier_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    cipher: Mapped[Cipher] = mapped_column(
        default=Cipher.CHACHA20_POLY1305, server_default=Cipher.CHACHA20_POLY1305.value
    )
    digest: Mapped[str | None]


class BidVersion(Base):
    """One submitted version. Every one is kept sealed; opening reads the last alone.

    Where an RFQ has two envelopes, the first three columns hold the prices and ``technical`` the
    rest; ``digest`` covers both.
    ``terms_number``: the version of the terms that it answers and is bound to.
    """

    __tablename__ = "bid_version"
    __table_args__ = (CheckConstraint("terms_number > 0", name="terms_number_sane"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    supplier_id: Mapped[UUID]
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    key_for_opening: Mapped[bytes] = mapped_column(LargeBinary)
    key_for_reading_back: Mapped[bytes] = mapped_column(LargeBinary)
    technical_ciphertext: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_key_for_opening: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_key_for_reading_back: Mapped[bytes | None] = mapped_column(LargeBinary)
    cipher: Mapped[Cipher] = mapped_column(
        default=Cipher.CHACHA20_POLY1305, server_default=Cipher.CHACHA20_POLY1305.value
    )
    digest: Mapped[str]
    arrived_at: Mapped[datetime]
    terms_number: Mapped[int] = mapped_column(server_default="1")


class BidAttempt(HasId, Base):
    """One attempt to submit or withdraw, accepted or not, with the signed statement about it.

    ``seq`` and ``link`` chain the attempts of an RFQ; a trigger gives them (migration 0017).
    """

    __tablename__ = "bid_attempt"
    __table_args__ = (
        Index(None, "rfq_id", "supplier_id", "arrived_at"),
        UniqueConstraint("rfq_id", "seq"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    bid_id: Mapped[UUID | None]
    number: Mapped[int | None]
    outcome: Mapped[AttemptOutcome]
    code: Mapped[str | None]
    digest: Mapped[str | None]
    arrived_at: Mapped[datetime]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    seq: Mapped[int] = mapped_column(BigInteger, server_default="0")
    link: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("''::bytea"))

    @property
    def alternative(self) -> int:
        """Which of the supplier's bids it was about, as the statement says; 0: the main one."""
        return int(json.loads(self.statement).get("alternative", 0))


class BidAttemptHead(Base):
    """The last link of each RFQ's chain of attempts."""

    __tablename__ = "bid_attempt_head"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    link: Mapped[bytes] = mapped_column(LargeBinary)
