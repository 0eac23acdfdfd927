"""Tables of payments, refunds, notices, issues and the ledger."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion
from marketplace.core.money import Money
from marketplace.payments.states import (
    Account,
    EntryKind,
    IssueCode,
    PaymentMethod,
    PaymentState,
    RefundState,
)

ZERO = Decimal(0)


class Payment(HasId, HasVersion, HasCreated, Base):
    """One request for money, and what came of it.

    `amount` was asked for, `received` came in, `refunded` went back. `attempt` counts the payments
    of a subject, `failures` the times that the provider could not open a page for this one.
    """

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("subject_kind", "subject_id", "attempt"),
        UniqueConstraint("checkout_id"),
        UniqueConstraint("intent_id"),
        Index(
            "uq_payment_live",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=text("state IN ('requested', 'open', 'processing')"),
        ),
        Index("ix_payment_buyer_id_created_at_id", "buyer_id", "created_at", "id"),
        Index("ix_payment_supplier_id_created_at_id", "supplier_id", "created_at", "id"),
        CheckConstraint("amount > 0 AND amount < 1e13", name="amount_finite"),
        CheckConstraint("received >= 0 AND received < 1e13", name="received_finite"),
        CheckConstraint("refunded >= 0 AND refunded <= received", name="refunded_at_most_received"),
    )

    number: Mapped[str]
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    reference: Mapped[str]
    amount: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    state: Mapped[PaymentState] = mapped_column(default=PaymentState.REQUESTED)
    method: Mapped[PaymentMethod | None]
    attempt: Mapped[int]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    failure_code: Mapped[str | None]
    checkout_id: Mapped[str | None]
    checkout_url: Mapped[str | None]
    intent_id: Mapped[str | None]
    received: Mapped[Amount] = mapped_column(default=ZERO, server_default="0")
    refunded: Mapped[Amount] = mapped_column(default=ZERO, server_default="0")
    requested_by: Mapped[UUID | None]
    captured_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def asked(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def received_money(self) -> Money:
        return Money(self.received, self.currency)

    @property
    def refunded_money(self) -> Money:
        return Money(self.refunded, self.currency)


class Refund(HasId, HasVersion, HasCreated, Base):
    """Money on its way back; a refund made at the provider's own console is imported."""

    __tablename__ = "refund"
    __table_args__ = (
        UniqueConstraint("provider_id"),
        Index(None, "payment_id"),
        Index("ix_refund_buyer_id_created_at_id", "buyer_id", "created_at", "id"),
        CheckConstraint("amount > 0 AND amount < 1e13", name="amount_finite"),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"))
    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    amount: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    reason: Mapped[str | None]
    state: Mapped[RefundState] = mapped_column(default=RefundState.REQUESTED)
    provider_id: Mapped[str | None]
    requested_by: Mapped[UUID | None]
    refunded_at: Mapped[datetime | None]

    @property
    def money(self) -> Money:
        return Money(self.amount, self.currency)


class StripeNotice(HasId, Base):
    """A webhook as it arrived, once per event of the provider."""

    __tablename__ = "stripe_notice"
    __table_args__ = (UniqueConstraint("event_id"), Index(None, "received_at"))

    event_id: Mapped[str]
    kind: Mapped[str]
    checkout_id: Mapped[str | None]
    intent_id: Mapped[str | None]
    payment_id: Mapped[UUID | None]
    live: Mapped[bool]
    received_at: Mapped[datetime]


class PaymentIssue(HasId, HasVersion, HasCreated, Base):
    """A difference between the provider's figures and ours, until a person settles it."""

    __tablename__ = "payment_issue"
    __table_args__ = (
        UniqueConstraint("payment_id", "code"),
        Index(None, "buyer_id", "resolved_at"),
    )

    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payment.id"))
    buyer_id: Mapped[UUID]
    code: Mapped[IssueCode]
    expected: Mapped[Amount]
    received: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    note: Mapped[str | None]
    resolved_at: Mapped[datetime | None]
    resolved_by: Mapped[UUID | None]


class LedgerEntry(HasId, HasCreated, Base):
    """One booking in a buyer's books. Append-only; `source` makes a repeat impossible."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("kind", "source_id"),
        Index("ix_ledger_entry_buyer_id_created_at_id", "buyer_id", "created_at", "id"),
        Index(None, "subject_id"),
    )

    buyer_id: Mapped[UUID]
    supplier_id: Mapped[UUID]
    kind: Mapped[EntryKind]
    source_id: Mapped[UUID]
    subject_id: Mapped[UUID]
    reference: Mapped[str]
    currency: Mapped[CurrencyCode]
    booked_on: Mapped[date]

    postings: Mapped[list["LedgerPosting"]] = relationship(
        lazy="raise", order_by="LedgerPosting.line_no"
    )


class LedgerPosting(HasId, Base):
    """One side of a booking: debit above zero, credit below."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        UniqueConstraint("entry_id", "line_no"),
        CheckConstraint("amount <> 0 AND amount < 1e13", name="amount_finite"),
    )

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_entry.id"))
    line_no: Mapped[int]
    account: Mapped[Account]
    amount: Mapped[Amount]


class ReconcileMark(Base):
    """How far the provider's list of payments has been compared with ours; one row."""

    __tablename__ = "reconcile_mark"

    name: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    found: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))
