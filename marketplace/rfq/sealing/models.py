"""Tables of what bids answer to and what they are sealed with."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Base


class RfqTerms(Base):
    """One version of what is asked for: the publication's is 1, each addendum makes the next.

    ``terms`` is the published content, ``fingerprint`` its digest.
    """

    __tablename__ = "rfq_terms"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    buyer_id: Mapped[UUID]
    terms: Mapped[dict[str, Any]]
    fingerprint: Mapped[str]
    published_at: Mapped[datetime]


class RfqSeal(Base):
    """What the bids of a published RFQ are sealed with, and the terms that new ones answer.

    The private key is wrapped with the opening passphrase, which is not kept; None where it lies
    in the shares of officers.
    """

    __tablename__ = "rfq_seal"
    __table_args__ = (
        ForeignKeyConstraint(["rfq_id", "terms_number"], ["rfq_terms.rfq_id", "rfq_terms.number"]),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"), primary_key=True)
    buyer_id: Mapped[UUID]
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    wrapped_private_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    # of the envelope with all but the prices, where an RFQ has two
    technical_public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    technical_wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    terms_number: Mapped[int] = mapped_column(server_default="1")

    published: Mapped[RfqTerms] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def terms(self) -> dict[str, Any]:
        """What is asked for now."""
        return self.published.terms

    @property
    def fingerprint(self) -> str:
        return self.published.fingerprint
