"""Let two of three people open an RFQ together: opening keys, shares, and the ceremony."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # where two people open, the private key is in their shares alone
    op.alter_column("rfq_seal", "wrapped_private_key", nullable=True)
    op.create_table(
        "opening_key",
        c.identifier(),
        c.reference("organisation_id", "organisation"),
        c.reference("person_id", "person"),
        _bytes("public_key"),
        _bytes("wrapped_private_key"),
        c.instant("replaced_at"),
        c.created_at(),
    )
    op.create_index(
        "uq_opening_key_present",
        "opening_key",
        ["organisation_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    rls.protect("opening_key", "organisation_id = app_org()")
    op.create_table(
        "rfq_officer",
        *_numbered(),
        c.reference("person_id", "person"),
        c.choice("part", "officerpart", "opener", "escrow"),
        c.reference("key_id", "opening_key"),
        _bytes("sealed_share"),
        _bytes("share_digest"),
        c.instant("lost_at"),
        c.text("lost_reason", nullable=True),
        sa.UniqueConstraint("rfq_id", "person_id", name="uq_rfq_officer_rfq_id_person_id"),
        sa.CheckConstraint("number BETWEEN 1 AND 3", name="three"),
    )
    op.create_table(
        "rfq_given_share", *_numbered(), _bytes("locked"), c.instant("given_at", nullable=False)
    )
    for table in ("rfq_officer", "rfq_given_share"):
        rls.protect(table, "buyer_id = app_org()")
    op.execute(_IS_BIDDERS_PERSON)
    _give_to_worker("is_bidders_person(uuid, uuid)")


def _numbered() -> list[sa.Column[sa.Uuid] | sa.Column[int]]:
    return [
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        c.reference("buyer_id"),
    ]


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)


def _give_to_worker(function: str) -> None:
    """Let it see the rows of all tenants, whoever calls it."""
    op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
    op.execute(f"ALTER FUNCTION {function} OWNER TO marketplace_worker")
    op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


# Whoever may bid is asked, not whoever has bid: the answer tells nothing about sealed bids.
_IS_BIDDERS_PERSON = r"""
    CREATE FUNCTION is_bidders_person(of_rfq uuid, of_person uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT EXISTS (
            SELECT FROM rfq r
            JOIN person p ON p.id = of_person
            JOIN person q ON lower(regexp_replace(q.email, '\+[^@]*@', '@'))
                = lower(regexp_replace(p.email, '\+[^@]*@', '@'))
            JOIN membership m ON m.person_id = q.id AND m.active
            JOIN organisation o ON o.id = m.organisation_id AND o.kind = 'supplier'
            WHERE r.id = of_rfq
              AND (current_setting('role') <> 'marketplace_app' OR r.buyer_id = app_org())
              AND (r.open_to_all OR EXISTS (
                  SELECT FROM rfq_invitation i WHERE i.rfq_id = r.id AND i.supplier_id = o.id)))
    $$;
"""
