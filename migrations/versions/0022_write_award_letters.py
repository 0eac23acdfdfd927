"""Letters to the bidders about an award, and the reasons that all of them read."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("award", sa.Column("reasons", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "award_letter",
        c.identifier(),
        c.reference("award_id", "award"),
        c.reference("rfq_id", "rfq"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice("kind", "letterkind", "won", "partly_won", "lost"),
        c.instant("decided_at", nullable=False),
        c.instant("challenge_until"),
        c.instant("debrief_until", nullable=False),
        sa.Column("content", c.JSONB, nullable=False),
        c.reference("document_id"),
        c.created_at(),
        sa.UniqueConstraint("award_id", "supplier_id", name="uq_award_letter_award_id_supplier_id"),
    )
    op.create_index("ix_award_letter_rfq_id_supplier_id", "award_letter", ["rfq_id", "supplier_id"])
    # written by the worker alone
    rls.force("award_letter")
    rls.policy(
        "award_letter",
        "party",
        "select",
        using="buyer_id = app_org() OR supplier_id = app_org()",
    )
    rls.append_only("award_letter")
