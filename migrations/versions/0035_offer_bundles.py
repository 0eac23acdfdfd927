"""Keep the bundles of opened bids."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bid_money", sa.Column("bundles", c.JSONB, nullable=False, server_default="[]"))
