"""Let awards stand still before they are final, and keep what an organisation's RFQs begin with."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_STATES = (
    "draft", "published", "closed", "opened", "standstill", "awarded", "unsuccessful", "cancelled",
)  # fmt: skip


def upgrade() -> None:
    op.add_column(
        "rfq", sa.Column("standstill_days", sa.Integer, nullable=False, server_default="0")
    )
    op.create_check_constraint(
        "standstill_sane", "rfq", "standstill_days BETWEEN 0 AND 90", postgresql_not_valid=True
    )
    _allow_the_state()
    _standings()
    # a withdrawn decision makes room for another
    op.drop_constraint("uq_award_rfq_id", "award")
    op.create_index("ix_award_rfq_id", "award", ["rfq_id"])
    op.create_table(
        "sourcing_settings",
        c.version(),
        sa.Column("buyer_id", c.UUID, sa.ForeignKey("organisation.id"), primary_key=True),
        sa.Column("standstill_days", sa.Integer, nullable=False, server_default="0"),
        sa.Column("debrief_days", sa.Integer, nullable=False, server_default="15"),
        sa.Column("dispute_clause", sa.Text, nullable=False, server_default=""),
        sa.CheckConstraint("standstill_days BETWEEN 0 AND 90", name="standstill_sane"),
        sa.CheckConstraint("debrief_days BETWEEN 1 AND 90", name="debrief_sane"),
    )
    rls.protect("sourcing_settings", "buyer_id = app_org()")


def _allow_the_state() -> None:
    op.execute("ALTER TABLE rfq DROP CONSTRAINT ck_rfq_rfqstate")
    states = ", ".join(f"'{state}'" for state in _STATES)
    op.execute(
        f"ALTER TABLE rfq ADD CONSTRAINT ck_rfq_rfqstate CHECK (state IN ({states})) NOT VALID"
    )


def _standings() -> None:
    op.create_table(
        "award_standing",
        sa.Column("award_id", c.UUID, sa.ForeignKey("award.id"), primary_key=True),
        c.reference("rfq_id", "rfq"),
        c.reference("buyer_id"),
        c.choice("state", "awardstate", "standstill", "final", "withdrawn"),
        c.instant("decided_at", nullable=False),
        c.instant("standstill_until"),
        c.instant("concluded_at"),
        c.instant("withdrawn_at"),
        c.text("withdrawal_reason", nullable=True),
        sa.CheckConstraint(
            "state <> 'standstill' OR standstill_until IS NOT NULL", name="standstill_ends"
        ),
    )
    op.create_index("ix_award_standing_rfq_id", "award_standing", ["rfq_id"])
    op.create_index(
        "ix_award_standing_waiting",
        "award_standing",
        ["standstill_until"],
        postgresql_where=sa.text("state = 'standstill'"),
    )
    # the owner is no tenant, and would see no row under forced row-level security
    op.execute("ALTER TABLE award NO FORCE ROW LEVEL SECURITY")
    op.execute(FILL_STANDINGS)
    op.execute("ALTER TABLE award FORCE ROW LEVEL SECURITY")
    rls.force("award_standing")
    rls.policy(
        "award_standing",
        "of_a_visible_rfq",
        "select",
        using="EXISTS (SELECT FROM rfq r WHERE r.id = award_standing.rfq_id)",
    )
    rls.policy("award_standing", "decide", "insert", check="buyer_id = app_org()")
    rls.policy(
        "award_standing",
        "go_on",
        "update",
        using="buyer_id = app_org()",
        check="buyer_id = app_org()",
    )
    op.execute("REVOKE DELETE ON award_standing FROM marketplace_app, marketplace_worker")


FILL_STANDINGS = """
    INSERT INTO award_standing (award_id, rfq_id, buyer_id, state, decided_at, concluded_at)
    SELECT id, rfq_id, buyer_id, 'final', decided_at, decided_at FROM award
"""
