"""Tables of openings: minutes, prices that were sealed apart, unreadable bids, outages and the
journal of attempts that arrived while the service could not take them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId
from marketplace.rfq.terms.bid_states import UnreadableRuling


class IngressAttempt(HasId, Base):
    """A submission that arrived while the service could not take it, from the journal."""

    __tablename__ = "ingress_attempt"
    __table_args__ = (Index(None, "rfq_id"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id"))
    supplier_id: Mapped[UUID]
    arrived_at: Mapped[datetime]
    digest: Mapped[str]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    taken_in_at: Mapped[datetime]


class RfqPriceOpening(Base):
    """The minutes of the second opening: whose prices were opened, and whose stay sealed."""

    __tablename__ = "rfq_price_opening"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    bid_count: Mapped[int]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class BidPriceKey(Base):
    """The data key of an opened price envelope, so that anybody can compare."""

    __tablename__ = "bid_price_key"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    data_key: Mapped[bytes] = mapped_column(LargeBinary)


class BidUnreadable(Base):
    """An envelope that is exactly the one of its receipt, and says nothing that can be read.

    The buyer must rule on it before the award.
    """

    __tablename__ = "bid_unreadable"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    envelope: Mapped[str] = mapped_column(primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    attempt_id: Mapped[UUID]
    digest: Mapped[str]
    reason: Mapped[str]
    # why it does not answer the RFQ, where that is the reason
    errors: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    found_at: Mapped[datetime]
    ruling: Mapped[UnreadableRuling | None]
    ruling_reason: Mapped[str | None]
    ruled_by: Mapped[UUID | None]
    ruled_at: Mapped[datetime | None]


class RfqOpening(Base):
    """The minutes of the opening: who, when, which envelopes; signed like a receipt."""

    __tablename__ = "rfq_opening"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    opened_by: Mapped[UUID]
    opened_at: Mapped[datetime]
    bid_count: Mapped[int]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class RfqOutcome(Base):
    """What the opening proves to buyer and bidders alike; it names nobody. Signed."""

    __tablename__ = "rfq_outcome"

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    statement: Mapped[str]
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class RfqOutageRuling(HasId, HasCreated, Base):
    """What the buyer ruled on outages before this deadline: extended, or left as it was."""

    __tablename__ = "rfq_outage_ruling"
    __table_args__ = (UniqueConstraint("rfq_id", "due_at"),)

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq.id", ondelete="CASCADE"))
    buyer_id: Mapped[UUID]
    due_at: Mapped[datetime]
    extended_to: Mapped[datetime | None]
    reason: Mapped[str]
    ruled_by: Mapped[UUID]
