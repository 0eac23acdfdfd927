"""Seal the prices of a bid in an envelope of their own, which is opened after the rest."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    one = c.choice("envelopes", "enveloperule", "one", "two")
    one.server_default = sa.DefaultClause("one")
    op.add_column("rfq", one)
    op.add_column("rfq", c.instant("prices_opened_at"))
    for table, columns in _TECHNICAL.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.LargeBinary))
    op.execute("ALTER TABLE bid_version ALTER COLUMN technical_ciphertext SET STORAGE EXTERNAL")
    op.create_table(
        "rfq_price_opening",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), primary_key=True),
        c.reference("buyer_id"),
        c.reference("opened_by"),
        c.instant("opened_at", nullable=False),
        sa.Column("bid_count", sa.Integer, nullable=False),
        c.text("statement"),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    rls.protect("rfq_price_opening", "buyer_id = app_org()")
    op.create_table(
        "bid_price_key",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid_offer.bid_id"), primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        sa.Column("data_key", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_bid_price_key_rfq_id", "bid_price_key", ["rfq_id"])
    rls.protect("bid_price_key", "buyer_id = app_org() OR supplier_id = app_org()")
    for table in ("rfq_price_opening", "bid_price_key"):
        rls.append_only(table)


_TECHNICAL = {
    "rfq_seal": ("technical_public_key", "technical_wrapped_key"),
    "rfq_officer": ("technical_share", "technical_share_digest"),
    "bid_version": (
        "technical_ciphertext",
        "technical_key_for_opening",
        "technical_key_for_reading_back",
    ),
}
