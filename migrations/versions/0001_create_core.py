"""Create core."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _roles()
    _extensions()
    op.execute(_TENANT_FUNCTIONS)
    _outbox()
    _jobs()
    _audit()
    _series()
    _idempotency()


def _roles() -> None:
    """The application and the worker role; who migrates may take either."""
    for role in ("marketplace_app", "marketplace_worker"):
        op.execute(f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$
        """)
        op.execute(f"GRANT {role} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON alembic_version TO {role}")
        op.execute(
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
        )
        op.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}"
        )


def _extensions() -> None:
    for extension in ("pg_trgm", "unaccent", "btree_gist"):
        op.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")


_TENANT_FUNCTIONS = """
    CREATE FUNCTION app_org() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.org', true), '')::uuid;

    CREATE FUNCTION app_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.kind', true), '');
"""


def _outbox() -> None:
    op.create_table(
        "outbox",
        c.identifier(),
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
        c.text("name"),
        sa.Column("payload", c.JSONB, nullable=False),
        sa.Column("audience", c.UUIDS, nullable=False),
        c.instant("occurred_at", nullable=False),
        c.instant("relayed_at"),
        sa.UniqueConstraint("seq", name="uq_outbox_seq"),
    )
    op.execute("ALTER TABLE outbox ALTER COLUMN id DROP DEFAULT")
    op.execute("ALTER TABLE outbox ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id()")
    op.execute("CREATE INDEX ix_outbox_waiting ON outbox (seq) WHERE relayed_at IS NULL")
    op.execute("CREATE INDEX ix_outbox_audience ON outbox USING gin (audience)")
    rls.force("outbox")
    rls.policy("outbox", "announce", "insert", check="true")
    rls.policy("outbox", "audience", "select", using="app_org() = ANY (audience)")
    op.create_table(
        "outbox_consumed",
        sa.Column("event_id", c.UUID, primary_key=True),
        sa.Column("reaction", sa.Text, primary_key=True),
        c.instant("consumed_at", nullable=False),
    )
    rls.force("outbox_consumed")


def _jobs() -> None:
    op.create_table(
        "job",
        c.identifier(),
        c.choice("kind", "jobkind", "reaction", "task"),
        c.text("name"),
        sa.Column("queue", sa.Text, nullable=False, server_default="default"),
        c.reference("event_id", nullable=True),
        sa.Column("args", c.JSONB, nullable=False),
        c.choice("state", "jobstate", "ready", "running", "done", "dead"),
        c.instant("run_at", nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        c.instant("lease_until"),
        c.instant("offered_at"),
        c.instant("done_at"),
        c.text("dedupe_key", nullable=True),
        c.text("error", nullable=True),
        c.created_at(),
        sa.UniqueConstraint("dedupe_key", name="uq_job_dedupe_key"),
    )
    op.create_index(
        "ix_job_due", "job", ["run_at"], postgresql_where=sa.text("state IN ('ready', 'running')")
    )
    op.create_index("ix_job_state_created_at", "job", ["state", "created_at"])
    rls.force("job")
    rls.policy("job", "enqueue", "insert", check="true")
    rls.policy("job", "operators", "select", using="app_kind() = 'operator'")
    rls.policy("job", "operators_retry", "update", using="app_kind() = 'operator'")


def _audit() -> None:
    op.create_table(
        "audit_event",
        c.identifier(),
        c.text("subject_kind"),
        c.reference("subject_id"),
        sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
        c.text("action"),
        c.reference("person_id", nullable=True),
        c.reference("org_id", nullable=True),
        c.reference("owner_id", nullable=True),
        c.instant("at", nullable=False),
        sa.Column("data", c.JSONB, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False, server_default=sa.text("''::bytea")),
        sa.UniqueConstraint(
            "subject_kind", "subject_id", "seq", name="uq_audit_event_subject_kind_subject_id_seq"
        ),
    )
    op.create_index("ix_audit_event_owner_id_at", "audit_event", ["owner_id", "at"])
    op.create_index("ix_audit_event_org_id_at", "audit_event", ["org_id", "at"])
    op.create_table(
        "audit_head",
        sa.Column("subject_kind", sa.Text, primary_key=True),
        sa.Column("subject_id", c.UUID, primary_key=True),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )
    op.execute("REVOKE ALL ON audit_head FROM marketplace_app, marketplace_worker")
    rls.force("audit_head")
    rls.force("audit_event")
    rls.policy("audit_event", "note", "insert", check="org_id IS NOT DISTINCT FROM app_org()")
    rls.policy(
        "audit_event",
        "involved",
        "select",
        using="org_id = app_org() OR owner_id = app_org() OR app_kind() = 'operator'",
    )
    rls.append_only("audit_event")
    op.execute("GRANT SELECT, INSERT, UPDATE ON audit_head TO marketplace_worker")
    op.execute(_CHAIN)
    op.execute("""
        CREATE TRIGGER chain BEFORE INSERT ON audit_event
        FOR EACH ROW EXECUTE FUNCTION chain_audit_event()
    """)
    op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
    op.execute("ALTER FUNCTION chain_audit_event() OWNER TO marketplace_worker")
    op.execute("ALTER FUNCTION verify_audit(text, uuid) OWNER TO marketplace_worker")
    op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


_CHAIN = """
    CREATE FUNCTION audit_link(previous bytea, link audit_event) RETURNS bytea
    LANGUAGE sql STABLE AS $$
        SELECT sha256(convert_to(concat_ws('|', encode(previous, 'hex'), link.subject_kind,
            link.subject_id::text, link.seq::text, link.action,
            coalesce(link.person_id::text, '-'), coalesce(link.org_id::text, '-'),
            coalesce(link.owner_id::text, '-'),
            to_char(link.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
            link.data::text), 'UTF8'))
    $$;

    CREATE FUNCTION chain_audit_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE previous bytea := ''::bytea;
    BEGIN
        INSERT INTO audit_head (subject_kind, subject_id, seq, hash)
        VALUES (NEW.subject_kind, NEW.subject_id, 0, ''::bytea)
        ON CONFLICT (subject_kind, subject_id) DO UPDATE SET seq = audit_head.seq
        RETURNING audit_head.seq + 1, audit_head.hash INTO NEW.seq, previous;
        NEW.hash := audit_link(previous, NEW);
        UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash
        WHERE subject_kind = NEW.subject_kind AND subject_id = NEW.subject_id;
        RETURN NEW;
    END $$;

    CREATE FUNCTION verify_audit(kind text, subject uuid)
    RETURNS TABLE (subject_kind text, subject_id uuid, seq bigint, fault text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        WITH link AS (
            SELECT e, e.subject_kind, e.subject_id, e.seq, e.hash,
                lag(e.hash, 1, ''::bytea) OVER chain AS previous,
                row_number() OVER chain AS place
            FROM audit_event e
            WHERE (kind IS NULL OR e.subject_kind = kind)
              AND (subject IS NULL OR e.subject_id = subject)
            WINDOW chain AS (PARTITION BY e.subject_kind, e.subject_id ORDER BY e.seq)
        )
        SELECT l.subject_kind, l.subject_id, l.seq,
            CASE WHEN l.seq <> l.place THEN 'missing' ELSE 'changed' END
        FROM link l
        WHERE l.seq <> l.place OR l.hash <> audit_link(l.previous, l.e)
        UNION ALL
        SELECT h.subject_kind, h.subject_id, h.seq, 'cut'
        FROM audit_head h
        WHERE (kind IS NULL OR h.subject_kind = kind)
          AND (subject IS NULL OR h.subject_id = subject)
          AND NOT EXISTS (
            SELECT FROM audit_event e
            WHERE e.subject_kind = h.subject_kind AND e.subject_id = h.subject_id
              AND e.seq = h.seq AND e.hash = h.hash)
        ORDER BY 1, 2, 3
    $$;
"""


def _series() -> None:
    op.create_table(
        "number_series",
        sa.Column("org_id", c.UUID, primary_key=True),
        sa.Column("prefix", sa.Text, primary_key=True),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("last", sa.Integer, nullable=False),
    )
    rls.protect("number_series", "org_id = app_org()")


def _idempotency() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("org_id", c.UUID, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        c.text("endpoint"),
        sa.Column("body_digest", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=True),
        sa.Column("response", c.JSONB, nullable=True),
        sa.Column("headers", c.JSONB, nullable=True),
        c.created_at(),
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    rls.protect("idempotency_key", "org_id = app_org()")
