"""Let lots end one by one."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    state = c.choice("state", "lotstate", "open", "awarded", "unsuccessful", "cancelled")
    state.server_default = sa.DefaultClause("open")
    op.add_column("rfq_lot", state)
    op.add_column("rfq_lot", c.instant("ended_at"))
    op.add_column("rfq_lot", c.text("end_reason", nullable=True))
    op.add_column("rfq_lot", c.reference("award_id", "award", nullable=True))
    # the owner is no tenant, and would see no row under forced row-level security
    for table in _READ:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(_DECIDED)
    op.execute(_ENDED)
    for table in _READ:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.create_check_constraint(
        "ended_with_time", "rfq_lot", "(state = 'open') = (ended_at IS NULL)"
    )
    op.create_check_constraint(
        "awarded_by_award", "rfq_lot", "(state = 'awarded') = (award_id IS NOT NULL)"
    )


_READ = ("rfq", "rfq_lot", "award_line", "award_standing")
# what decisions that stand have given away
_DECIDED = """
    UPDATE rfq_lot lot
    SET state = 'awarded', award_id = given.award_id, ended_at = given.decided_at
    FROM (
        SELECT DISTINCT ON (line.lot_id) line.lot_id, line.award_id, standing.decided_at
        FROM award_line line JOIN award_standing standing USING (award_id)
        WHERE standing.state <> 'withdrawn'
        ORDER BY line.lot_id, standing.decided_at
    ) given
    WHERE given.lot_id = lot.id
"""
# until now the other lots ended with their RFQ
_ENDED = """
    UPDATE rfq_lot lot
    SET state = CASE rfq.state WHEN 'cancelled' THEN 'cancelled' ELSE 'unsuccessful' END,
        ended_at = coalesce(rfq.ended_at, now()), end_reason = rfq.end_reason
    FROM rfq
    WHERE rfq.id = lot.rfq_id AND lot.state = 'open'
      AND rfq.state IN ('standstill', 'awarded', 'unsuccessful', 'cancelled')
"""
