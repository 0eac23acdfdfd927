"""Tables of the catalogue."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CHAR, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core import clock
from marketplace.core.db import (
    Base,
    CurrencyCode,
    HasCreated,
    HasId,
    HasVersion,
    QuantityValue,
    UnitCode,
    UnitPrice,
)
from marketplace.core.money import Money
from marketplace.core.text import language


class Category(Base):
    """A code of the Common Procurement Vocabulary, without its check digit."""

    __tablename__ = "category"
    __table_args__ = (
        Index(
            "ix_category_words_trgm",
            "words",
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        ),
        Index(None, "parent_code"),
    )

    code: Mapped[str] = mapped_column(CHAR(8), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(CHAR(8))
    level: Mapped[int]
    name_en: Mapped[str]
    name_fr: Mapped[str]
    words: Mapped[str]

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        return self.name_fr if language() == "fr" else self.name_en


class Item(HasId, HasVersion, HasCreated, Base):
    """Something a buyer orders again. ``sku_key`` is the code as it is compared."""

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("buyer_id", "sku_key"),
        CheckConstraint("price_amount BETWEEN 0 AND 1e13", name="price_sane"),
        CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity_sane"),
        CheckConstraint("(price_amount IS NULL) = (currency IS NULL)", name="price_with_currency"),
        Index(None, "buyer_id", "name", "id"),
        Index(None, "category_code"),
        Index(
            "ix_item_words_trgm",
            "words",
            postgresql_using="gin",
            postgresql_ops={"words": "gin_trgm_ops"},
        ),
    )

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    sku: Mapped[str]
    sku_key: Mapped[str]
    gtin: Mapped[str | None]
    name: Mapped[str]
    description: Mapped[str] = mapped_column(default="", server_default="")
    category_code: Mapped[str | None] = mapped_column(ForeignKey("category.code"))
    unit: Mapped[UnitCode]
    price_amount: Mapped[UnitPrice | None]
    currency: Mapped[CurrencyCode | None]
    base_quantity: Mapped[QuantityValue] = mapped_column(default=Decimal(1), server_default="1")
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    words: Mapped[str]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, server_default=func.now())

    @property
    def price(self) -> Money | None:
        """The reference price of the base quantity."""
        if self.price_amount is None or self.currency is None:
            return None
        return Money(self.price_amount, self.currency)

    @property
    def unit_price(self) -> Decimal | None:
        """The reference price of one unit."""
        return None if self.price_amount is None else self.price_amount / self.base_quantity
