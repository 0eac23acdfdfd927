"""Suspend RFQs: no deadline passes, and no digest list is published meanwhile."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_STATES = (
    "draft", "published", "closed", "suspended", "opened", "standstill", "awarded", "unsuccessful",
    "cancelled",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("rfq", c.instant("suspended_at"))
    op.add_column("rfq", sa.Column("suspension_reason", sa.Text))
    op.create_check_constraint(
        "suspended_with_reason",
        "rfq",
        "state <> 'suspended' OR (suspended_at IS NOT NULL AND suspension_reason IS NOT NULL)",
        postgresql_not_valid=True,
    )
    op.execute("ALTER TABLE rfq DROP CONSTRAINT ck_rfq_rfqstate")
    states = ", ".join(f"'{state}'" for state in _STATES)
    op.execute(
        f"ALTER TABLE rfq ADD CONSTRAINT ck_rfq_rfqstate CHECK (state IN ({states})) NOT VALID"
    )
    op.execute(_CLOSING)


_CLOSING = """
    DO $$
    DECLARE written text := pg_get_functiondef(
        'rfq_closing(uuid, timestamptz, bytea)'::regprocedure);
    BEGIN
        EXECUTE replace(written, 'AND r.published_at IS NOT NULL',
            $new$AND r.published_at IS NOT NULL AND r.state <> 'suspended'$new$);
    END $$;
"""
