"""Let each criterion ask for an answer of a type; none means a text."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq_criterion", sa.Column("answer", c.JSONB))
