"""The database: models equal migrations, every table is protected."""

import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql.base import ischema_names

import marketplace
from marketplace.core.db import Base
from marketplace.core.outbox import Xid8
from migrations.runner import head_revision

for module in pkgutil.walk_packages(marketplace.__path__, "marketplace."):
    if module.name.endswith("models") or module.name.startswith("marketplace.core."):
        import_module(module.name)


ischema_names["xid8"] = Xid8


def test_models_equal_migrations(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    ignored = {"alembic_version"}
    differences = [
        difference
        for difference in compare_metadata(context, Base.metadata)
        if not (difference[0] == "remove_table" and difference[1].name in ignored)
    ]
    assert [str(difference) for difference in differences] == []


def test_the_head_file_names_the_last_migration() -> None:
    head = Path(__file__).parents[2] / "migrations" / "versions" / "CURRENT_HEAD"
    assert head.read_text().strip() == head_revision()


def test_every_table_has_forced_row_level_security(connection: Connection) -> None:
    unprotected = connection.scalars(
        text(
            "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE n.nspname = 'public' AND relkind IN ('r', 'p')"
            " AND NOT (relrowsecurity AND relforcerowsecurity)"
            " AND relname <> 'alembic_version' ORDER BY 1"
        )
    ).all()
    assert unprotected == []


@pytest.mark.parametrize("role", ["marketplace_app", "marketplace_worker"])
def test_the_roles_of_the_product_own_nothing_and_pass_no_security(
    connection: Connection, role: str
) -> None:
    row = connection.execute(
        text("SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = :role"),
        {"role": role},
    ).one()
    owned = connection.scalar(
        text("SELECT count(*) FROM pg_tables WHERE tableowner = :role"), {"role": role}
    )
    assert tuple(row) == (False, False, False)
    assert owned == 0


def test_without_a_tenant_the_application_sees_no_row(connection: Connection) -> None:
    """No policy of a tenant's table lets a request read that never said for whom it acts."""
    public = {"organisation", "category", "sign_in_attempt", "alembic_version"}
    connection.execute(text("SET LOCAL ROLE marketplace_app"))
    policies = connection.execute(
        text(
            "SELECT tablename FROM pg_policies WHERE 'marketplace_app' = ANY (roles)"
            " AND cmd IN ('SELECT', 'ALL') AND qual = 'true'"
        )
    ).scalars()
    assert set(policies) <= public
