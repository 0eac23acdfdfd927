"""Change between the organisations that a person belongs to."""

import sqlalchemy as sa
from alembic import op

from migrations import columns as c

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", sa.Column("chosen_at", c.INSTANT, nullable=True))
    op.execute("GRANT CREATE ON SCHEMA public TO marketplace_worker")
    op.execute(_SIGN_IN)
    op.execute(_SESSION)
    op.execute(_END)
    op.execute("ALTER FUNCTION end_sessions(uuid) OWNER TO marketplace_worker")
    op.execute("REVOKE CREATE ON SCHEMA public FROM marketplace_worker")


# the organisation that the person changed to last, else the one that they joined first
_SIGN_IN = """
    CREATE OR REPLACE FUNCTION find_sign_in(address text)
    RETURNS TABLE (person_id uuid, password_hash text, org_id uuid, org_kind text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.id, p.password_hash, o.id, o.kind::text
        FROM person p
        JOIN membership m ON m.person_id = p.id AND m.active
        JOIN organisation o ON o.id = m.organisation_id AND o.active
        WHERE lower(p.email) = lower(address) AND p.active
        ORDER BY m.chosen_at DESC NULLS LAST, m.created_at, m.id
        LIMIT 1
    $$
"""

# A tenant sees its own memberships alone. This session's row looks beyond it, and only as far as it
# must: to name the other organisations of its own person.
_SESSION = """
    CREATE OR REPLACE FUNCTION authenticate_session(presented bytea)
    RETURNS TABLE (person_id uuid, org_id uuid, org_kind text, name text, org_name text,
        roles text[], scopes text[], locale text, time_zone text, currency text,
        credential_id uuid, data jsonb, entered_org text, entered_kind text)
    LANGUAGE sql VOLATILE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp AS $$
        SELECT p.id, o.id, o.kind::text, p.name, o.name, m.roles, NULL::text[],
            coalesce(p.locale, o.locale), coalesce(p.time_zone, o.time_zone), o.currency::text,
            s.id,
            s.data || jsonb_build_object('others', (
                SELECT coalesce(jsonb_agg(
                    jsonb_build_object('id', e.id, 'kind', e.kind, 'name', e.name)
                    ORDER BY e.name, e.id), '[]'::jsonb)
                FROM membership elsewhere
                JOIN organisation e ON e.id = elsewhere.organisation_id AND e.active
                WHERE elsewhere.person_id = p.id AND elsewhere.active AND e.id <> o.id
            )),
            set_config('app.org', o.id::text, true), set_config('app.kind', o.kind::text, true)
        FROM portal_session s
        JOIN person p ON p.id = s.person_id AND p.active
        JOIN organisation o ON o.id = s.organisation_id AND o.active
        JOIN membership m ON m.person_id = p.id AND m.organisation_id = o.id AND m.active
        WHERE s.token_hash = presented AND s.expires_at > now()
    $$
"""

# a changed password ends its person's sessions in every organisation
_END = """
    CREATE FUNCTION end_sessions(of_person uuid) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DELETE FROM portal_session s
        WHERE s.person_id = of_person AND EXISTS (
            SELECT FROM membership m
            WHERE m.person_id = of_person AND m.organisation_id = app_org()
        )
    $$
"""
