"""Name several graders for an RFQ, with declarations of interest and scores of each."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rfq_grader",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id"), primary_key=True),
        sa.Column("person_id", c.UUID, sa.ForeignKey("person.id"), primary_key=True),
        c.reference("buyer_id"),
        sa.Column("criterion_ids", c.UUIDS, nullable=False),
        c.reference("named_by"),
        c.instant("named_at", nullable=False),
        c.choice("interest", "interest", "none", "conflict", nullable=True),
        c.text("conflict_reason", nullable=True),
        c.instant("declared_at"),
        sa.CheckConstraint("(interest IS NULL) = (declared_at IS NULL)", name="declared_once"),
        sa.CheckConstraint(
            "(interest IS NOT DISTINCT FROM 'conflict') = (conflict_reason IS NOT NULL)",
            name="conflict_explained",
        ),
    )
    op.create_index("ix_rfq_grader_person_id", "rfq_grader", ["person_id"])
    rls.protect("rfq_grader", "buyer_id = app_org()")
    op.create_table(
        "grader_score",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid_offer.bid_id"), primary_key=True),
        sa.Column("criterion_id", c.UUID, sa.ForeignKey("rfq_criterion.id"), primary_key=True),
        sa.Column("person_id", c.UUID, sa.ForeignKey("person.id"), primary_key=True),
        c.decimal("score"),
        c.text("comment"),
        c.instant("scored_at", nullable=False),
        sa.CheckConstraint("score >= 0 AND score < 1e13", name="score_finite"),
    )
    rls.protect(
        "grader_score",
        "EXISTS (SELECT FROM bid_offer o WHERE o.bid_id = grader_score.bid_id"
        " AND o.buyer_id = app_org())",
    )
