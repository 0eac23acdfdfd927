"""D-06: the database's clock jumps; meanwhile nobody bids and nobody opens, and nothing is lost.

The database's clock is moved by a function of the same name that stands before PostgreSQL's own.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest

from marketplace.core import clock, clock_guard
from marketplace.core.clock_guard import ClockUnsynced
from marketplace.core.db import Database
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.rules import TooEarly
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.services import bidding, opening
from tests.conftest import WORKER_ROLE
from tests.factories.bids import KEYS, make_sourcing

MOVABLE = """
    CREATE SCHEMA moved;
    CREATE TABLE moved.clock AS SELECT interval '0' AS ahead;
    CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz STABLE SECURITY DEFINER LANGUAGE sql
        AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM moved.clock';
    GRANT USAGE ON SCHEMA moved TO PUBLIC;
"""


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_guard, "_last", None)


@pytest.fixture
def move(committed) -> Iterator[Callable[[timedelta], None]]:
    """Set how far the database's clock is ahead of everybody else's."""
    with psycopg.connect(committed.database_url, autocommit=True) as connection:
        connection.execute(MOVABLE)
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET search_path = moved, pg_catalog, public")
        yield lambda ahead: connection.execute("UPDATE moved.clock SET ahead = %s", [ahead])


@pytest.fixture
def worker(committed) -> Iterator[Database]:
    database = Database(committed.database_url, WORKER_ROLE)
    yield database
    database.dispose()


@pytest.mark.parametrize("ahead", [timedelta(hours=2), timedelta(minutes=-3)])
def test_nothing_is_decided_while_the_clocks_differ(move, worker, ahead):
    move(timedelta(0))
    with worker.transaction() as session:
        sourcing = make_sourcing(session, suppliers=2)
        sourcing.submit(0, "10", "10")
    clock_guard._last = None

    move(ahead)
    with worker.transaction() as session:
        sourcing.session = session
        with pytest.raises(ClockUnsynced) as refusal:
            sourcing.submit(1, "9", "9")
        assert refusal.value.data == {"retry_after": 10}
        with pytest.raises(ClockUnsynced):
            bidding.withdraw(session, sourcing.suppliers[0], KEYS, sourcing.rfq.id, clock.now())
        with pytest.raises(ClockUnsynced):
            opening.open_bids(session, sourcing.buyer, KEYS, sourcing.rfq.id, sourcing.passphrase)
    with worker.transaction() as session:
        assert [bid.state for bid in session.query(Bid)] == ["submitted"]
        assert session.query(BidAttempt).count() == 1
        assert session.query(RfqOpening).count() == 0

    move(timedelta(0))
    with worker.transaction() as session:
        sourcing.session = session
        sourcing.submit(1, "9", "9")
        with pytest.raises(TooEarly):
            opening.open_bids(session, sourcing.buyer, KEYS, sourcing.rfq.id, sourcing.passphrase)
        assert sourcing.open().bid_count == 2


def test_a_small_difference_is_reckoned_with(move, worker):
    move(timedelta(milliseconds=150))
    with worker.transaction() as session:
        sourcing = make_sourcing(session, suppliers=1)
        arrived = sourcing.submit(0, "10", "10").receipt.arrived_at
    early = sourcing.due_at - timedelta(days=1)
    assert timedelta(milliseconds=50) < arrived - early <= timedelta(milliseconds=150)


def test_a_jump_of_our_own_clock_is_seen_at_once(session, monkeypatch):
    assert clock_guard.check(session) == timedelta(0)
    honest = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: honest() + timedelta(seconds=1))
    with pytest.raises(ClockUnsynced):
        clock_guard.check(session)
    monkeypatch.setattr(clock, "wall", honest)
    assert clock_guard.check(session) == timedelta(0)


def test_between_measurements_nothing_is_asked(session, statements):
    clock_guard.check(session)
    statements.clear()
    clock_guard.check(session)
    assert statements == []
