"""Tell kinds of sourcing events apart."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    kind = c.choice("kind", "rfqkind", "rfq", "rfp", "mini_competition", "auction")
    kind.server_default = sa.DefaultClause("rfq")
    op.add_column("rfq", kind)
    op.add_column("rfq", c.text("agreement_ref", nullable=True))
    op.add_column("rfq", c.instant("auction_starts_at"))
    kept = c.choice("kind", "rfqkind", "rfq", "rfp", "mini_competition", "auction")
    kept.server_default = sa.DefaultClause("rfq")
    op.add_column("rfq_template", kept)
    op.create_check_constraint(
        "mini_competition_invites", "rfq", "kind <> 'mini_competition' OR NOT open_to_all"
    )
