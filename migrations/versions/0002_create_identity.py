"""Create identity."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c
from migrations import rls

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OURS = "organisation_id = app_org()"


def upgrade() -> None:
    _organisations()
    _people()
    _keys()
    op.execute(_FUNCTIONS)
    op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
    for function in (
        "authenticate_api_key(bytea)",
        "authenticate_session(bytea)",
        "find_sign_in(text)",
        "email_taken(text)",
    ):
        op.execute(f"ALTER FUNCTION {function} OWNER TO marketplace_worker")
    op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


def _organisations() -> None:
    op.create_table(
        "organisation",
        c.identifier(),
        c.version(),
        c.text("name"),
        c.choice("kind", "orgkind", "buyer", "supplier", "operator"),
        sa.Column("country", sa.CHAR(2), nullable=False),
        c.currency(),
        sa.Column("locale", sa.Text, nullable=False, server_default="en"),
        sa.Column("time_zone", sa.Text, nullable=False, server_default="Europe/Paris"),
        c.text("siren", nullable=True),
        c.text("siret", nullable=True),
        c.text("vat_number", nullable=True),
        c.text("lei", nullable=True),
        c.text("street", nullable=True),
        c.text("postal_code", nullable=True),
        c.text("city", nullable=True),
        _active(),
        c.created_at(),
    )
    op.create_index("ix_organisation_kind_name", "organisation", ["kind", "name"])
    op.create_index(
        "ix_organisation_name_trgm",
        "organisation",
        ["name"],
        postgresql_using="gin",
        postgresql_ops={"name": "gin_trgm_ops"},
    )
    # a public directory: everybody reads, only its members (or a registration) write
    rls.force("organisation")
    rls.policy("organisation", "directory", "select", using="true")
    rls.policy("organisation", "register", "insert", check="true")
    rls.policy("organisation", "own", "update", using="id = app_org()")


def _people() -> None:
    op.create_table(
        "person",
        c.identifier(),
        c.version(),
        c.text("email"),
        c.text("name"),
        c.text("password_hash", nullable=True),
        c.text("locale", nullable=True),
        c.text("time_zone", nullable=True),
        _active(),
        c.created_at(),
    )
    op.create_index("uq_person_email", "person", [sa.text("lower(email)")], unique=True)
    op.create_table(
        "membership",
        c.identifier(),
        c.version(),
        c.reference("person_id", "person"),
        c.reference("organisation_id", "organisation"),
        sa.Column("roles", c.TEXTS, nullable=False),
        _active(),
        c.created_at(),
        sa.UniqueConstraint("person_id", "organisation_id"),
    )
    op.create_index("ix_membership_organisation_id", "membership", ["organisation_id"])
    rls.protect("membership", OURS)
    colleagues = (
        "EXISTS (SELECT 1 FROM membership m WHERE m.person_id = person.id"
        " AND m.organisation_id = app_org())"
    )
    rls.force("person")
    rls.policy("person", "register", "insert", check="true")
    rls.policy("person", "colleagues", "select", using=colleagues)
    rls.policy("person", "colleagues_change", "update", using=colleagues)


def _keys() -> None:
    op.create_table(
        "api_key",
        c.identifier(),
        c.reference("organisation_id", "organisation"),
        c.reference("person_id", "person"),
        c.text("name"),
        c.text("prefix"),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", c.TEXTS, nullable=True),
        c.instant("expires_at"),
        c.instant("revoked_at"),
        c.created_at(),
        sa.UniqueConstraint("key_hash"),
    )
    op.create_index("ix_api_key_organisation_id", "api_key", ["organisation_id"])
    rls.protect("api_key", OURS)
    op.create_table(
        "portal_session",
        c.identifier(),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        c.reference("person_id", "person"),
        c.reference("organisation_id", "organisation"),
        c.instant("expires_at", nullable=False),
        sa.Column("data", c.JSONB, nullable=False, server_default=sa.text("'{}'")),
        c.created_at(),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_portal_session_person_id", "portal_session", ["person_id"])
    op.create_index("ix_portal_session_expires_at", "portal_session", ["expires_at"])
    rls.protect("portal_session", OURS)
    op.create_table(
        "sign_in_attempt",
        c.identifier(),
        sa.Column("bucket", sa.LargeBinary, nullable=False),
        c.instant("at", nullable=False),
    )
    op.create_index("ix_sign_in_attempt_bucket_at", "sign_in_attempt", ["bucket", "at"])
    # holds keyed digests only and must be readable before anybody is known
    rls.protect("sign_in_attempt", "true")


def _active() -> sa.Column[bool]:
    return sa.Column("active", sa.Boolean, nullable=False, server_default=sa.text("true"))


# Who is calling is looked up before the tenant is known; these functions find the actor and enter
# the tenant in one statement. They run as the worker role and return nothing but the actor.
_ACTOR = """
    p.id, o.id, o.kind::text, p.name, o.name, m.roles, {scopes},
    coalesce(p.locale, o.locale), coalesce(p.time_zone, o.time_zone), o.currency::text,
    {credential}.id, {data},
    set_config('app.org', o.id::text, true), set_config('app.kind', o.kind::text, true)
"""
_RETURNS = """
    RETURNS TABLE (person_id uuid, org_id uuid, org_kind text, name text, org_name text,
        roles text[], scopes text[], locale text, time_zone text, currency text,
        credential_id uuid, data jsonb, entered_org text, entered_kind text)
    LANGUAGE sql VOLATILE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp
"""
_JOINS = """
    JOIN person p ON p.id = {credential}.person_id AND p.active
    JOIN organisation o ON o.id = {credential}.organisation_id AND o.active
    JOIN membership m ON m.person_id = p.id AND m.organisation_id = o.id AND m.active
"""
_FUNCTIONS = f"""
    CREATE FUNCTION authenticate_api_key(presented bytea) {_RETURNS} AS $$
        SELECT {_ACTOR.format(credential="k", scopes="k.scopes", data="NULL::jsonb")}
        FROM api_key k {_JOINS.format(credential="k")}
        WHERE k.key_hash = presented AND k.revoked_at IS NULL
          AND (k.expires_at IS NULL OR k.expires_at > now())
    $$;

    CREATE FUNCTION authenticate_session(presented bytea) {_RETURNS} AS $$
        SELECT {_ACTOR.format(credential="s", scopes="NULL::text[]", data="s.data")}
        FROM portal_session s {_JOINS.format(credential="s")}
        WHERE s.token_hash = presented AND s.expires_at > now()
    $$;

    CREATE FUNCTION find_sign_in(address text)
    RETURNS TABLE (person_id uuid, password_hash text, org_id uuid, org_kind text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.id, p.password_hash, o.id, o.kind::text
        FROM person p
        JOIN membership m ON m.person_id = p.id AND m.active
        JOIN organisation o ON o.id = m.organisation_id AND o.active
        WHERE lower(p.email) = lower(address) AND p.active
        ORDER BY m.created_at, m.id
        LIMIT 1
    $$;

    CREATE FUNCTION email_taken(address text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT EXISTS (SELECT FROM person p WHERE lower(p.email) = lower(address))
    $$;
"""
