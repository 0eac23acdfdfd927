"""Note when the service could not be reached, and what buyers rule about it."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_beat",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        c.instant("seen_at", nullable=False),
        sa.CheckConstraint("id = 1", name="only"),
    )
    op.create_table(
        "service_outage",
        c.identifier(),
        c.instant("began_at", nullable=False),
        c.instant("ended_at", nullable=False),
        sa.CheckConstraint("began_at < ended_at", name="order"),
    )
    op.create_index("ix_service_outage_ended_at", "service_outage", ["ended_at"])
    for table in ("service_beat", "service_outage"):
        rls.force(table)
        rls.policy(table, "everybody", "select", using="app_org() IS NOT NULL")
    op.create_table(
        "rfq_outage_ruling",
        c.identifier(),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id", ondelete="CASCADE"), nullable=False),
        c.reference("buyer_id"),
        c.instant("due_at", nullable=False),
        c.instant("extended_to"),
        c.text("reason"),
        c.reference("ruled_by"),
        c.created_at(),
        sa.UniqueConstraint("rfq_id", "due_at"),
    )
    rls.protect("rfq_outage_ruling", "buyer_id = app_org()")
