"""Create documents and notifications."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    documents()
    notifications()


def documents() -> None:
    op.create_table(
        "document_content",
        c.reference("owner_id", "organisation"),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        c.created_at(),
        sa.PrimaryKeyConstraint("owner_id", "sha256", name="pk_document_content"),
    )
    # compressed by what made the file; the database would try in vain
    op.execute("ALTER TABLE document_content ALTER COLUMN content SET STORAGE EXTERNAL")
    op.create_table(
        "document",
        c.identifier(),
        c.reference("owner_id", "organisation"),
        sa.Column("sha256", sa.LargeBinary, nullable=True),
        c.text("url", nullable=True),
        c.text("filename"),
        c.text("content_type"),
        sa.Column("size", sa.Integer, nullable=False),
        c.reference("uploaded_by", nullable=True),
        c.created_at(),
        sa.ForeignKeyConstraint(
            ["owner_id", "sha256"],
            ["document_content.owner_id", "document_content.sha256"],
            name="fk_document_owner_id_sha256_document_content",
        ),
        sa.CheckConstraint("(url IS NULL) = (sha256 IS NOT NULL)", name="content_or_url"),
        sa.CheckConstraint("size >= 0", name="size_sane"),
    )
    op.create_index(
        "ix_document_owner_id_created_at_id", "document", ["owner_id", "created_at", "id"]
    )
    op.create_index("ix_document_owner_id_sha256", "document", ["owner_id", "sha256"])
    op.create_table(
        "document_link",
        c.identifier(),
        sa.Column(
            "document_id",
            c.UUID,
            sa.ForeignKey("document.id", ondelete="CASCADE"),
            nullable=False,
        ),
        c.text("subject_kind"),
        c.reference("subject_id"),
        c.created_at(),
        sa.UniqueConstraint(
            "document_id",
            "subject_kind",
            "subject_id",
            name="uq_document_link_document_id_subject_kind_subject_id",
        ),
    )
    op.create_index(
        "ix_document_link_subject_kind_subject_id", "document_link", ["subject_kind", "subject_id"]
    )
    op.create_table(
        "document_grant",
        c.identifier(),
        sa.Column(
            "document_id",
            c.UUID,
            sa.ForeignKey("document.id", ondelete="CASCADE"),
            nullable=False,
        ),
        c.reference("owner_id"),
        c.reference("org_id", nullable=True),
        c.created_at(),
        sa.UniqueConstraint(
            "document_id",
            "org_id",
            name="uq_document_grant_document_id_org_id",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("ix_document_grant_org_id", "document_grant", ["org_id"])
    _protect_documents()


def _protect_documents() -> None:
    """Own rows, and those granted by their owner: a grant of somebody else counts for nothing."""
    to_me = "(g.org_id = app_org() OR (g.org_id IS NULL AND app_org() IS NOT NULL))"
    own = "owner_id = app_org()"
    _readable(
        "document_grant",
        f"{own} OR org_id = app_org() OR (org_id IS NULL AND app_org() IS NOT NULL)",
        own,
    )
    _readable(
        "document",
        f"{own} OR EXISTS (SELECT 1 FROM document_grant g"
        f" WHERE g.document_id = document.id AND g.owner_id = document.owner_id AND {to_me})",
        own,
    )
    _readable(
        "document_content",
        f"{own} OR EXISTS (SELECT 1 FROM document d"
        " WHERE d.owner_id = document_content.owner_id AND d.sha256 = document_content.sha256)",
        own,
    )
    _readable(
        "document_link",
        "EXISTS (SELECT 1 FROM document d WHERE d.id = document_id)",
        "EXISTS (SELECT 1 FROM document d WHERE d.id = document_id AND d.owner_id = app_org())",
    )


def _readable(table: str, readers: str, owners: str) -> None:
    """Some read the rows; only their owner writes and removes them, and nobody changes them."""
    rls.force(table)
    rls.policy(table, "readers", "select", using=readers)
    rls.policy(table, "owner_adds", "insert", check=owners)
    rls.policy(table, "owner_removes", "delete", using=owners)


def notifications() -> None:
    op.create_table(
        "notice",
        c.identifier(),
        c.reference("organisation_id", "organisation"),
        c.reference("person_id", "person"),
        c.text("kind"),
        sa.Column("params", c.JSONB, nullable=False),
        c.text("url"),
        c.text("dedupe_key", nullable=True),
        c.instant("occurred_at", nullable=False),
        c.instant("read_at"),
        c.created_at(),
        sa.UniqueConstraint("person_id", "organisation_id", "dedupe_key"),
    )
    op.create_index(
        "ix_notice_person_id_organisation_id_id", "notice", ["person_id", "organisation_id", "id"]
    )
    op.create_index(
        "ix_notice_unread",
        "notice",
        ["person_id", "organisation_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_notice_organisation_id", "notice", ["organisation_id"])
    rls.protect("notice", "organisation_id = app_org()")
    op.create_table(
        "mail_message",
        c.identifier(),
        c.reference("notice_id", "notice"),
        c.reference("organisation_id", "organisation"),
        c.choice("state", "mailstate", "queued", "sent", "skipped"),
        c.instant("sent_at"),
        c.created_at(),
        sa.UniqueConstraint("notice_id"),
    )
    op.create_index("ix_mail_message_organisation_id", "mail_message", ["organisation_id"])
    op.create_index("ix_mail_message_state_created_at", "mail_message", ["state", "created_at"])
    rls.protect("mail_message", "organisation_id = app_org()")
