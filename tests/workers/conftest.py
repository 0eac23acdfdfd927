"""Events and reactions that belong to these tests alone, in a database that really commits."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from marketplace.core import outbox
from marketplace.core.db import Database
from marketplace.core.ids import uuid7
from marketplace.core.jobs import Job
from marketplace.settings import Settings
from workers import registry, relay
from workers.work import Work

Subscribe = Callable[[Mapping[str, Work]], None]


@dataclass(frozen=True)
class BellRung(outbox.Event):
    """Something that only these tests announce."""

    name: ClassVar[str] = "bell.rung"

    bell_id: UUID


@pytest.fixture(autouse=True)
def bell_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(outbox.EVENTS, BellRung.name, BellRung)


@pytest.fixture
def database(committed: Settings) -> Iterator[Database]:
    owner = Database(committed.database_url, None)
    with owner.transaction() as session:
        session.execute(text("CREATE TABLE effect (bell_id uuid NOT NULL, who text NOT NULL)"))
        session.execute(text("GRANT ALL ON effect TO marketplace_worker"))
    owner.dispose()
    database = Database(committed.database_url, "marketplace_worker", pool_size=12)
    yield database
    database.dispose()


@pytest.fixture
def subscribe(monkeypatch: pytest.MonkeyPatch) -> Subscribe:
    """``subscribe({reaction name: work})``: these follow when a bell is rung."""

    def install(reactions: Mapping[str, Work]) -> None:
        monkeypatch.setattr(relay, "SUBSCRIPTIONS", {BellRung.name: reactions})
        for name, work in reactions.items():
            monkeypatch.setitem(registry.REACTIONS, registry.job_name(BellRung.name, name), work)

    return install


def ring(database: Database) -> UUID:
    bell_id = uuid7()
    with database.transaction() as session:
        outbox.record(session, BellRung(bell_id))
    return bell_id


def note(who: str) -> Callable[[Session, BellRung], None]:
    """A reaction whose effect can be counted."""

    def reaction(session: Session, event: BellRung) -> None:
        session.execute(
            text("INSERT INTO effect VALUES (:bell, :who)"), {"bell": event.bell_id, "who": who}
        )

    return reaction


def effects(database: Database) -> list[tuple[UUID, str]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT bell_id, who FROM effect ORDER BY who, bell_id"))
        return [(row.bell_id, row.who) for row in rows]


def all_jobs(database: Database) -> list[Job]:
    with database.transaction() as session:
        return list(session.scalars(select(Job).order_by(Job.created_at, Job.id)))


def only_job(database: Database) -> Job:
    (job,) = all_jobs(database)
    return job


def change_jobs(database: Database, **values: object) -> None:
    """As if time had passed or something had happened elsewhere."""
    with database.transaction() as session:
        session.execute(update(Job).values(**values))
