"""Create catalog."""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from anyascii import anyascii

from migrations import columns as c
from migrations import rls

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CPV = Path(__file__).parents[2] / "marketplace" / "catalog" / "data" / "cpv_2008_fr_en.csv"


def upgrade() -> None:
    categories()
    items()
    load_categories()


def categories() -> None:
    op.create_table(
        "category",
        sa.Column("code", sa.CHAR(8), primary_key=True),
        sa.Column("parent_code", sa.CHAR(8), nullable=True),
        sa.Column("level", sa.Integer, nullable=False),
        c.text("name_en"),
        c.text("name_fr"),
        c.text("words"),
    )
    op.create_index("ix_category_parent_code", "category", ["parent_code"])
    _trigrams("category")
    rls.force("category")
    rls.policy("category", "everybody", "select", using="true")


def items() -> None:
    op.create_table(
        "item",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.text("sku"),
        c.text("sku_key"),
        c.text("gtin", nullable=True),
        c.text("name"),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("category_code", sa.CHAR(8), sa.ForeignKey("category.code"), nullable=True),
        c.unit(),
        c.decimal("price_amount", nullable=True),
        c.currency(nullable=True),
        sa.Column("base_quantity", sa.Numeric(19, 6), nullable=False, server_default="1"),
        sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        c.text("words"),
        sa.Column("changed_at", c.INSTANT, nullable=False, server_default=sa.func.now()),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "sku_key", name="uq_item_buyer_id_sku_key"),
        sa.CheckConstraint("price_amount BETWEEN 0 AND 1e13", name="price_sane"),
        sa.CheckConstraint("base_quantity > 0 AND base_quantity < 1e13", name="base_quantity_sane"),
        sa.CheckConstraint(
            "(price_amount IS NULL) = (currency IS NULL)", name="price_with_currency"
        ),
    )
    op.create_index("ix_item_buyer_id_name_id", "item", ["buyer_id", "name", "id"])
    op.create_index("ix_item_category_code", "item", ["category_code"])
    _trigrams("item")
    rls.protect("item", "buyer_id = app_org()")


def _trigrams(table: str) -> None:
    op.create_index(
        f"ix_{table}_words_trgm",
        table,
        ["words"],
        postgresql_using="gin",
        postgresql_ops={"words": "gin_trgm_ops"},
    )


def load_categories() -> None:
    """The vocabulary belongs to the schema: nothing can be classified without it."""
    with CPV.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {row["code"] for row in rows}
    table = sa.table(
        "category", *(sa.column(name) for name in
                      ("code", "parent_code", "level", "name_en", "name_fr", "words"))
    )  # fmt: skip
    op.bulk_insert(
        table,
        [
            {
                "code": row["code"],
                "parent_code": _parent(row["code"], codes),
                "level": max(len(row["code"].rstrip("0")), 2) - 1,
                "name_en": row["label_en"],
                "name_fr": row["label_fr"],
                "words": _words(f"{row['code']} {row['label_en']} {row['label_fr']}"),
            }
            for row in rows
        ],
    )


def _parent(code: str, codes: set[str]) -> str | None:
    """The nearest code above that the vocabulary has."""
    for length in range(len(code.rstrip("0")) - 1, 1, -1):
        above = code[:length].ljust(8, "0")
        if above in codes:
            return above
    return None


def _words(text: str) -> str:
    plain = anyascii(text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain).split())
