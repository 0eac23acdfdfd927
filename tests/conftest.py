"""Servers, database and clients for every test.

One PostgreSQL per run (its files in a temporary folder), migrated once into a template. Tests that
ask for `session`, `app` and the like share one database; each test runs in an outer transaction
that is rolled back. Tests that need real commits ask for `committed`: a database of their own.
"""

import itertools
import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from marketplace.app import APP_ROLE, create_app
from marketplace.core.db import Database
from marketplace.core.text import reading_in, speaking_of
from marketplace.identity import authentication
from marketplace.identity.models import ApiKey
from marketplace.identity.permissions import Actor
from marketplace.local.postgres import Postgres
from marketplace.local.postgres import start as start_postgres
from marketplace.settings import Settings
from marketplace.web.context import WebApp
from migrations.runner import upgrade
from tests.clients import ApiClient, PortalClient
from workers.inline import drain as drain_everything

WORKER_ROLE = "marketplace_worker"
TEMPLATE = "marketplace_template"
DATABASE_FIXTURES = {"session", "app", "client", "api", "portal", "committed", "postgres"}


# short lines for failures alone: structlog's own default draws every traceback with its variables
structlog.configure(
    processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
    wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they ask for, so that nobody has to remember a mark."""
    for item in items:
        if DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.db)


@pytest.fixture(autouse=True)
def reads_english() -> Iterator[None]:
    """Every test begins in English and speaks of nothing, whatever another has read last."""
    with reading_in("en"), speaking_of(""):
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """PostgreSQL for this run, without durability, with a migrated template database."""
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as folder:
        server = start_postgres(
            Path(folder) / "postgres", sockets=Path(folder) / "s", durable=False
        )
        try:
            upgrade(server.create_database(TEMPLATE))
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def new_database(postgres: Postgres) -> Callable[[], str]:
    """Make an empty, migrated database; returns its address."""
    numbers = itertools.count(1)
    return lambda: postgres.create_database(
        f"test_{os.getpid()}_{next(numbers)}", template=TEMPLATE
    )


@pytest.fixture(scope="session")
def settings(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the shared database; nothing else is reachable."""
    folder = tmp_path_factory.mktemp("local")
    settings = Settings.from_env({"LOCAL_DIR": str(folder), "SECRET_KEY": "s" * 40})
    url = new_database()
    return replace(settings, database_url=url, migration_url=url, mail_dir=folder / "mail")


class OneConnection(Database):
    """A database whose every transaction is a savepoint of the test's own transaction."""

    def __init__(self, connection: Connection, role: str) -> None:
        self.connection = connection
        self.role = role
        self.engine = connection.engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        before = self.connection.execute(_STATE).one()
        try:
            with (
                Session(
                    self.connection,
                    join_transaction_mode="create_savepoint",
                    expire_on_commit=False,
                ) as session,
                session.begin(),
            ):
                session.execute(_TAKE, {"role": self.role, "org": "", "kind": ""})
                yield session
        finally:
            self.connection.execute(_TAKE, dict(before._mapping))


_STATE = text(
    "SELECT current_user AS role, current_setting('app.org', true) AS org,"
    " current_setting('app.kind', true) AS kind"
)
_TAKE = text(
    "SELECT set_config('role', :role, true), set_config('app.org', coalesce(:org, ''), true),"
    " set_config('app.kind', coalesce(:kind, ''), true)"
)


@pytest.fixture(scope="session")
def shared_engine(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url, None)
    yield database
    database.dispose()


@pytest.fixture
def connection(shared_engine: Database) -> Iterator[Connection]:
    with shared_engine.engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def session(connection: Connection) -> Iterator[Session]:
    """A session that sees every tenant (the worker's role), rolled back at the end."""
    connection.execute(_TAKE, {"role": WORKER_ROLE, "org": "", "kind": ""})
    with Session(
        connection, join_transaction_mode="create_savepoint", expire_on_commit=False
    ) as session:
        yield session


@pytest.fixture(scope="session")
def shared_app(settings: Settings, shared_engine: Database) -> WebApp:
    return create_app(settings, database=shared_engine)


@pytest.fixture
def app(shared_app: WebApp, connection: Connection, session: Session) -> Iterator[WebApp]:
    """The application, working inside the test's transaction under the application's role."""
    usual = shared_app.database
    shared_app.database = OneConnection(connection, APP_ROLE)
    yield shared_app
    shared_app.database = usual


@pytest.fixture
def client(app: WebApp, session: Session) -> ApiClient:
    """A caller without credentials."""
    return ApiClient(app, session, key=None)


@pytest.fixture
def api(app: WebApp, session: Session) -> Callable[[Actor], ApiClient]:
    """``api(actor)``: a partner's client with an API key of this actor."""

    def client_of(actor: Actor) -> ApiClient:
        return ApiClient(app, session, key=make_key(session, actor))

    return client_of


@pytest.fixture
def portal(app: WebApp, session: Session) -> Callable[[Actor], PortalClient]:
    """``portal(actor)``: a signed-in browser without JavaScript."""

    def client_of(actor: Actor) -> PortalClient:
        return PortalClient(app, session, sign_in_token(session, actor))

    return client_of


@pytest.fixture
def drain(connection: Connection, session: Session, settings: Settings) -> Callable[[], int]:
    """Do everything that is waiting: outbox and jobs, in this test's transaction."""

    def run() -> int:
        session.flush()
        done = drain_everything(OneConnection(connection, WORKER_ROLE), settings)
        session.expire_all()
        return done

    return run


@pytest.fixture
def statements(connection: Connection) -> Iterator[list[str]]:
    """The SQL statements executed so far; clear it before the act to be counted."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(
            ("SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT set_config('role'")
        ) and not statement.startswith("SELECT current_user AS role"):
            seen.append(statement)

    event.listen(connection.engine, "before_cursor_execute", note)
    yield seen
    event.remove(connection.engine, "before_cursor_execute", note)


@pytest.fixture
def committed(new_database: Callable[[], str], settings: Settings) -> Iterator[Settings]:
    """Settings with a fresh database in which transactions really commit."""
    url = new_database()
    return replace(settings, database_url=url, migration_url=url)


def make_key(session: Session, actor: Actor) -> str:
    key = authentication.new_key()
    session.add(
        ApiKey(
            organisation_id=actor.org_id,
            person_id=actor.person_id,
            name="test",
            prefix=key[:12],
            key_hash=authentication.digest(key),
        )
    )
    session.flush()
    return key


def sign_in_token(session: Session, actor: Actor) -> str:
    assert actor.person_id
    assert actor.org_id
    return authentication.open_session(session, actor.person_id, actor.org_id, actor.org_kind)
