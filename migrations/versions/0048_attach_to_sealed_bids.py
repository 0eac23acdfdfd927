"""Take documents that bidders have locked themselves; keep why something sealed was not taken."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    cipher = c.choice("cipher", "cipher", "chacha20poly1305", "aes256gcm")
    cipher.server_default = sa.DefaultClause("chacha20poly1305")
    op.add_column("bid_document", cipher)
    op.add_column("bid_document", sa.Column("digest", sa.Text))
    op.add_column("bid_offer", _list("refused_documents"))
    op.add_column("bid_unreadable", _list("errors"))


def _list(name: str) -> sa.Column[list[object]]:
    return sa.Column(name, c.JSONB, nullable=False, server_default="[]")
