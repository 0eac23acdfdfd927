"""Tables of orders, lines, receipts, returns, and the invoices known to an order."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import (
    Amount,
    Base,
    CurrencyCode,
    HasCreated,
    HasId,
    HasVersion,
    QuantityValue,
    UnitCode,
)
from marketplace.orders.states import Bucket, OrderState

OPEN = "state IN ('issued', 'acknowledged', 'partly_received')"
ZERO = Decimal(0)


class Order(HasId, HasVersion, HasCreated, Base):
    """One revision of a purchase order.

    ``supplier_name`` keeps the name as it was. ``approved_content`` is what the approval was
    given for; the fingerprint is that of the present content.
    """

    __tablename__ = "purchase_order"
    __table_args__ = (
        UniqueConstraint("buyer_id", "number", "revision"),
        UniqueConstraint("award_id", "supplier_id", "revision"),
        CheckConstraint("net >= 0 AND net < 1e13", name="net"),
        CheckConstraint("gross >= net AND gross < 1e13", name="gross"),
        CheckConstraint("payment_terms_days BETWEEN 0 AND 365", name="payment_terms_days"),
        CheckConstraint("over_delivery_percent BETWEEN 0 AND 100", name="over_delivery_percent"),
        Index(None, "buyer_id", "created_at", "id"),
        Index(None, "buyer_id", "state", "created_at", "id"),
        Index(None, "supplier_id", "created_at", "id"),
        Index(None, "supplier_id", "state", "created_at", "id"),
        Index(None, "rfq_id"),
        Index("ix_purchase_order_open", "buyer_id", postgresql_where=text(OPEN)),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    supplier_name: Mapped[str]
    number: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("purchase_order.id"))
    title: Mapped[str]
    state: Mapped[OrderState] = mapped_column(default=OrderState.DRAFT)
    currency: Mapped[CurrencyCode]
    category: Mapped[str] = mapped_column(default="")
    cost_centre: Mapped[str | None]
    note: Mapped[str] = mapped_column(default="")
    over_delivery_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=ZERO)
    issue_when_approved: Mapped[bool] = mapped_column(default=True)
    payment_terms_days: Mapped[int | None]
    rfq_id: Mapped[UUID | None]
    award_id: Mapped[UUID | None]
    net: Mapped[Amount] = mapped_column(default=ZERO)
    tax: Mapped[Amount] = mapped_column(default=ZERO)
    gross: Mapped[Amount] = mapped_column(default=ZERO)
    fingerprint: Mapped[str] = mapped_column(default="")
    approved_content: Mapped[dict[str, Any] | None]
    author_ids: Mapped[list[UUID]] = mapped_column(default=list)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("person.id"))
    submitted_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    issued_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    supplier_reference: Mapped[str | None]
    refused_at: Mapped[datetime | None]
    refusal_reason: Mapped[str | None]
    cancelled_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    last_movement_at: Mapped[datetime | None]
    document_id: Mapped[UUID | None]

    lines: Mapped[list["OrderLine"]] = relationship(
        lazy="raise", order_by="OrderLine.line_no", cascade="all, delete-orphan"
    )
    invoices: Mapped[list["OrderInvoice"]] = relationship(lazy="raise")


class OrderLine(HasId, Base):
    """One line with its buckets. The price is for ``base_quantity`` units."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "line_no"),
        CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity"),
        CheckConstraint("unit_price >= 0 AND unit_price < 1e13", name="unit_price"),
        CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity"),
        CheckConstraint("tax_rate BETWEEN 0 AND 100", name="tax_rate"),
        CheckConstraint(
            "accepted >= returned_accepted AND returned_accepted >= 0", name="accepted"
        ),
        CheckConstraint(
            "rejected >= returned_rejected AND returned_rejected >= 0", name="rejected"
        ),
        CheckConstraint("invoiced >= 0", name="invoiced"),
        CheckConstraint("cancelled BETWEEN 0 AND quantity", name="cancelled"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_order.id", ondelete="CASCADE"))
    line_no: Mapped[int]
    item_id: Mapped[UUID | None]
    rfq_line_id: Mapped[UUID | None]
    sku: Mapped[str | None]
    description: Mapped[str]
    category: Mapped[str] = mapped_column(default="")
    quantity: Mapped[QuantityValue]
    unit: Mapped[UnitCode]
    unit_price: Mapped[Decimal] = mapped_column(Numeric(19, 6))
    base_quantity: Mapped[QuantityValue] = mapped_column(default=Decimal(1))
    tax_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    net: Mapped[Amount]
    delivery_place: Mapped[str] = mapped_column(default="")
    due_on: Mapped[date | None]
    confirmed_on: Mapped[date | None]
    accepted: Mapped[QuantityValue] = mapped_column(default=ZERO)
    rejected: Mapped[QuantityValue] = mapped_column(default=ZERO)
    returned_accepted: Mapped[QuantityValue] = mapped_column(default=ZERO)
    returned_rejected: Mapped[QuantityValue] = mapped_column(default=ZERO)
    invoiced: Mapped[QuantityValue] = mapped_column(default=ZERO)
    cancelled: Mapped[QuantityValue] = mapped_column(default=ZERO)

    @property
    def kept(self) -> Decimal:
        """Accepted and not sent back."""
        return self.accepted - self.returned_accepted

    @property
    def to_deliver(self) -> Decimal:
        """What the supplier still owes; rejected goods are owed again."""
        return max(self.quantity - self.cancelled - self.kept, ZERO)

    @property
    def invoiceable(self) -> Decimal:
        """Kept and not yet invoiced."""
        return max(self.kept - self.invoiced, ZERO)

    @property
    def promised_on(self) -> date | None:
        """The day the supplier confirmed, else the day the buyer asked for."""
        return self.confirmed_on or self.due_on


class Receipt(HasId, HasCreated, Base):
    """One delivery that arrived."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("buyer_id", "number"),
        Index(None, "order_id", "created_at"),
        Index(None, "buyer_id", "created_at", "id"),
        Index(None, "supplier_id", "created_at", "id"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_order.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    delivery_note: Mapped[str] = mapped_column(default="")
    received_on: Mapped[date]
    received_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    note: Mapped[str] = mapped_column(default="")

    lines: Mapped[list["ReceiptLine"]] = relationship(
        lazy="raise", order_by="ReceiptLine.line_no", cascade="all, delete-orphan"
    )


class ReceiptLine(HasId, Base):
    """What a delivery brought for one order line, and what of it went back."""

    __tablename__ = "receipt_line"
    __table_args__ = (
        UniqueConstraint("receipt_id", "order_line_id"),
        CheckConstraint("accepted >= 0 AND accepted < 1e13", name="accepted"),
        CheckConstraint("rejected >= 0 AND rejected < 1e13", name="rejected"),
        CheckConstraint("accepted + rejected > 0", name="something"),
        CheckConstraint(
            "returned_accepted BETWEEN 0 AND accepted AND returned_rejected BETWEEN 0 AND rejected",
            name="returned",
        ),
        Index(None, "order_line_id"),
    )

    receipt_id: Mapped[UUID] = mapped_column(ForeignKey("receipt.id", ondelete="CASCADE"))
    order_line_id: Mapped[UUID] = mapped_column(ForeignKey("order_line.id"))
    line_no: Mapped[int]
    unit: Mapped[UnitCode]
    accepted: Mapped[QuantityValue]
    rejected: Mapped[QuantityValue]
    reason: Mapped[str] = mapped_column(default="")
    returned_accepted: Mapped[QuantityValue] = mapped_column(default=ZERO)
    returned_rejected: Mapped[QuantityValue] = mapped_column(default=ZERO)


class GoodsReturn(HasId, HasCreated, Base):
    """Goods that go back to the supplier."""

    __tablename__ = "goods_return"
    __table_args__ = (
        UniqueConstraint("buyer_id", "number"),
        Index(None, "order_id", "created_at"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_order.id"))
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[str]
    reason: Mapped[str]
    returned_by: Mapped[UUID] = mapped_column(ForeignKey("person.id"))

    lines: Mapped[list["ReturnLine"]] = relationship(lazy="raise", cascade="all, delete-orphan")


class ReturnLine(HasId, Base):
    """A quantity out of one bucket of one receipt line."""

    __tablename__ = "return_line"
    __table_args__ = (
        CheckConstraint("quantity > 0 AND quantity < 1e13", name="quantity"),
        Index(None, "return_id"),
        Index(None, "receipt_line_id"),
    )

    return_id: Mapped[UUID] = mapped_column(ForeignKey("goods_return.id", ondelete="CASCADE"))
    receipt_line_id: Mapped[UUID] = mapped_column(ForeignKey("receipt_line.id"))
    bucket: Mapped[Bucket]
    quantity: Mapped[QuantityValue]
    unit: Mapped[UnitCode]


class OrderInvoice(HasId, HasCreated, Base):
    """An accepted invoice (or credit note, with negative figures) against this order."""

    __tablename__ = "order_invoice"
    __table_args__ = (UniqueConstraint("invoice_id"), Index(None, "order_id"))

    order_id: Mapped[UUID] = mapped_column(ForeignKey("purchase_order.id"))
    invoice_id: Mapped[UUID]
    net: Mapped[Amount]
    paid_at: Mapped[datetime | None]
