"""Amend published RFQs, and confirm bids after an addendum."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations import columns as c
from migrations import rls

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rfq_addendum",
        c.identifier(),
        c.version(),
        c.created_at(),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id", ondelete="CASCADE"), nullable=False),
        c.reference("buyer_id"),
        sa.Column("wanted", c.JSONB, nullable=False),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("number", sa.Integer),
        sa.Column("changes", c.JSONB),
        c.instant("previous_due_at"),
        c.instant("bids_due_at"),
        c.reference("created_by", nullable=True),
        c.reference("published_by", nullable=True),
        c.instant("published_at"),
        sa.UniqueConstraint("rfq_id", "number", name="uq_rfq_addendum_rfq_id_number"),
    )
    op.create_index(
        "uq_rfq_addendum_draft",
        "rfq_addendum",
        ["rfq_id"],
        unique=True,
        postgresql_where=sa.text("published_at IS NULL"),
    )
    rls.protect(
        "rfq_addendum",
        "buyer_id = app_org() OR (published_at IS NOT NULL"
        " AND EXISTS (SELECT FROM rfq r WHERE r.id = rfq_addendum.rfq_id))",
        check="buyer_id = app_org()",
    )
    _days()
    _count("rfq", "addendum_count", "0")
    _count("bid_draft", "terms_number", "1")
    op.create_table(
        "bid_unconfirmed",
        sa.Column("bid_id", c.UUID, sa.ForeignKey("bid_offer.bid_id"), primary_key=True),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), nullable=False),
        c.reference("buyer_id"),
        c.reference("supplier_id"),
        sa.Column("lines", postgresql.ARRAY(sa.Integer), nullable=False),
    )
    rls.protect(
        "bid_unconfirmed",
        """supplier_id = app_org() OR (buyer_id = app_org() AND EXISTS (
            SELECT FROM rfq r WHERE r.id = bid_unconfirmed.rfq_id AND r.opened_at IS NOT NULL))""",
    )
    rls.append_only("bid_unconfirmed")
    _confirmations()


def _days() -> None:
    for table in ("rfq", "sourcing_settings"):
        _count(table, "addendum_days", "2")
        op.create_check_constraint(
            "addendum_days_sane",
            table,
            "addendum_days BETWEEN 0 AND 60",
            postgresql_not_valid=True,
        )


def _count(table: str, name: str, default: str) -> None:
    op.add_column(table, sa.Column(name, sa.Integer, nullable=False, server_default=default))


def _confirmations() -> None:
    """A confirmation is an attempt of its own, which leaves the submission before it standing."""
    op.execute("ALTER TABLE bid_attempt DROP CONSTRAINT ck_bid_attempt_attemptoutcome")
    op.execute(
        "ALTER TABLE bid_attempt ADD CONSTRAINT ck_bid_attempt_attemptoutcome"
        " CHECK (outcome IN ('accepted', 'withdrawn', 'refused', 'confirmed')) NOT VALID"
    )
    op.execute("""
        DO $$
        DECLARE written text := pg_get_functiondef(
            'rfq_closing(uuid, timestamptz, bytea)'::regprocedure);
        BEGIN
            EXECUTE replace(
                written, 'outcome <> ''refused''', 'outcome IN (''accepted'', ''withdrawn'')');
        END $$;
    """)
