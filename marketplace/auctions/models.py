"""Tables of auctions: the auction, its lots, who takes part, bids, proxies, and what happened."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.auctions.states import AuctionState, AuctionType, EventKind, Skip
from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion


class Auction(HasId, HasVersion, HasCreated, Base):
    """One auction of an RFQ. Deciders lock its row; ``last_event`` numbers what happened."""

    __tablename__ = "auction"
    __table_args__ = (
        Index(
            "uq_auction_rfq_id",
            "rfq_id",
            unique=True,
            postgresql_where=text("state <> 'cancelled'"),
        ),
        Index(
            "ix_auction_waiting",
            "starts_at",
            postgresql_where=text("state IN ('planned', 'paused')"),
        ),
        Index(None, "buyer_id", "created_at", "id"),
    )

    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    type: Mapped[AuctionType]
    state: Mapped[AuctionState]
    currency: Mapped[CurrencyCode]
    terms: Mapped[dict[str, Any]]
    starts_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="", server_default="")
    last_event: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    created_by: Mapped[UUID]


class AuctionLot(HasId, Base):
    """A lot of the RFQ under the hammer.

    ``starts_at`` and ``ends_at`` are as planned, moved by pauses; ``extra_ms`` is overtime and what
    the buyer added; ``ended_at`` an end before time. What that makes of the schedule is in
    `timing`. ``first_price``, ``step`` and ``last_price`` are those of called levels; of an English
    lot ``first_price`` is the buyer's ceiling.
    """

    __tablename__ = "auction_lot"
    __table_args__ = (
        UniqueConstraint("auction_id", "number"),
        CheckConstraint("first_price > 0 AND first_price < 1e13", name="first_price_finite"),
        CheckConstraint("last_price > 0 AND last_price < 1e13", name="last_price_finite"),
        CheckConstraint("step > 0 AND step < 1e13", name="step_finite"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    buyer_id: Mapped[UUID]
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_lot.id"))
    number: Mapped[int]
    title: Mapped[str]
    skipped: Mapped[Skip | None]
    first_price: Mapped[Amount | None]
    step: Mapped[Amount | None]
    last_price: Mapped[Amount | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    extra_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    ended_at: Mapped[datetime | None]
    overtimes: Mapped[int] = mapped_column(default=0, server_default="0")
    bid_count: Mapped[int] = mapped_column(default=0, server_default="0")


class AuctionEntry(Base):
    """A bidder in a lot. ``amount`` is what they ask now, ``seq`` the bid that says so.

    An opened bid has a ``seq`` of zero or less, in the order of arrival. ``level`` counts the
    called prices that a bidder of a Japanese lot has accepted.
    """

    __tablename__ = "auction_entry"
    __table_args__ = (
        CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
        CheckConstraint("opened_total >= 0 AND opened_total < 1e13", name="opened_total_finite"),
        UniqueConstraint("auction_lot_id", "label"),
        Index(None, "auction_id"),
        Index(None, "supplier_id"),
    )

    auction_lot_id: Mapped[UUID] = mapped_column(ForeignKey("auction_lot.id"), primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    buyer_id: Mapped[UUID]
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"))
    label: Mapped[int]
    opened_total: Mapped[Amount]
    opened_seq: Mapped[int]
    amount: Mapped[Amount]
    seq: Mapped[int]
    level: Mapped[int] = mapped_column(default=0, server_default="0")
    left_at: Mapped[datetime | None]


class AuctionProxy(Base):
    """The lowest price that a bidder lets us bid for them, locked with a key of the service."""

    __tablename__ = "auction_proxy"
    __table_args__ = (
        ForeignKeyConstraint(
            ["auction_lot_id", "supplier_id"],
            ["auction_entry.auction_lot_id", "auction_entry.supplier_id"],
        ),
    )

    auction_lot_id: Mapped[UUID] = mapped_column(primary_key=True)
    supplier_id: Mapped[UUID] = mapped_column(primary_key=True)
    auction_id: Mapped[UUID]
    bid_id: Mapped[UUID]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    set_at: Mapped[datetime]


class AuctionBid(HasId, Base):
    """One bid, with its number in the lot. ``answers`` is the bid that made a proxy give this."""

    __tablename__ = "auction_bid"
    __table_args__ = (
        UniqueConstraint("auction_lot_id", "seq"),
        CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
        Index(None, "auction_id", "supplier_id"),
    )

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"))
    auction_lot_id: Mapped[UUID] = mapped_column(ForeignKey("auction_lot.id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    seq: Mapped[int]
    amount: Mapped[Amount]
    automatic: Mapped[bool]
    answers: Mapped[int | None]
    placed_at: Mapped[datetime]
    placed_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None]


class AuctionEvent(Base):
    """What happened, by number; who may see what of it is decided in `showing`."""

    __tablename__ = "auction_event"

    auction_id: Mapped[UUID] = mapped_column(ForeignKey("auction.id"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    buyer_id: Mapped[UUID]
    kind: Mapped[EventKind]
    auction_lot_id: Mapped[UUID | None]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
