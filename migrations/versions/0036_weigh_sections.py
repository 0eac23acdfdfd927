"""Criteria in sections: the section has the weight, its criteria an importance."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq", sa.Column("criteria_sections", c.JSONB))
    op.add_column("rfq_criterion", sa.Column("section", sa.Text))
    op.add_column("rfq_criterion", sa.Column("importance", sa.Integer))
    op.alter_column("rfq_criterion", "weight", nullable=True)
    op.create_check_constraint(
        op.f("ck_rfq_criterion_weight_or_importance"),
        "rfq_criterion",
        "CASE WHEN section IS NULL THEN weight IS NOT NULL AND importance IS NULL"
        " ELSE weight IS NULL AND importance IS NOT NULL"
        " AND importance BETWEEN 0 AND 10 END",
    )
