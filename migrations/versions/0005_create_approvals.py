"""Create approvals."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ROLES = (
    "admin", "requester", "buyer", "approver", "receiver", "supplier", "operator", "auditor",
)  # fmt: skip


def upgrade() -> None:
    policies()
    requests()
    decisions()


def policies() -> None:
    op.create_table(
        "approval_policy",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.text("name"),
        sa.Column("priority", sa.Integer, nullable=False),
        c.text("subject_kind", nullable=True),
        c.currency(),
        c.amount("over", nullable=True),
        c.amount("up_to", nullable=True),
        c.text("category_prefix"),
        c.text("cost_centre", nullable=True),
        sa.Column("active", sa.Boolean, nullable=False),
        c.instant("updated_at"),
        c.created_at(),
        sa.CheckConstraint("over IS NULL OR over >= 0 AND over < 1e13", name="over"),
        sa.CheckConstraint("up_to IS NULL OR up_to >= 0 AND up_to < 1e13", name="up_to"),
        sa.CheckConstraint("over IS NULL OR up_to IS NULL OR over < up_to", name="range"),
    )
    op.create_index(
        "ix_approval_policy_buyer_id_priority_id", "approval_policy", ["buyer_id", "priority", "id"]
    )
    rls.protect("approval_policy", "buyer_id = app_org()")
    op.create_table(
        "approval_policy_step",
        c.identifier(),
        sa.Column(
            "policy_id",
            c.UUID,
            sa.ForeignKey("approval_policy.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        c.text("title"),
        c.choice("role", "role", *ROLES, nullable=True),
        sa.Column("person_ids", c.UUIDS, nullable=False),
        c.choice("rule", "steprule", "any_of", "all_of"),
        sa.UniqueConstraint("policy_id", "position", deferrable=True, initially="DEFERRED"),
        sa.CheckConstraint("(role IS NULL) <> (person_ids = '{}')", name="who"),
    )
    rls.protect(
        "approval_policy_step", "EXISTS (SELECT 1 FROM approval_policy p WHERE p.id = policy_id)"
    )


def requests() -> None:
    op.create_table(
        "approval_request",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.text("subject_kind"),
        c.reference("subject_id"),
        c.text("title"),
        c.text("url"),
        c.choice(
            "state", "requeststate",
            "waiting", "granted", "rejected", "returned", "withdrawn", "superseded",
        ),
        c.amount("amount"),
        c.currency(),
        c.text("category"),
        c.text("cost_centre", nullable=True),
        c.text("fingerprint"),
        sa.Column("content", c.JSONB, nullable=False),
        c.reference("requested_by", "person"),
        sa.Column("author_ids", c.UUIDS, nullable=False),
        sa.Column(
            "policy_id", c.UUID, sa.ForeignKey("approval_policy.id", ondelete="SET NULL")
        ),
        c.text("policy_name", nullable=True),
        c.instant("decided_at"),
        c.created_at(),
        sa.CheckConstraint("amount >= 0 AND amount < 1e13", name="amount"),
    )  # fmt: skip
    op.create_index(
        "uq_approval_request_live",
        "approval_request",
        ["subject_kind", "subject_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    for columns in (
        ["subject_kind", "subject_id", "created_at"],
        ["buyer_id", "state", "created_at", "id"],
        ["buyer_id", "created_at", "id"],
        ["requested_by"],
    ):
        op.create_index(f"ix_approval_request_{'_'.join(columns)}", "approval_request", columns)
    rls.protect("approval_request", "buyer_id = app_org()")


def decisions() -> None:
    op.create_table(
        "approval_step",
        c.identifier(),
        sa.Column(
            "request_id",
            c.UUID,
            sa.ForeignKey("approval_request.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("position", sa.Integer, nullable=False),
        c.text("title"),
        c.choice("role", "role", *ROLES, nullable=True),
        sa.Column("person_ids", c.UUIDS, nullable=False),
        c.choice("rule", "steprule", "any_of", "all_of"),
        c.choice(
            "state", "stepstate",
            "pending", "open", "approved", "rejected", "returned", "dropped",
        ),
        c.instant("opened_at"),
        c.instant("decided_at"),
        sa.UniqueConstraint("request_id", "position"),
    )  # fmt: skip
    op.create_index(
        "ix_approval_step_open",
        "approval_step",
        ["request_id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    rls.protect(
        "approval_step", "EXISTS (SELECT 1 FROM approval_request r WHERE r.id = request_id)"
    )
    op.create_table(
        "approval_decision",
        c.identifier(),
        sa.Column(
            "step_id", c.UUID, sa.ForeignKey("approval_step.id", ondelete="CASCADE"), nullable=False
        ),
        c.reference("person_id", "person"),
        c.choice("verdict", "verdict", "approve", "reject", "return"),
        c.text("reason"),
        c.text("fingerprint"),
        c.created_at(),
        sa.UniqueConstraint("step_id", "person_id"),
    )
    rls.protect("approval_decision", "EXISTS (SELECT 1 FROM approval_step s WHERE s.id = step_id)")
