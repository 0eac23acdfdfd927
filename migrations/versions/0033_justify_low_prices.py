"""Ask bidders to justify abnormally low prices, and rule on them."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rfq",
        sa.Column("low_price_check", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "low_price_inquiry",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid.id"), primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.text("question"),
        c.reference("asked_by"),
        c.instant("asked_at", nullable=False),
        c.instant("due_at", nullable=False),
        c.text("answer", nullable=True),
        c.reference("answered_by", nullable=True),
        c.instant("answered_at"),
        c.choice("outcome", "lowpriceruling", "accepted", "excluded", nullable=True),
        c.text("reason", nullable=True),
        c.reference("ruled_by", nullable=True),
        c.instant("ruled_at"),
    )
    op.create_index("ix_low_price_inquiry_rfq_id", "low_price_inquiry", ["rfq_id"])
    rls.protect("low_price_inquiry", "buyer_id = app_org() OR supplier_id = app_org()")
