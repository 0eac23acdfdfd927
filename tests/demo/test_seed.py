import json
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from marketplace.auctions.models import Auction, AuctionBid, AuctionLot
from marketplace.auctions.states import AuctionState
from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.demo import history, seed, volume, world
from marketplace.demo.sourcing import PASSPHRASE
from marketplace.identity import authentication
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from marketplace.invoices.models import Invoice
from marketplace.invoices.states import InvoiceState
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.asking.models import Rfq
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.states import ScenarioState
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import SupplierState


@pytest.fixture
def database(committed):
    database = Database(committed.database_url, "marketplace_worker")
    yield database
    database.dispose()


def test_a_loaded_world_has_work_for_everybody_and_is_loaded_once(
    committed, database, monkeypatch, tmp_path
):
    whole_year = history.plans
    monkeypatch.setattr(history, "plans", lambda since, until: whole_year(since, until)[::20])
    told = []
    assert seed.load(database, committed, progress=told.append).is_new
    assert any(PASSPHRASE in words for words in told)
    with database.transaction() as session:
        orders = Counter(session.scalars(select(Order.state)))
        assert orders[OrderState.COMPLETED] >= 5
        assert orders[OrderState.AWAITING_APPROVAL] >= 1
        assert orders[OrderState.ISSUED] >= 1
        assert orders[OrderState.ACKNOWLEDGED] >= 1
        rfqs = Counter(session.scalars(select(Rfq.state)))
        assert rfqs == {"draft": 1, "published": 5, "opened": 6, "standstill": 1, "awarded": 4}
        auctions = Counter(session.scalars(select(Auction.state)))
        assert auctions == {AuctionState.PLANNED: 1, AuctionState.CLOSED: 1}
        # the bids of three suppliers, the last two of which moved the end
        assert session.scalar(select(func.count()).select_from(AuctionBid)) == 9
        overtimes = select(AuctionLot.overtimes).where(AuctionLot.bid_count > 0)
        assert session.scalars(overtimes.order_by(AuctionLot.number)).all() == [2, 0]
        scenarios = Counter(session.scalars(select(AwardScenario.state)))
        assert scenarios == {ScenarioState.QUEUED: 2}
        # everybody who bid has a letter, from the past too
        letters = Counter(session.scalars(select(AwardLetter.kind)))
        assert letters == {"won": 5, "lost": 4}
        invoices = Counter(session.scalars(select(Invoice.state)))
        assert invoices[InvoiceState.IN_VARIANCE] == 1
        suppliers = Counter(session.scalars(select(Supplier.state)))
        assert suppliers == {
            SupplierState.QUALIFIED: 6,
            SupplierState.IN_REVIEW: 1,
            SupplierState.BLOCKED: 1,
        }
        before = session.scalar(select(func.count()).select_from(OutboxMessage))
    again = seed.load(database, committed)
    assert not again.is_new
    assert again.cast.of(world.MAIN_BUYER).org_name == "Cliniques du Val d’Armance"
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(OutboxMessage)) == before
        key = json.loads(_people(tmp_path))["people"][0]["api_key"]
        assert authentication.by_api_key(session, key) is not None


def _people(folder) -> str:
    path = folder / "deep" / "demo.json"
    seed.write_people(path, "http://127.0.0.1:8000")
    return path.read_text(encoding="utf-8")


def test_a_load_that_is_broken_off_leaves_nothing(committed, database, monkeypatch):
    def fail(*_args: object) -> None:
        raise RuntimeError("pulled the plug")

    monkeypatch.setattr(seed.files, "prepare", fail)
    with pytest.raises(RuntimeError):
        seed.load(database, committed)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 0


def test_the_file_of_people_names_every_role(tmp_path):
    content = json.loads(_people(tmp_path))
    assert content["base_url"] == "http://127.0.0.1:8000"
    assert set(content["people"][0]) == {
        "role", "name", "organisation", "email", "password", "api_key",
    }  # fmt: skip
    roles = Counter(person["role"] for person in content["people"])
    assert set(roles) >= {"requester", "buyer", "approver", "receiver", "operator", "auditor"}
    assert roles["supplier"] >= 3
    assert len({person["api_key"] for person in content["people"]}) == len(content["people"])


def test_nothing_is_loaded_outside_a_local_environment(committed, database):
    with pytest.raises(ValueError, match="local environment only"):
        seed.load(database, replace(committed, environment="production"))


def test_volume_writes_rows_in_bulk(database):
    size = volume.Size(buyers=3, suppliers=5, rfqs=40, orders=60)
    with database.transaction() as session:
        volume.fill(session, seed.reference_day(seed.clock.now()), lambda _words: None, size)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Rfq)) == 40
        assert session.scalar(select(func.count()).select_from(Order)) == 60
        kinds = Counter(session.scalars(select(Organisation.kind)))
        assert kinds == {OrgKind.BUYER: 3, OrgKind.SUPPLIER: 5}
