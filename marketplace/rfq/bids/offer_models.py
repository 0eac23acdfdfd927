"""Tables of what opened bids say."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Amount, Base, CurrencyCode
from marketplace.core.text import Text
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids.price_models import CurrentLine


class BidOffer(Base):
    """What a bid says, written at opening and never changed.

    ``data_key`` opens the sealed version, so that anybody can compare; unknown before 0017.
    """

    __tablename__ = "bid_offer"
    __table_args__ = (Index(None, "rfq_id"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid.id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    alternative: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    # what the supplier calls an alternative
    name: Mapped[str] = mapped_column(default="", server_default="")
    number: Mapped[int]
    submitted_at: Mapped[datetime]
    note: Mapped[str]
    delivery_days: Mapped[int | None]
    lot_ids: Mapped[list[UUID]]
    answers: Mapped[list[Any]]
    documents: Mapped[list[Any]]
    # what bidders had locked themselves and could not be taken as a document
    refused_documents: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    data_key: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)

    lines: Mapped[list[CurrentLine]] = relationship(
        lazy="raise",
        viewonly=True,
        primaryjoin="BidOffer.bid_id == foreign(CurrentLine.bid_id)",
    )
    money: Mapped["BidMoney | None"] = relationship(lazy="raise", viewonly=True)
    left_out: Mapped["BidUnconfirmed | None"] = relationship(lazy="joined", viewonly=True)

    @property
    def minimum_order(self) -> Decimal | None:
        """The least order that the bidder takes."""
        return self.money.minimum_order if self.money else None

    def bidder(self, supplier: str) -> Text | str:
        """Whose bid it is, and which of several. supplier: their name."""
        return alternatives.named(supplier, self.alternative, self.name)

    @property
    def currency(self) -> str | None:
        """What its amounts are in; None: the currency of the RFQ, or not to be seen."""
        return self.money.currency if self.money else None

    @property
    def unconfirmed(self) -> list[int]:
        """Numbers of priced lines that do not count, since they were not confirmed."""
        return self.left_out.lines if self.left_out else []


class BidMoney(Base):
    """What an opened bid says about money besides its lines; bids before 0026 have none."""

    __tablename__ = "bid_money"
    __table_args__ = (CheckConstraint("minimum_order > 0", name="minimum_order_positive"),)

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    minimum_order: Mapped[Amount | None]
    bundles: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    # None: that of the RFQ, as for all bids before 0044
    currency: Mapped[CurrencyCode | None]


class BidUnconfirmed(Base):
    """Numbers of priced lines that do not count: touched by an addendum, and not confirmed."""

    __tablename__ = "bid_unconfirmed"

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    lines: Mapped[list[int]] = mapped_column(ARRAY(Integer))
