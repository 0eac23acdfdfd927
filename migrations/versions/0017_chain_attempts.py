"""Chain the attempts of an RFQ, and keep what its opening proves for everybody who may read it."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _heads()
    _links()
    _closing()
    op.create_table(
        "rfq_outcome",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), primary_key=True),
        c.reference("buyer_id"),
        c.text("statement"),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )
    rls.protect(
        "rfq_outcome",
        "EXISTS (SELECT FROM rfq r WHERE r.id = rfq_outcome.rfq_id)",
        check="buyer_id = app_org()",
    )
    rls.append_only("rfq_outcome")
    op.add_column("bid_offer", sa.Column("data_key", sa.LargeBinary))


def _heads() -> None:
    op.create_table(
        "bid_attempt_head",
        sa.Column("rfq_id", c.UUID, sa.ForeignKey("rfq_seal.rfq_id"), primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("link", sa.LargeBinary, nullable=False),
    )
    rls.force("bid_attempt_head")
    rls.policy(
        "bid_attempt_head",
        "opened",
        "select",
        using="""EXISTS (SELECT FROM rfq r WHERE r.id = bid_attempt_head.rfq_id
            AND r.buyer_id = app_org() AND r.opened_at IS NOT NULL)""",
    )
    op.execute("REVOKE INSERT, UPDATE, DELETE ON bid_attempt_head FROM marketplace_app")
    op.execute("REVOKE DELETE ON bid_attempt_head FROM marketplace_worker")


def _links() -> None:
    """Sequence and link are the database's, so that no code can write a row beside the chain."""
    op.add_column("bid_attempt", sa.Column("seq", sa.BigInteger, server_default="0"))
    op.add_column(
        "bid_attempt", sa.Column("link", sa.LargeBinary, server_default=sa.text("''::bytea"))
    )
    op.execute(_CHAIN)
    # the owner is no tenant, and would see no row under forced row-level security
    for table in ("bid_attempt", "bid_attempt_head"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(CHAIN_WHAT_IS_THERE)
    for table in ("bid_attempt", "bid_attempt_head"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.alter_column("bid_attempt", "seq", nullable=False)
    op.alter_column("bid_attempt", "link", nullable=False)
    op.create_unique_constraint("uq_bid_attempt_rfq_id_seq", "bid_attempt", ["rfq_id", "seq"])
    op.execute("""
        CREATE TRIGGER chain BEFORE INSERT ON bid_attempt
        FOR EACH ROW EXECUTE FUNCTION chain_bid_attempt()
    """)
    _give_to_worker("chain_bid_attempt()")


def _closing() -> None:
    """What may be known of sealed bids: no name, no number, and nothing before the deadline.

    The list is filled up here already, so that no code of the product can count what is sealed.
    """
    op.execute(_CLOSING)
    _give_to_worker("rfq_closing(uuid, timestamptz, bytea)")


def _give_to_worker(function: str) -> None:
    """Let it see the rows of all tenants, whoever calls it."""
    op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
    op.execute(f"ALTER FUNCTION {function} OWNER TO marketplace_worker")
    op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


_CHAIN = """
    CREATE FUNCTION chain_bid_attempt() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE previous bytea;
    BEGIN
        INSERT INTO bid_attempt_head (rfq_id, seq, link) VALUES (NEW.rfq_id, 0, ''::bytea)
        ON CONFLICT (rfq_id) DO UPDATE SET seq = bid_attempt_head.seq
        RETURNING bid_attempt_head.seq + 1, bid_attempt_head.link INTO NEW.seq, previous;
        NEW.link := sha256(previous || sha256(convert_to(NEW.statement, 'UTF8')));
        UPDATE bid_attempt_head SET seq = NEW.seq, link = NEW.link WHERE rfq_id = NEW.rfq_id;
        RETURN NEW;
    END $$;
"""

CHAIN_WHAT_IS_THERE = """
    DO $$
    DECLARE attempt record; place bigint := 0; previous bytea := ''; of_rfq uuid;
    BEGIN
        FOR attempt IN
            SELECT id, rfq_id, statement FROM bid_attempt ORDER BY rfq_id, arrived_at, id
        LOOP
            IF of_rfq IS DISTINCT FROM attempt.rfq_id THEN
                of_rfq := attempt.rfq_id; place := 0; previous := '';
            END IF;
            place := place + 1;
            previous := sha256(previous || sha256(convert_to(attempt.statement, 'UTF8')));
            UPDATE bid_attempt SET seq = place, link = previous WHERE id = attempt.id;
            INSERT INTO bid_attempt_head (rfq_id, seq, link) VALUES (of_rfq, place, previous)
            ON CONFLICT (rfq_id) DO UPDATE SET seq = place, link = previous;
        END LOOP;
    END $$;
"""

_CLOSING = """
    CREATE FUNCTION rfq_closing(wanted uuid, at timestamptz, seed bytea)
    RETURNS TABLE (chain text, digests text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH door AS (
            SELECT r.id, r.bids_due_at FROM rfq r
            WHERE r.id = wanted AND r.published_at IS NOT NULL
              AND r.bids_due_at + interval '30 seconds' <= at
              AND (current_setting('role') <> 'marketplace_app' OR r.buyer_id = app_org()
                OR (app_kind() = 'supplier' AND (r.open_to_all OR EXISTS (
                    SELECT FROM rfq_invitation i
                    WHERE i.rfq_id = r.id AND i.supplier_id = app_org()
                      AND i.invited_at IS NOT NULL))))
        ), on_time AS (
            SELECT a.* FROM bid_attempt a JOIN door ON a.rfq_id = door.id
            WHERE a.arrived_at <= door.bids_due_at
        ), last_word AS (
            SELECT DISTINCT ON (bid_id) outcome, digest FROM on_time
            WHERE outcome <> 'refused' ORDER BY bid_id, seq DESC
        ), standing AS (
            SELECT digest FROM last_word WHERE outcome = 'accepted'
        ), wide AS (
            SELECT min(1 << e) AS size FROM generate_series(10, 30) e
            WHERE 1 << e >= (SELECT count(*) FROM standing)
        ), entry AS (
            SELECT digest FROM standing
            UNION ALL
            SELECT encode(sha256('filler|'::bytea || seed || int4send(n)), 'hex')
            FROM wide, generate_series(0, wide.size - (SELECT count(*) FROM standing)::int - 1) AS n
        )
        SELECT
            encode(sha256('chain|'::bytea || seed || coalesce(
                (SELECT link FROM on_time ORDER BY seq DESC LIMIT 1), ''::bytea)), 'hex'),
            (SELECT array_agg(digest ORDER BY digest COLLATE "C") FROM entry)
        FROM door
    $$;
"""
