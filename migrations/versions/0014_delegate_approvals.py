"""Delegate approvals while somebody is away."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "approval_decision",
        sa.Column("on_behalf_of", c.UUIDS, nullable=False, server_default="{}"),
    )
    op.create_table(
        "approval_delegation",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.reference("person_id", "person"),
        c.reference("delegate_id", "person"),
        c.day("first_on", nullable=False),
        c.day("last_on", nullable=False),
        c.text("time_zone"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        c.reference("arranged_by", "person"),
        c.instant("revoked_at"),
        c.created_at(),
        sa.CheckConstraint("person_id <> delegate_id", name="somebody_else"),
        sa.CheckConstraint("first_on <= last_on", name="days"),
    )
    op.execute(
        "ALTER TABLE approval_delegation ADD CONSTRAINT ex_approval_delegation_one_at_a_time"
        " EXCLUDE USING gist (buyer_id WITH =, person_id WITH =,"
        " daterange(first_on, last_on, '[]') WITH &&) WHERE (revoked_at IS NULL)"
    )
    op.create_index(
        "ix_approval_delegation_buyer_id_delegate_id",
        "approval_delegation",
        ["buyer_id", "delegate_id"],
    )
    rls.protect("approval_delegation", "buyer_id = app_org()")
