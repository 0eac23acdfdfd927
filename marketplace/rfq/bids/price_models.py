"""Tables of prices: as the opening found them, as a further round left them, and as they stand."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    case,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base, QuantityValue, UnitPrice
from marketplace.rfq.terms import offering


class BidLine(Base):
    """The price of one line as the opening found it, never changed.

    ``total`` is that of what is offered, ``quantity`` None where that is the whole line; ``breaks``
    as `QuantityBreak` writes them.
    """

    __tablename__ = "bid_line"
    __table_args__ = (
        CheckConstraint("unit_price > 0 AND unit_price < 1e13", name="unit_price_finite"),
        CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
        CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity_finite"),
    )

    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    rfq_line_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_line.id"), primary_key=True)
    unit_price: Mapped[UnitPrice]
    total: Mapped[Amount]
    note: Mapped[str]
    quantity: Mapped[QuantityValue | None]
    breaks: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


class BidRepricing(Base):
    """A price that a further round, such as an auction, has put in place of an opened one."""

    __tablename__ = "bid_repricing"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bid_id", "rfq_line_id"], ["bid_line.bid_id", "bid_line.rfq_line_id"]
        ),
        CheckConstraint("unit_price > 0 AND unit_price < 1e13", name="unit_price_finite"),
        CheckConstraint("total >= 0 AND total < 1e13", name="total_finite"),
        Index(None, "rfq_id"),
    )

    bid_id: Mapped[UUID] = mapped_column(primary_key=True)
    rfq_line_id: Mapped[UUID] = mapped_column(primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    unit_price: Mapped[UnitPrice]
    total: Mapped[Amount]
    source_id: Mapped[UUID]
    repriced_at: Mapped[datetime]


class RoundPlace(Base):
    """Where a further round, such as an auction, left a bid in a lot, and at which price."""

    __tablename__ = "round_place"
    __table_args__ = (
        CheckConstraint("place > 0", name="place_positive"),
        CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
        Index(None, "rfq_id"),
    )

    lot_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_lot.id"), primary_key=True)
    bid_id: Mapped[UUID] = mapped_column(ForeignKey("bid_offer.bid_id"), primary_key=True)
    rfq_id: Mapped[UUID] = mapped_column(ForeignKey("rfq_seal.rfq_id"))
    buyer_id: Mapped[UUID]
    source_id: Mapped[UUID]
    place: Mapped[int]
    amount: Mapped[Amount]


_LINE, _AGAIN = BidLine.__table__, BidRepricing.__table__


class CurrentLine(Base):
    """The price of one line as it stands: repriced, or else as opened. For reading alone.

    A new price is one for the whole line: quantity breaks do not go on beside it.
    """

    __table__ = (
        select(
            _LINE.c.bid_id,
            _LINE.c.rfq_line_id,
            func.coalesce(_AGAIN.c.unit_price, _LINE.c.unit_price).label("unit_price"),
            func.coalesce(_AGAIN.c.total, _LINE.c.total).label("total"),
            _LINE.c.note,
            _LINE.c.quantity,
            case((_AGAIN.c.bid_id.is_(None), _LINE.c.breaks), else_=text("'[]'::jsonb")).label(
                "breaks"
            ),
            _LINE.c.unit_price.label("opened_unit_price"),
            _LINE.c.total.label("opened_total"),
            _LINE.c.breaks.label("opened_breaks"),
            _AGAIN.c.bid_id.is_not(None).label("is_repriced"),
        )
        .select_from(
            _LINE.outerjoin(
                _AGAIN,
                (_AGAIN.c.bid_id == _LINE.c.bid_id) & (_AGAIN.c.rfq_line_id == _LINE.c.rfq_line_id),
            )
        )
        .subquery("current_line")
    )
    __mapper_args__ = {  # noqa: RUF012 - as SQLAlchemy reads it
        "primary_key": [__table__.c.bid_id, __table__.c.rfq_line_id]
    }

    bid_id: Mapped[UUID]
    rfq_line_id: Mapped[UUID]
    unit_price: Mapped[Decimal]
    total: Mapped[Decimal]
    note: Mapped[str]
    quantity: Mapped[Decimal | None]
    breaks: Mapped[list[Any]]
    opened_unit_price: Mapped[Decimal]
    opened_total: Mapped[Decimal]
    opened_breaks: Mapped[list[Any]]
    is_repriced: Mapped[bool]

    def opened_price(self, quantity: Decimal) -> Decimal:
        """The opened price of each unit when so many are bought."""
        breaks = offering.breaks_from({"breaks": self.opened_breaks})
        return offering.price_at(self.opened_unit_price, breaks, quantity)
