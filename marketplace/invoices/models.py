"""Tables of invoices, their lines and findings, and the buyer's tolerances."""

from datetime import date, datetime
from decimal import Decimal
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
    UnitPrice,
)
from marketplace.core.money import Money, Quantity
from marketplace.invoices.states import (
    FindingCode,
    InvoiceKind,
    InvoiceState,
    PaymentStatus,
    VatCategory,
)

ZERO = Decimal(0)
COUNTED = "state NOT IN ('draft', 'rejected', 'cancelled') AND duplicate_of_id IS NULL"


class Invoice(HasId, HasVersion, HasCreated, Base):
    """An invoice or a credit note as the supplier states it.

    net, vat and gross are the supplier's. `credited` and `paid` are what accepted credit notes and
    payments have brought so far.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        Index(
            "uq_invoice_number",
            "supplier_id",
            "kind",
            "number_key",
            "issued_on",
            unique=True,
            postgresql_where=text(COUNTED),
        ),
        Index("ix_invoice_supplier_id_number_key", "supplier_id", "number_key"),
        Index("ix_invoice_buyer_id_created_at_id", "buyer_id", "created_at", "id"),
        Index("ix_invoice_supplier_id_created_at_id", "supplier_id", "created_at", "id"),
        Index("ix_invoice_order_id", "order_id"),
        Index("ix_invoice_corrects_id", "corrects_id"),
        Index("ix_invoice_state_due_on", "state", "due_on"),
        CheckConstraint("gross >= 0 AND gross < 1e13", name="gross"),
        CheckConstraint("net < 1e13 AND vat < 1e13", name="finite"),
        CheckConstraint("kind = 'invoice' OR due_on IS NULL", name="due_on"),
    )

    kind: Mapped[InvoiceKind] = mapped_column(default=InvoiceKind.INVOICE)
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("purchase_order.id"))
    order_number: Mapped[str | None]
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    number: Mapped[str]
    number_key: Mapped[str]
    state: Mapped[InvoiceState] = mapped_column(default=InvoiceState.DRAFT)
    currency: Mapped[CurrencyCode]
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    note: Mapped[str] = mapped_column(default="")
    discount: Mapped[Amount] = mapped_column(default=ZERO)
    net: Mapped[Amount]
    vat: Mapped[Amount]
    gross: Mapped[Amount]
    credited: Mapped[Amount] = mapped_column(default=ZERO)
    paid: Mapped[Amount] = mapped_column(default=ZERO)
    duplicate_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("invoice.id"))
    created_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    paid_at: Mapped[datetime | None]

    lines: Mapped[list["InvoiceLine"]] = relationship(
        lazy="raise", order_by="InvoiceLine.line_no", cascade="all, delete-orphan"
    )
    findings: Mapped[list["InvoiceFinding"]] = relationship(
        lazy="raise", order_by="InvoiceFinding.position", cascade="all, delete-orphan"
    )

    @property
    def sign(self) -> int:
        """The only place where a credit note becomes negative."""
        return -1 if self.kind is InvoiceKind.CREDIT_NOTE else 1

    @property
    def due(self) -> Decimal:
        """What the buyer owes for it in all, credit notes counted."""
        return self.gross - self.credited

    @property
    def open_amount(self) -> Decimal:
        """What is left to pay; below zero when too much was paid."""
        return self.due - self.paid

    @property
    def payment_status(self) -> PaymentStatus:
        if self.paid > self.due:
            return PaymentStatus.OVERPAID
        if self.paid == self.due:
            return PaymentStatus.FULLY_PAID
        return PaymentStatus.PARTLY_PAID if self.paid else PaymentStatus.UNPAID

    @property
    def net_money(self) -> Money:
        return Money(self.net, self.currency)

    @property
    def vat_money(self) -> Money:
        return Money(self.vat, self.currency)

    @property
    def gross_money(self) -> Money:
        return Money(self.gross, self.currency)

    @property
    def open_money(self) -> Money:
        return Money(self.open_amount, self.currency)

    @property
    def paid_money(self) -> Money:
        return Money(self.paid, self.currency)

    @property
    def credited_money(self) -> Money:
        return Money(self.credited, self.currency)

    @property
    def discount_money(self) -> Money:
        return Money(self.discount, self.currency)


class InvoiceLine(HasId, Base):
    """One line; its net is the supplier's. The price is for `base_quantity` units, never negative.

    A line that reduces an otherwise positive invoice has a negative quantity.
    """

    __tablename__ = "invoice_line"
    __table_args__ = (
        UniqueConstraint("invoice_id", "line_no"),
        Index(None, "order_line_id"),
        CheckConstraint("quantity <> 0 AND abs(quantity) < 1e13", name="quantity"),
        CheckConstraint("unit_price >= 0 AND unit_price < 1e13", name="unit_price"),
        CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity"),
        CheckConstraint("vat_rate BETWEEN 0 AND 100", name="vat_rate"),
    )

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"))
    line_no: Mapped[int]
    order_line_id: Mapped[UUID | None] = mapped_column(ForeignKey("order_line.id"))
    description: Mapped[str]
    quantity: Mapped[QuantityValue]
    unit: Mapped[UnitCode]
    unit_price: Mapped[UnitPrice]
    base_quantity: Mapped[QuantityValue] = mapped_column(default=Decimal(1))
    net: Mapped[Amount]
    vat_rate: Mapped[Decimal] = mapped_column(Numeric(5, 2))
    vat_category: Mapped[VatCategory] = mapped_column(default=VatCategory.STANDARD)

    @property
    def amount(self) -> Quantity:
        return Quantity(self.quantity, self.unit)


class InvoiceFinding(HasId, Base):
    """One difference that the match found; `line_no` is None for the whole document."""

    __tablename__ = "invoice_finding"
    __table_args__ = (Index(None, "invoice_id"),)

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoice.id", ondelete="CASCADE"))
    position: Mapped[int]
    line_no: Mapped[int | None]
    code: Mapped[FindingCode]
    expected: Mapped[str]
    found: Mapped[str]
    difference: Mapped[Decimal | None] = mapped_column(Numeric(19, 6))
    tolerated: Mapped[bool]


class MatchTolerance(HasVersion, Base):
    """How far an invoice may differ before a person of the buyer looks at it.

    price_percent or price_amount: whichever allows more, per line. rounding: of document totals.
    """

    __tablename__ = "match_tolerance"
    __table_args__ = (
        CheckConstraint("price_percent BETWEEN 0 AND 100", name="price_percent"),
        CheckConstraint("quantity_percent BETWEEN 0 AND 100", name="quantity_percent"),
        CheckConstraint("price_amount BETWEEN 0 AND 1000000", name="price_amount"),
        CheckConstraint("rounding BETWEEN 0 AND 100", name="rounding"),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    price_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=Decimal(2))
    price_amount: Mapped[Amount] = mapped_column(default=Decimal(5))
    quantity_percent: Mapped[Decimal] = mapped_column(Numeric(5, 2), default=ZERO)
    rounding: Mapped[Amount] = mapped_column(default=Decimal("0.05"))
