"""Let each price criterion have its formula; none means lowest total over total."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq_criterion", sa.Column("price_formula", c.JSONB))
