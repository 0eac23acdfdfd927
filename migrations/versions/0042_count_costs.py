"""Costs beside the price: named in RFQs, entered for bids; criteria may ask without weighing."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rfq",
        sa.Column(
            "price_basis",
            sa.Enum(
                "bid_total",
                "total_cost",
                name="pricebasis",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
            server_default="bid_total",
        ),
    )
    op.add_column("rfq", sa.Column("cost_terms", c.JSONB))
    op.drop_constraint(op.f("ck_rfq_criterion_weight_sane"), "rfq_criterion", type_="check")
    op.create_check_constraint("weight_sane", "rfq_criterion", "weight >= 0 AND weight <= 100")
    op.create_table(
        "bid_cost",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid_offer.bid_id"), primary_key=True),
        sa.Column("term_id", c.UUID, primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.amount("amount"),
        c.text("reason"),
        c.reference("entered_by"),
        c.instant("entered_at", nullable=False),
        sa.CheckConstraint("amount >= 0 AND amount < 1e13", name="amount_finite"),
    )
    op.create_index("ix_bid_cost_rfq_id", "bid_cost", ["rfq_id"])
    rls.protect("bid_cost", "buyer_id = app_org()")
