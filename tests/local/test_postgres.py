"""The embedded server starts on whatever an earlier run left."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from marketplace.local.postgres import Postgres, start
from marketplace.local.processes import StartError, command_of
from migrations.runner import current_revision, head_revision, upgrade


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "postgres"


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    server = start(folder, durable=False)
    yield server
    server.stop()


def answer(server: Postgres, question: str) -> object:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def test_it_listens_on_its_socket_alone(server: Postgres) -> None:
    assert answer(server, "SHOW listen_addresses") == ""
    assert str(answer(server, "SHOW server_version")).startswith("18")


def test_data_outlives_a_restart(server: Postgres) -> None:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    server.start()
    assert answer(server, "SELECT n FROM kept") == 42


def test_a_start_that_was_interrupted_while_initialising_is_begun_again(folder: Path) -> None:
    draft = folder.with_name("postgres.new")
    (draft / "base").mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18")
    server = start(folder, durable=False)
    try:
        assert answer(server, "SELECT 1") == 1
    finally:
        server.stop()
    assert not draft.exists()


def test_files_of_others_are_not_touched(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    with pytest.raises(StartError, match="not a PostgreSQL database"):
        start(folder)
    assert (folder / "thesis.txt").read_text() == "years of work"


def test_lock_files_of_a_killed_server_are_cleared(server: Postgres, folder: Path) -> None:
    assert server.server is not None
    os.kill(server.server.pid, signal.SIGKILL)
    server.stop()
    assert (folder / "postmaster.pid").exists()
    server.start()
    assert answer(server, "SELECT 1") == 1


def test_a_lock_file_with_the_pid_of_another_program_is_cleared(
    server: Postgres, folder: Path
) -> None:
    server.stop()
    (folder / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")
    server.start()
    assert answer(server, "SELECT 1") == 1


def test_a_server_that_an_earlier_run_left_is_replaced(server: Postgres, folder: Path) -> None:
    assert server.server is not None
    left = server.server
    second = start(folder, durable=False)
    try:
        assert answer(second, "SELECT 1") == 1
        assert left.process is not None
        left.process.wait(10)
        assert command_of(left.pid) == ""
    finally:
        second.stop()


def test_a_database_is_made_once(server: Postgres) -> None:
    assert server.create_database("shop") == server.create_database("shop")


def test_migrations_go_to_the_head_and_then_do_nothing(server: Postgres) -> None:
    url = server.create_database("fresh")
    assert current_revision(url) is None
    said: list[str] = []
    applied = upgrade(url, progress=said.append)
    assert applied[0] == "0001"
    assert len(said) == len(applied)
    assert current_revision(url) == head_revision()
    assert upgrade(url) == []
