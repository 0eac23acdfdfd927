"""Let a lot weigh the criteria for itself."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq_lot", sa.Column("weights", c.JSONB))
