"""Take several bids of one supplier for an RFQ: the main one and alternatives."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rfq", sa.Column("max_alternatives", sa.SmallInteger, nullable=False, server_default="2")
    )
    op.create_check_constraint("max_alternatives_sane", "rfq", "max_alternatives BETWEEN 1 AND 9")
    for table in ("bid", "bid_offer"):
        op.add_column(
            table, sa.Column("alternative", sa.SmallInteger, nullable=False, server_default="0")
        )
    op.create_check_constraint("alternative_sane", "bid", "alternative BETWEEN 0 AND 9")
    op.create_unique_constraint(
        "uq_bid_rfq_id_supplier_id_alternative", "bid", ["rfq_id", "supplier_id", "alternative"]
    )
    op.drop_constraint("uq_bid_rfq_id_supplier_id", "bid")
    name = c.text("name")
    name.server_default = sa.DefaultClause("")
    op.add_column("bid_offer", name)
