"""Bringing a database to the newest schema: `upgrade(url)`.

Every migration is a transaction of its own with a short lock timeout. One that meets a long reader
gives up, lets the waiting requests pass and tries again, so that no deployment stops the service.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from marketplace.core.db import psycopg_url

FOLDER = Path(__file__).parent
LOCK_TIMEOUT = "2s"
LOCK_NOT_AVAILABLE = "55P03"
ATTEMPTS = 10
PAUSE_SECONDS = 3.0
# any number that nothing else in this database locks
ONE_AT_A_TIME = 7_203_411


def upgrade(url: str, *, progress: Callable[[str], None] | None = None) -> list[str]:
    """Apply what is missing and return the revisions applied, oldest first.

    Two callers at once take turns; the second finds nothing left to do.
    """
    applied: list[str] = []

    def on_version_apply(*, step: Any, **_others: Any) -> None:
        applied.append(step.up_revision_id)
        if progress is not None:
            progress(f"{step.up_revision_id}: {step.up_revision.doc}")

    engine = create_engine(psycopg_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
        connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.commit()
        _patiently(connection, _config(connection, (on_version_apply,)))
    return applied


def current_revision(url: str) -> str | None:
    """The revision at which the database stands; None for an empty one."""
    engine = create_engine(psycopg_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The newest revision that this program brings."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def _config(connection: Connection, on_version_apply: tuple[Callable[..., None], ...]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["on_version_apply"] = on_version_apply
    return config


def _patiently(connection: Connection, config: Config) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            command.upgrade(config, "head")
        except OperationalError as error:
            connection.rollback()
            sqlstate = getattr(error.orig, "sqlstate", None)
            if sqlstate != LOCK_NOT_AVAILABLE or attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS)
        else:
            return
