"""Bids in further currencies: the rates of an RFQ, and what each opened bid is in."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq", sa.Column("currency_rates", c.JSONB))
    op.add_column("bid_money", sa.Column("currency", sa.CHAR(3)))
