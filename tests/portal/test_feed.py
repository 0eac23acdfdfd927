"""The change feed over transactions that really commit."""

from contextlib import contextmanager

import pytest

from marketplace.core import outbox, tenancy
from marketplace.core.db import Database
from marketplace.identity.permissions import OrgKind
from marketplace.integrations import feed
from tests.factories.identity import make_actor
from tests.portal.test_api import published


@pytest.fixture
def world(committed):
    database = Database(committed.database_url, "marketplace_worker")
    with database.transaction() as session:
        buyer = make_actor(session, OrgKind.BUYER)
        first = make_actor(session, OrgKind.SUPPLIER)
        second = make_actor(session, OrgKind.SUPPLIER)
    yield database, buyer, first, second
    database.dispose()


@contextmanager
def reading(database, actor):
    with database.transaction() as session:
        tenancy.enter(session, actor.org_id, actor.org_kind)
        yield session


def announce(session, buyer, *suppliers):
    ids = tuple(supplier.org_id for supplier in suppliers)
    outbox.record(session, published(buyer.org_id, *ids), audience=[buyer.org_id, *ids])


def test_it_reads_on_from_a_position(world):
    database, buyer, supplier, _other = world
    for _time in range(3):
        with database.transaction() as session:
            announce(session, buyer, supplier)
    with reading(database, buyer) as session:
        first, second = feed.read(session, buyer, limit=2)
        (third,) = feed.read(session, buyer, after=second.position)
        assert feed.read(session, buyer, after=third.position) == []
    assert len({first.id, second.id, third.id}) == 3
    assert first.name == "rfq.published"


def test_a_late_commit_is_never_skipped(world):
    database, buyer, supplier, _other = world
    with database.transaction() as early:
        announce(early, buyer, supplier)
        early.flush()
        with database.transaction() as late:
            announce(late, buyer, supplier)
        with reading(database, buyer) as session:
            assert feed.read(session, buyer) == []
    with reading(database, buyer) as session:
        assert len(feed.read(session, buyer)) == 2


def test_a_supplier_does_not_learn_who_else_was_asked(world):
    database, buyer, supplier, other = world
    with database.transaction() as session:
        announce(session, buyer, supplier, other)
    with reading(database, supplier) as session:
        (event,) = feed.read(session, supplier)
    assert event.data["supplier_ids"] == [str(supplier.org_id)]
    with reading(database, buyer) as session:
        (event,) = feed.read(session, buyer)
    assert len(event.data["supplier_ids"]) == 2


def test_others_read_nothing(world):
    database, buyer, supplier, other = world
    with database.transaction() as session:
        announce(session, buyer, supplier)
    with reading(database, other) as session:
        assert feed.read(session, other) == []
