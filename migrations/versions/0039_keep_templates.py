"""Keep RFQs as templates."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rfq_template",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.text("name"),
        c.text("title"),
        sa.Column("line_count", sa.Integer, nullable=False),
        sa.Column("supplier_count", sa.Integer, nullable=False),
        sa.Column("content", c.JSONB, nullable=False),
        c.reference("created_by", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "name", name="uq_rfq_template_buyer_id_name"),
    )
    rls.protect("rfq_template", "buyer_id = app_org()")
