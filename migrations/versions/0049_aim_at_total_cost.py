"""Scenarios may aim at the lowest total cost: prices and the further costs of the RFQ."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

TABLE = "award_scenario"


def upgrade() -> None:
    op.drop_constraint(op.f("ck_award_scenario_objective"), TABLE)
    op.create_check_constraint("objective", TABLE, "objective IN ('cost', 'total_cost', 'points')")


def downgrade() -> None:
    op.execute("UPDATE award_scenario SET objective = 'cost' WHERE objective = 'total_cost'")
    op.drop_constraint(op.f("ck_award_scenario_objective"), TABLE)
    op.create_check_constraint("objective", TABLE, "objective IN ('cost', 'points')")
