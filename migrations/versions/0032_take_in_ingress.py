"""Keep submissions that arrived while the database was away, for a ruling before any opening."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ingress_attempt",
        c.identifier(),
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq.id"), nullable=False),
        c.reference("supplier_id"),
        c.instant("arrived_at", nullable=False),
        c.text("digest"),
        c.text("statement"),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        c.instant("taken_in_at", nullable=False),
    )
    op.create_index("ix_ingress_attempt_rfq_id", "ingress_attempt", ["rfq_id"])
    # a supplier sees their own; the buyer learns of them by `ingress_waiting`, without a name
    rls.force("ingress_attempt")
    rls.policy("ingress_attempt", "own", "select", using="supplier_id = app_org()")
    rls.append_only("ingress_attempt")
    op.execute("REVOKE INSERT ON ingress_attempt FROM marketplace_app")
    op.execute(_TAKE_IN)
    op.execute(_WAITING)
    for function in (
        "take_in_ingress(uuid, uuid, bytea, timestamptz, text, text, bytea)",
        "ingress_waiting(uuid, timestamptz, timestamptz)",
    ):
        op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
        op.execute(f"ALTER FUNCTION {function} OWNER TO marketplace_worker")
        op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


# Who sent it is found by the hash of the credential; strangers and those not asked count nothing.
_TAKE_IN = """
    CREATE FUNCTION take_in_ingress(attempt uuid, of_rfq uuid, credential bytea, at timestamptz,
        request_digest text, said text, signed bytea) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        INSERT INTO ingress_attempt
            (id, rfq_id, supplier_id, arrived_at, digest, statement, signature, taken_in_at)
        SELECT attempt, r.id, o.id, at, request_digest, said, signed, clock_timestamp()
        FROM rfq r, (
            SELECT organisation_id FROM api_key WHERE key_hash = credential
            UNION SELECT organisation_id FROM portal_session WHERE token_hash = credential
        ) AS sender JOIN organisation o ON o.id = sender.organisation_id AND o.kind = 'supplier'
        WHERE r.id = of_rfq AND r.published_at IS NOT NULL AND (r.open_to_all OR EXISTS (
            SELECT FROM rfq_invitation i
            WHERE i.rfq_id = r.id AND i.supplier_id = o.id AND i.invited_at IS NOT NULL))
        ON CONFLICT (id) DO NOTHING
    $$;
"""

# An attempt that was repeated and accepted needs no ruling. Clocks may differ by a second.
_WAITING = """
    CREATE FUNCTION ingress_waiting(wanted uuid, since timestamptz, until timestamptz)
    RETURNS TABLE (id uuid, arrived_at timestamptz, digest text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT i.id, i.arrived_at, i.digest
        FROM ingress_attempt i JOIN rfq r ON r.id = i.rfq_id
        WHERE r.id = wanted AND i.arrived_at BETWEEN since AND until
          AND (current_setting('role') <> 'marketplace_app' OR r.buyer_id = app_org())
          AND NOT EXISTS (
              SELECT FROM bid_attempt a
              WHERE a.rfq_id = i.rfq_id AND a.supplier_id = i.supplier_id
                AND a.outcome <> 'refused' AND a.arrived_at >= i.arrived_at - interval '1 second')
        ORDER BY i.arrived_at, i.id
    $$;
"""
