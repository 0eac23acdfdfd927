"""Tables of loyalty."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Amount, Base, CurrencyCode, HasCreated, HasId, HasVersion, Rate
from marketplace.core.money import Money
from marketplace.loyalty.states import MovementKind, ProgrammeState, RedemptionState


class Programme(HasId, HasVersion, HasCreated, Base):
    """The platform's programme (no seller) or one seller's own."""

    __tablename__ = "loyalty_programme"
    __table_args__ = (
        UniqueConstraint("seller_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("valid_months BETWEEN 1 AND 120", name="valid_months"),
    )

    seller_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    name: Mapped[str]
    state: Mapped[ProgrammeState] = mapped_column(default=ProgrammeState.ACTIVE)
    valid_months: Mapped[int] = mapped_column(default=24, server_default="24")


class EarningRule(HasId, Base):
    """Points per unit of money for orders from an amount on; the highest amount reached counts."""

    __tablename__ = "loyalty_rule"
    __table_args__ = (
        UniqueConstraint("programme_id", "currency", "from_net"),
        CheckConstraint("points_per_unit > 0 AND points_per_unit < 1000", name="points_per_unit"),
        CheckConstraint("from_net >= 0 AND from_net < 1e13", name="from_net"),
    )

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programme.id"))
    currency: Mapped[CurrencyCode]
    from_net: Mapped[Amount]
    points_per_unit: Mapped[Rate]


class Reward(HasId, HasCreated, Base):
    """What points buy: a discount voucher worth an amount."""

    __tablename__ = "loyalty_reward"
    __table_args__ = (
        Index(None, "programme_id", "points"),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("amount > 0 AND amount < 1e13", name="amount"),
    )

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programme.id"))
    name: Mapped[str]
    points: Mapped[int]
    amount: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))

    @property
    def value(self) -> Money:
        return Money(self.amount, self.currency)


class Account(HasId, HasCreated, Base):
    """The points of one organisation in one programme.

    ``debt`` are points that were spent before a refund took them back; the next ones repay them.
    Everything that changes points locks this row first.
    """

    __tablename__ = "loyalty_account"
    __table_args__ = (
        UniqueConstraint("programme_id", "organisation_id"),
        Index(None, "organisation_id"),
        CheckConstraint("debt >= 0", name="debt"),
    )

    programme_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_programme.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    debt: Mapped[int] = mapped_column(default=0, server_default="0")


class Lot(HasId, HasCreated, Base):
    """Points that came together and expire together. ``remaining`` can never be below zero."""

    __tablename__ = "loyalty_lot"
    __table_args__ = (
        Index(
            "uq_loyalty_lot_account_id_order_id",
            "account_id",
            "order_id",
            unique=True,
            postgresql_where=text("order_id IS NOT NULL"),
        ),
        Index(
            "ix_loyalty_lot_open",
            "account_id",
            "expires_at",
            postgresql_where=text("remaining > 0"),
        ),
        Index(None, "order_id"),
        CheckConstraint("remaining BETWEEN 0 AND points", name="remaining"),
        CheckConstraint("reversed BETWEEN 0 AND points", name="reversed"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_account.id"))
    order_id: Mapped[UUID | None]
    net: Mapped[Amount | None]
    refunded_net: Mapped[Amount] = mapped_column(default=0, server_default="0")
    points_per_unit: Mapped[Rate | None]
    points: Mapped[int]
    remaining: Mapped[int]
    reversed: Mapped[int] = mapped_column(default=0, server_default="0")
    earned_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Movement(HasId, HasCreated, Base):
    """One line of the ledger: points put into a lot or taken out of it. Never changed."""

    __tablename__ = "loyalty_movement"
    __table_args__ = (
        Index(None, "account_id", "occurred_at"),
        Index(None, "redemption_id"),
        Index(None, "lot_id"),
        CheckConstraint("points <> 0", name="points"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_account.id"))
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_lot.id"))
    kind: Mapped[MovementKind]
    points: Mapped[int]
    occurred_at: Mapped[datetime]
    order_id: Mapped[UUID | None]
    redemption_id: Mapped[UUID | None] = mapped_column(ForeignKey("loyalty_redemption.id"))


class Redemption(HasId, HasVersion, HasCreated, Base):
    """Points spent on a reward. The same ``request_key`` of an account is one redemption."""

    __tablename__ = "loyalty_redemption"
    __table_args__ = (
        UniqueConstraint("account_id", "request_key"),
        UniqueConstraint("code"),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_account.id"))
    reward_id: Mapped[UUID] = mapped_column(ForeignKey("loyalty_reward.id"))
    reward_name: Mapped[str]
    state: Mapped[RedemptionState] = mapped_column(default=RedemptionState.GRANTED)
    points: Mapped[int]
    amount: Mapped[Amount]
    currency: Mapped[CurrencyCode]
    code: Mapped[str]
    request_key: Mapped[str]
    redeemed_by: Mapped[UUID | None]
    redeemed_at: Mapped[datetime]

    @property
    def value(self) -> Money:
        return Money(self.amount, self.currency)


class Reversal(Base):
    """Receipt of one refund: its share of an order's points is taken back once."""

    __tablename__ = "loyalty_reversal"

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    net: Mapped[Amount]
    reversed_on: Mapped[date]


class PaidInvoice(Base):
    """Which order a paid invoice belongs to: a refund names the invoice alone."""

    __tablename__ = "loyalty_paid_invoice"

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_id: Mapped[UUID]
    gross: Mapped[Amount]
