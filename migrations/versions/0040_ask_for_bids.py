"""Ask for a least number of bids, and keep what was ruled where a lot has fewer."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("rfq", "rfq_lot"):
        op.add_column(table, sa.Column("minimum_bids", sa.Integer))
        op.create_check_constraint("minimum_bids_sane", table, "minimum_bids BETWEEN 1 AND 50")
    op.create_table(
        "rfq_lot_ruling",
        c.identifier(),
        c.created_at(),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id"), nullable=False),
        sa.Column("lot_id", c.UUID, sa.ForeignKey("rfq_lot.id"), nullable=False),
        c.reference("buyer_id"),
        c.choice("outcome", "toofewruling", "proceed", "unsuccessful", "republish"),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("bidders", sa.Integer, nullable=False),
        c.text("reason"),
        c.reference("copy_id", nullable=True),
        c.reference("ruled_by"),
        sa.CheckConstraint("bidders < wanted", name="too_few"),
        sa.CheckConstraint("(outcome = 'republish') = (copy_id IS NOT NULL)", name="copied"),
    )
    op.create_index("ix_rfq_lot_ruling_rfq_id", "rfq_lot_ruling", ["rfq_id"])
    rls.protect("rfq_lot_ruling", "buyer_id = app_org()")
    rls.append_only("rfq_lot_ruling")
