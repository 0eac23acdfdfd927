"""Take bids that were sealed by their bidders, and keep those that cannot be read for a ruling."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_STATES = ("draft", "submitted", "withdrawn", "opened", "awarded", "not_awarded", "unreadable")


def upgrade() -> None:
    op.add_column(
        "rfq",
        sa.Column("client_sealing", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    cipher = c.choice("cipher", "cipher", "chacha20poly1305", "aes256gcm")
    cipher.server_default = sa.DefaultClause("chacha20poly1305")
    op.add_column("bid_version", cipher)
    listed = ", ".join(f"'{state}'" for state in _STATES)
    op.drop_constraint(op.f("ck_bid_bidstate"), "bid")
    op.create_check_constraint(op.f("ck_bid_bidstate"), "bid", f"state IN ({listed})")
    op.create_table(
        "bid_unreadable",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid.id"), primary_key=True),
        sa.Column("envelope", sa.Text, primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.reference("attempt_id"),
        c.text("digest"),
        c.text("reason"),
        c.instant("found_at", nullable=False),
        c.choice("ruling", "unreadableruling", "excluded", "other", nullable=True),
        c.text("ruling_reason", nullable=True),
        c.reference("ruled_by", nullable=True),
        c.instant("ruled_at"),
    )
    op.create_index("ix_bid_unreadable_rfq_id", "bid_unreadable", ["rfq_id"])
    rls.force("bid_unreadable")
    rls.policy("bid_unreadable", "tenant", "all", using="buyer_id = app_org()")
    rls.policy("bid_unreadable", "own", "select", using="supplier_id = app_org()")
    op.execute("REVOKE DELETE ON bid_unreadable FROM marketplace_app, marketplace_worker")
