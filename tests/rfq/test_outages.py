"""D-25: the database is away while bids arrive: told as such, nothing half kept, repeatable."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, make_url, select
from sqlalchemy.orm import Session

from marketplace.app import create_app
from marketplace.core.audit import AuditEvent
from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.local.postgres import Postgres
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt, BidVersion
from marketplace.settings import Settings
from marketplace.web.idempotency import IdempotencyKey
from tests.clients import ApiClient
from tests.conftest import WORKER_ROLE, make_key
from tests.factories.bids import make_sourcing


class Office:
    """A published RFQ whose database can be taken away and given back."""

    def __init__(self, settings: Settings, postgres: Postgres) -> None:
        self.postgres = postgres
        self.name = str(make_url(settings.database_url).database)
        self.database = Database(settings.database_url, WORKER_ROLE)
        self.app = create_app(settings)
        with self.database.transaction() as session:
            self.sourcing = make_sourcing(session)
            key = make_key(session, self.sourcing.suppliers[0])
        self.supplier = ApiClient(self.app, Session(), key)
        self.path = f"/rfqs/{self.sourcing.rfq.id}/bids"

    def take_away(self) -> None:
        """No new connections, and those that stand are cut."""
        self._as_owner(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false"))
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (self.name,),
            )

    def give_back(self) -> None:
        self._as_owner(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true"))
        self.database.dispose()

    def _as_owner(self, statement: sql.SQL) -> None:
        with psycopg.connect(self.postgres.url(), autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(self.name)))

    def bid(self) -> dict[str, Any]:
        lines = [
            {"line_id": str(line.id), "unit_price": {"amount": "9.90", "currency": "EUR"}}
            for line in self.sourcing.lines
        ]
        return {"lines": lines, "submit": True}

    def kept(self) -> dict[str, int]:
        counted = {
            "bids": select(func.count()).select_from(Bid),
            "versions": select(func.count()).select_from(BidVersion),
            "attempts": select(func.count()).select_from(BidAttempt),
            "keys": select(func.count()).select_from(IdempotencyKey),
            "told": select(func.count()).where(OutboxMessage.name == "rfq.bid_submitted"),
            "audited": select(func.count()).where(AuditEvent.action.like("bid.%")),
        }
        with self.database.transaction() as session:
            return {name: session.scalar(query) or 0 for name, query in counted.items()}


@pytest.fixture
def office(committed: Settings, postgres: Postgres) -> Iterator[Office]:
    office = Office(committed, postgres)
    yield office
    office.app.database.dispose()
    office.database.dispose()


@pytest.mark.parametrize("connected", [True, False], ids=["cut off", "never connected"])
def test_a_bid_that_finds_no_database_is_told_so_and_may_be_repeated(
    office: Office,
    connected: bool,  # noqa: FBT001
) -> None:
    if connected:
        assert office.supplier.get(office.path).status_code == 200
    key = str(uuid4())
    office.take_away()
    refused = [
        office.supplier.post(office.path, json=office.bid(), idempotency_key=key)
        for _try in range(3)
    ]
    office.give_back()
    assert [(a.status_code, a.json["code"]) for a in refused] == [(503, "unavailable")] * 3
    assert {a.headers["Retry-After"] for a in refused} == {"2"}
    assert set(office.kept().values()) == {0}

    done = office.supplier.post(office.path, json=office.bid(), idempotency_key=key)
    again = office.supplier.post(office.path, json=office.bid(), idempotency_key=key)
    assert (done.status_code, again.status_code) == (201, 201)
    assert done.json["id"] == again.json["id"]
    assert office.kept() == {
        "bids": 1,
        "versions": 1,
        "attempts": 1,
        "keys": 1,
        "told": 1,
        "audited": 1,
    }
