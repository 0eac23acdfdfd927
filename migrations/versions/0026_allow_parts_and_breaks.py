"""Let an RFQ allow quantity breaks, parts of lines and minimum orders, and split its award."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq", sa.Column("allows", c.TEXTS, nullable=False, server_default="{}"))
    op.create_table(
        "bid_money",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid_offer.bid_id"), primary_key=True),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.amount("minimum_order", nullable=True),
        sa.CheckConstraint("minimum_order > 0", name="minimum_order_positive"),
    )
    rls.protect(
        "bid_money",
        "EXISTS (SELECT FROM bid_offer o WHERE o.bid_id = bid_money.bid_id)",
        check="buyer_id = app_org()",
    )
    rls.append_only("bid_money")
    op.add_column("bid_line", c.decimal("quantity", nullable=True))
    op.add_column("bid_line", sa.Column("breaks", c.JSONB, nullable=False, server_default="[]"))
    op.create_check_constraint("quantity_finite", "bid_line", "quantity > 0 AND quantity < 1e13")
    op.drop_constraint("pk_award_line", "award_line", type_="primary")
    op.create_primary_key("pk_award_line", "award_line", ["award_id", "rfq_line_id", "bid_id"])
