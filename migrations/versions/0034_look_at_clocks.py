"""Note when each RFQ is to be looked at next, so that people are told in time."""

from alembic import op

from migrations import columns as c

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rfq", c.instant("next_check"))
    op.execute("CREATE INDEX ix_rfq_next_check ON rfq (next_check) WHERE next_check IS NOT NULL")
    # the owner is no tenant, and would see no row under forced row-level security
    op.execute("ALTER TABLE rfq NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE rfq SET next_check = bids_due_at + interval '30 seconds'"
        " WHERE state = 'published' AND bids_due_at > now()"
    )
    op.execute("ALTER TABLE rfq FORCE ROW LEVEL SECURITY")
