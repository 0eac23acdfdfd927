"""Create rfq."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls
from migrations.bids import bids

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# An invitation row is shown to its supplier from the publication on, so that drafts stay hidden.
_READS_RFQ = """
    buyer_id = app_org()
    OR (published_at IS NOT NULL AND (
        app_kind() = 'operator'
        OR (open_to_all AND app_kind() = 'supplier')
        OR EXISTS (SELECT FROM rfq_invitation i
                   WHERE i.rfq_id = rfq.id AND i.supplier_id = app_org())))
"""


def upgrade() -> None:
    rfqs()
    bids()


def rfqs() -> None:
    _rfq()
    _content()
    _invitations()
    _questions()
    _policies()


def _rfq() -> None:
    op.create_table(
        "rfq",
        c.identifier(),
        c.version(),
        c.reference("buyer_id", "organisation"),
        c.text("number"),
        c.text("title"),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        c.choice(
            "state",
            "rfqstate",
            *("draft", "published", "closed", "opened", "awarded", "unsuccessful", "cancelled"),
        ),
        c.currency(),
        c.instant("bids_due_at"),
        c.instant("questions_due_at"),
        c.text("time_zone"),
        sa.Column("open_to_all", sa.Boolean, nullable=False, server_default=sa.text("false")),
        c.text("category_code", nullable=True),
        c.text("delivery_street", nullable=True),
        c.text("delivery_postal_code", nullable=True),
        c.text("delivery_city", nullable=True),
        sa.Column("delivery_country", sa.CHAR(2)),
        c.amount("estimated_value", nullable=True),
        sa.Column("payment_terms_days", sa.Integer),
        c.choice("source", "rfqsource", "portal", "api", "ocds", "spreadsheet"),
        c.text("external_ref", nullable=True),
        c.reference("created_by", nullable=True),
        sa.Column("changed_at", c.INSTANT, nullable=False, server_default=sa.func.now()),
        c.instant("published_at"),
        c.instant("opened_at"),
        c.instant("awarded_at"),
        c.instant("ended_at"),
        c.text("end_reason", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("buyer_id", "number", name="uq_rfq_buyer_id_number"),
        _between("estimated_value", 0, "1e13", "estimated_value_sane"),
        _between("payment_terms_days", 0, 365, "payment_terms_sane"),
        sa.CheckConstraint(
            "state IN ('draft', 'cancelled')"
            " OR (published_at IS NOT NULL AND bids_due_at IS NOT NULL)",
            name="published_with_deadline",
        ),
    )
    op.create_index("ix_rfq_buyer_id_created_at_id", "rfq", ["buyer_id", "created_at", "id"])
    op.create_index(
        "ix_rfq_published",
        "rfq",
        ["bids_due_at", "id"],
        postgresql_where=sa.text("published_at IS NOT NULL"),
    )


def _content() -> None:
    op.create_table(
        "rfq_lot",
        c.identifier(),
        _of_rfq(),
        sa.Column("number", sa.Integer, nullable=False),
        c.text("title"),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        c.amount("estimated_value", nullable=True),
        _numbered("rfq_lot"),
        _between("estimated_value", 0, "1e13", "estimated_value_sane"),
    )
    op.create_table(
        "rfq_line",
        c.identifier(),
        _of_rfq(),
        sa.Column(
            "lot_id", c.UUID, sa.ForeignKey("rfq_lot.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("number", sa.Integer, nullable=False),
        c.reference("item_id", nullable=True),
        c.text("description"),
        c.decimal("quantity_value"),
        c.unit("quantity_unit"),
        c.text("category_code", nullable=True),
        c.text("delivery_place", nullable=True),
        c.day("delivery_on"),
        c.decimal("reference_price", nullable=True),
        c.text("external_ref", nullable=True),
        _numbered("rfq_line"),
        sa.CheckConstraint("quantity_value > 0 AND quantity_value < 1e13", name="quantity_sane"),
        _between("reference_price", 0, "1e13", "reference_price_sane"),
    )
    op.create_index("ix_rfq_line_lot_id", "rfq_line", ["lot_id"])
    op.create_table(
        "rfq_criterion",
        c.identifier(),
        _of_rfq(),
        sa.Column("number", sa.Integer, nullable=False),
        c.text("name"),
        c.choice(
            "kind",
            "criterionkind",
            *("price", "quality", "delivery", "sustainability", "service", "other"),
        ),
        c.decimal("weight"),
        sa.Column("max_score", sa.Integer, nullable=False, server_default="100"),
        _numbered("rfq_criterion"),
        sa.CheckConstraint("weight > 0 AND weight <= 100", name="weight_sane"),
        _between("max_score", 1, 1000, "max_score_sane"),
    )


def _invitations() -> None:
    op.create_table(
        "rfq_invitation",
        _of_rfq(primary_key=True),
        sa.Column("supplier_id", c.UUID, sa.ForeignKey("organisation.id"), primary_key=True),
        c.reference("buyer_id"),
        c.instant("invited_at"),
        c.instant("seen_at"),
        c.created_at(),
    )
    op.create_index(
        "ix_rfq_invitation_supplier_id_rfq_id", "rfq_invitation", ["supplier_id", "rfq_id"]
    )


def _questions() -> None:
    op.create_table(
        "rfq_question",
        c.identifier(),
        _of_rfq(),
        c.reference("buyer_id"),
        c.text("body"),
        c.instant("asked_at", nullable=False),
        c.text("answer", nullable=True),
        c.instant("answered_at"),
        c.reference("answered_by", nullable=True),
    )
    op.create_index("ix_rfq_question_rfq_id_asked_at", "rfq_question", ["rfq_id", "asked_at"])
    op.create_table(
        "rfq_question_asker",
        sa.Column(
            "question_id",
            c.UUID,
            sa.ForeignKey("rfq_question.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        c.reference("supplier_id"),
    )
    op.create_index("ix_rfq_question_asker_supplier_id", "rfq_question_asker", ["supplier_id"])


def _policies() -> None:
    own = "buyer_id = app_org()"
    _read_and_write("rfq", read=_READS_RFQ, write=own)
    # Bidders lock the RFQ against its closing (FOR SHARE), for which PostgreSQL asks the policy
    # of updates; the check keeps them from changing it.
    rls.policy("rfq", "locking", "update", using=_READS_RFQ, check=own)
    for child in ("rfq_lot", "rfq_line", "rfq_criterion"):
        _read_and_write(
            child,
            read=f"EXISTS (SELECT FROM rfq r WHERE r.id = {child}.rfq_id)",
            write=f"EXISTS (SELECT FROM rfq r WHERE r.id = {child}.rfq_id AND r.{own})",
        )
    asked = "supplier_id = app_org() AND invited_at IS NOT NULL"
    _read_and_write("rfq_invitation", read=f"{own} OR ({asked})", write=own)
    rls.policy("rfq_invitation", "seeing", "update", using=asked)
    rls.protect("rfq_question_asker", "supplier_id = app_org()")
    rls.force("rfq_question")
    rls.policy(
        "rfq_question",
        "reading",
        "select",
        using="""
            EXISTS (SELECT FROM rfq r WHERE r.id = rfq_id) AND (
                buyer_id = app_org() OR answered_at IS NOT NULL
                OR EXISTS (SELECT FROM rfq_question_asker a
                           WHERE a.question_id = rfq_question.id))
        """,
    )
    rls.policy("rfq_question", "answering", "update", using=own)
    rls.policy(
        "rfq_question",
        "asking",
        "insert",
        check="""
            answered_at IS NULL AND EXISTS (
                SELECT FROM rfq r WHERE r.id = rfq_id AND r.buyer_id = rfq_question.buyer_id)
        """,
    )


def _read_and_write(table: str, *, read: str, write: str) -> None:
    """Let the application role read by one rule and write by a narrower one."""
    rls.force(table)
    rls.policy(table, "reading", "select", using=read)
    rls.policy(table, "adding", "insert", check=write)
    rls.policy(table, "changing", "update", using=write)
    rls.policy(table, "removing", "delete", using=write)


def _of_rfq(*, primary_key: bool = False) -> sa.Column[sa.Uuid]:
    return sa.Column(
        "rfq_id",
        c.UUID,
        sa.ForeignKey("rfq.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _numbered(table: str) -> sa.UniqueConstraint:
    """Deferrable, so that one statement can shift the numbers behind a removed row."""
    return sa.UniqueConstraint(
        "rfq_id", "number", name=f"uq_{table}_rfq_id_number", deferrable=True
    )


def _between(column: str, low: object, high: object, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=name)
