"""Award scenarios: a question about opened bids, and the solver's answer."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "award_scenario",
        c.identifier(),
        c.version(),
        c.reference("rfq_id", "rfq"),
        c.reference("buyer_id"),
        c.text("name"),
        c.choice("objective", "objective", "cost", "points"),
        sa.Column("constraints", c.JSONB, nullable=False),
        sa.Column("time_limit", sa.Integer, nullable=False),
        c.choice("state", "scenariostate", "draft", "queued", "solved", "infeasible", "failed"),
        c.reference("created_by"),
        sa.Column("run", sa.Integer, nullable=False, server_default="0"),
        sa.Column("steps_done", sa.Integer, nullable=False, server_default="0"),
        sa.Column("steps_total", sa.Integer, nullable=False, server_default="0"),
        c.reference("requested_by", nullable=True),
        c.instant("requested_at"),
        c.instant("finished_at"),
        c.text("inputs_digest", nullable=True),
        c.text("solver", nullable=True),
        c.amount("total", nullable=True),
        c.decimal("objective_value", nullable=True),
        c.decimal("bound", nullable=True),
        c.decimal("gap", nullable=True),
        c.decimal("seconds", nullable=True),
        sa.Column("awards", c.JSONB, nullable=False, server_default="[]"),
        sa.Column("findings", c.JSONB, nullable=False, server_default="[]"),
        sa.Column("relaxation", c.JSONB),
        c.choice("failure", "failure", "no_time", "inputs_changed", nullable=True),
        c.created_at(),
        sa.CheckConstraint("time_limit BETWEEN 5 AND 120", name="time_limit"),
        sa.CheckConstraint("total < 1e13", name="total_finite"),
    )
    op.create_index(
        "ix_award_scenario_rfq_id_created_at_id", "award_scenario", ["rfq_id", "created_at", "id"]
    )
    rls.protect("award_scenario", "buyer_id = app_org()")
