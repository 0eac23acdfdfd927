"""Keep every version of an RFQ's published terms, and which of them each bid answers."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

READ = ("rfq", "rfq_seal")


def upgrade() -> None:
    op.create_table(
        "rfq_terms",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        c.reference("buyer_id"),
        sa.Column("terms", c.JSONB, nullable=False),
        c.text("fingerprint"),
        c.instant("published_at", nullable=False),
    )
    # the owner is no tenant, and would see no row under forced row-level security
    for table in READ:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute("""
        INSERT INTO rfq_terms (rfq_id, number, buyer_id, terms, fingerprint, published_at)
        SELECT s.rfq_id, 1, s.buyer_id, s.terms, s.fingerprint, r.published_at
        FROM rfq_seal s JOIN rfq r ON r.id = s.rfq_id
    """)
    for table in READ:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    rls.protect(
        "rfq_terms",
        "EXISTS (SELECT FROM rfq r WHERE r.id = rfq_terms.rfq_id)",
        check="buyer_id = app_org()",
    )
    rls.append_only("rfq_terms")
    op.add_column(
        "rfq_seal", sa.Column("terms_number", sa.Integer, nullable=False, server_default="1")
    )
    op.create_foreign_key(
        "fk_rfq_seal_rfq_id_terms_number_rfq_terms",
        "rfq_seal",
        "rfq_terms",
        ["rfq_id", "terms_number"],
        ["rfq_id", "number"],
    )
    for name in ("terms", "fingerprint"):
        op.drop_column("rfq_seal", name)
    op.add_column(
        "bid_version", sa.Column("terms_number", sa.Integer, nullable=False, server_default="1")
    )
    op.create_check_constraint("terms_number_sane", "bid_version", "terms_number > 0")
