"""Lock the scores before prices are seen, and exclude opened bids."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rfq",
        sa.Column("blind_scoring", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.add_column("rfq", c.instant("quality_locked_at"))
    op.add_column("rfq", c.reference("quality_locked_by", nullable=True))
    op.add_column("rfq", c.text("quality_lock_reason", nullable=True))
    op.add_column("rfq", c.instant("prices_seen_at"))
    op.create_table(
        "bid_exclusion",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid.id"), primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice(
            "ground", "exclusionground", "knock_out", "abnormally_low", "unreadable", "ruling"
        ),
        c.reference("criterion_id", "rfq_criterion", nullable=True),
        c.text("reason"),
        c.reference("excluded_by"),
        c.instant("excluded_at", nullable=False),
    )
    op.create_index("ix_bid_exclusion_rfq_id", "bid_exclusion", ["rfq_id"])
    rls.protect("bid_exclusion", f"buyer_id = app_org() OR ({_OWN_AND_DECIDED})", check=_BUYER)


_BUYER = "buyer_id = app_org()"
# the supplier reads the ruling with the decision, not while the buyer may still take it back
_OWN_AND_DECIDED = """supplier_id = app_org() AND EXISTS (
    SELECT FROM rfq r WHERE r.id = bid_exclusion.rfq_id
        AND r.state IN ('standstill', 'awarded', 'unsuccessful'))"""
