"""Row-level security for a table: the application role sees its tenant, the worker role all."""

from alembic import op


def protect(table: str, using: str, check: str | None = None) -> None:
    """Let the application role reach only rows for which ``using`` holds.

    using: SQL over the table's columns, `app_org()` and `app_kind()`. check: what new rows must
    satisfy; the same by default.
    """
    force(table)
    op.execute(
        f"CREATE POLICY tenant ON {table} TO marketplace_app"
        f" USING ({using}) WITH CHECK ({check or using})"
    )


def force(table: str) -> None:
    """Row-level security with the worker's policy alone; add others with `policy`."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY worker ON {table} TO marketplace_worker USING (true) WITH CHECK (true)"
    )


def policy(
    table: str, name: str, command: str, *, using: str | None = None, check: str | None = None
) -> None:
    """One policy of the application role for one command (select, insert, update, delete, all)."""
    clauses = (f" USING ({using})" if using else "") + (f" WITH CHECK ({check})" if check else "")
    op.execute(f"CREATE POLICY {name} ON {table} FOR {command} TO marketplace_app{clauses}")


def append_only(table: str) -> None:
    """Rows of this table are never changed or removed by the product."""
    op.execute(f"REVOKE UPDATE, DELETE ON {table} FROM marketplace_app, marketplace_worker")
