"""Debriefs and challenges about awards, and the clause under which they may be escalated."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STEPS = ("admission", "talk", "written_answer", "mediation", "arbitration")


def upgrade() -> None:
    op.add_column(
        "award_standing", sa.Column("dispute_clause", sa.Text, nullable=False, server_default="")
    )
    op.create_table(
        "award_case",
        c.identifier(),
        c.version(),
        sa.Column("award_id", c.UUID, sa.ForeignKey("award_standing.award_id"), nullable=False),
        c.reference("rfq_id", "rfq"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice("kind", "casekind", "debrief", "challenge"),
        c.choice(
            "state",
            "casestate",
            *("asked", "answered", "filed", "admitted", "inadmissible", "upheld", "rejected"),
            *("withdrawn", "void"),
        ),
        c.choice("step", "casestep", *_STEPS, nullable=True),
        c.instant("opened_at", nullable=False),
        c.instant("due_at"),
        c.instant("reminded_at"),
        c.instant("closed_at"),
        c.created_at(),
    )
    op.create_index("ix_award_case_rfq_id_supplier_id", "award_case", ["rfq_id", "supplier_id"])
    op.create_index(
        "uq_award_case_live",
        "award_case",
        ["award_id", "supplier_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state IN ('asked', 'answered', 'filed', 'admitted')"),
    )
    op.create_index(
        "ix_award_case_due",
        "award_case",
        ["due_at"],
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "case_entry",
        c.identifier(),
        c.reference("case_id", "award_case"),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        c.choice(
            "action",
            "caseaction",
            *("ask", "answer", "file", "reply", "admit", "dismiss", "escalate", "uphold", "reject"),
            *("withdraw", "void"),
        ),
        c.reference("org_id", nullable=True),
        c.reference("person_id", nullable=True),
        c.choice("step", "casestep", *_STEPS, nullable=True),
        c.text("body"),
        sa.Column("document_ids", c.UUIDS, nullable=False),
        c.instant("at", nullable=False),
    )
    op.create_index("ix_case_entry_case_id", "case_entry", ["case_id"])
    parties = "buyer_id = app_org() OR supplier_id = app_org()"
    for table in ("award_case", "case_entry"):
        rls.protect(table, parties)
    op.execute("REVOKE DELETE ON award_case FROM marketplace_app, marketplace_worker")
    rls.append_only("case_entry")
