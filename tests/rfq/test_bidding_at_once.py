"""Bids and their buyer at the same moment, with real commits under the application's role."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from marketplace.core import clock, tenancy
from marketplace.core.db import Database
from marketplace.core.errors import DomainError
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.models import BidAttempt, BidDocument, BidDraft, BidVersion
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.services import bid_drafts, bidding, locked_documents, opening, publishing
from tests.conftest import WORKER_ROLE
from tests.factories.bids import KEYS, make_sourcing

SUPPLIERS = 8


class Hall:
    """A published RFQ, and transactions of whoever acts."""

    def __init__(self, settings, **rfq):
        self.worker = Database(settings.database_url, WORKER_ROLE)
        self.web = Database(settings.database_url, "marketplace_app", pool_size=SUPPLIERS + 2)
        with self.worker.transaction() as session:
            self.sourcing = make_sourcing(session, suppliers=SUPPLIERS, **rfq)
        self.rfq_id = self.sourcing.rfq.id
        self.due_at = self.sourcing.due_at

    @contextmanager
    def acting(self, actor):
        with self.web.transaction() as session:
            tenancy.enter(session, actor.org_id, actor.org_kind)
            yield session

    def submit(self, supplier, *prices, at=None):
        actor = self.sourcing.suppliers[supplier]
        try:
            with self.acting(actor) as session:
                bidding.submit(
                    session,
                    actor,
                    KEYS,
                    self.rfq_id,
                    at or self.due_at,
                    self.sourcing.content(*prices),
                )
        except DomainError as refusal:
            return refusal.code
        return "accepted"

    def open(self):
        buyer = self.sourcing.buyer
        with clock.frozen(self.due_at + timedelta(seconds=30)), self.acting(buyer) as session:
            return opening.open_bids(
                session, buyer, KEYS, self.rfq_id, self.sourcing.passphrase
            ).bid_count

    def count(self, model):
        with self.worker.transaction() as session:
            return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def hall(committed):
    made = Hall(committed)
    yield made
    made.web.dispose()
    made.worker.dispose()


def test_suppliers_never_get_in_each_others_way(hall):
    with ThreadPoolExecutor(SUPPLIERS) as people:
        answers = list(people.map(lambda number: hall.submit(number, "1", "1"), range(SUPPLIERS)))
    assert answers == ["accepted"] * SUPPLIERS
    assert hall.open() == SUPPLIERS


def test_two_first_bids_of_one_supplier_are_one_bid_and_one_conflict(hall):
    both_inside = threading.Barrier(2)
    actor = hall.sourcing.suppliers[0]

    def submit(price):
        try:
            with hall.acting(actor) as session:
                bid_queries.door(session, actor, hall.rfq_id, share=True)
                both_inside.wait(10)
                return bidding.submit(
                    session,
                    actor,
                    KEYS,
                    hall.rfq_id,
                    hall.due_at,
                    hall.sourcing.content(price, price),
                ).version
        except DomainError as refusal:
            return refusal.code

    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(submit, ["1", "2"]))
    # whoever looks after the other's commit replaces it; whoever looked before is told
    assert sorted(map(str, answers)) in (["1", "bid_changed"], ["1", "2"])
    assert hall.count(Bid) == 1
    assert hall.count(BidVersion) == sum(isinstance(answer, int) for answer in answers)


def test_a_bid_that_arrived_in_time_and_waits_for_its_turn_counts(hall):
    """D-02: written down after the deadline, while the opening waits."""
    actor, inside, go_on = hall.sourcing.suppliers[0], threading.Event(), threading.Event()

    def slow_bid():
        with hall.acting(actor) as session:
            bidding.submit(
                session, actor, KEYS, hall.rfq_id, hall.due_at, hall.sourcing.content("1", "1")
            )
            inside.set()
            go_on.wait(10)

    with ThreadPoolExecutor(2) as people:
        bid = people.submit(slow_bid)
        inside.wait(10)
        opened = people.submit(hall.open)
        assert not opened.done()
        go_on.set()
        bid.result(10)
        assert opened.result(10) == 1


def test_bids_against_the_opening_are_either_in_it_or_refused(hall):
    def race(number):
        return hall.open() if number == SUPPLIERS else hall.submit(number, "1", "1")

    with ThreadPoolExecutor(SUPPLIERS + 1) as people:
        *answers, opened = people.map(race, range(SUPPLIERS + 1))
    assert set(answers) <= {"accepted", "not_open_for_bids"}
    assert opened == answers.count("accepted") == hall.count(BidVersion)


def test_bids_against_a_cancellation(hall):
    buyer = hall.sourcing.buyer

    def cancel():
        with hall.acting(buyer) as session:
            publishing.cancel(session, buyer, hall.rfq_id, "no longer needed")

    def race(number):
        return cancel() if number == 0 else hall.submit(number, "1", "1", at=clock.now())

    with ThreadPoolExecutor(SUPPLIERS) as people:
        answers = list(people.map(race, range(SUPPLIERS)))
    assert set(answers[1:]) <= {"accepted", "not_open_for_bids"}
    assert hall.count(BidAttempt) == answers.count("accepted")


def test_the_database_alone_hides_bids_from_everybody_else(hall):
    first, second = hall.sourcing.suppliers[:2]
    hall.submit(0, "1", "1")
    with hall.acting(first) as session:
        bid_drafts.save(session, first, KEYS, hall.rfq_id, hall.sourcing.content("2"))
    tables = (Bid, BidVersion, BidDraft, BidAttempt, BidOffer)

    def seen(actor):
        with hall.acting(actor) as session:
            return [session.scalar(select(func.count()).select_from(table)) for table in tables]

    assert seen(first) == [1, 1, 1, 1, 0]
    assert seen(second) == [0, 0, 0, 0, 0]
    assert seen(hall.sourcing.buyer) == [0, 0, 0, 0, 0]
    with hall.web.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM bid")) == 0
    hall.open()
    assert seen(hall.sourcing.buyer) == [1, 1, 0, 1, 1]
    assert seen(second) == [0, 0, 0, 0, 0]


def test_first_documents_of_a_sealed_bid_may_come_at_once(committed):
    """One bid is begun for all of them; the same one twice is kept once."""
    hall = Hall(committed, client_sealing=True)
    actor, ids = hall.sourcing.suppliers[0], [uuid4() for _number in range(SUPPLIERS - 1)]

    def stage(document_id):
        with hall.acting(actor) as session:
            return locked_documents.stage(session, actor, hall.rfq_id, document_id, b"\0" * 4124).id

    with ThreadPoolExecutor(SUPPLIERS) as programs:
        kept = list(programs.map(stage, [*ids, ids[0]]))
    assert kept == [*ids, ids[0]]
    assert (hall.count(Bid), hall.count(BidDocument)) == (1, len(ids))
    with hall.acting(actor) as session:
        locked_documents.drop(session, actor, hall.rfq_id, ids[0])
    assert hall.count(BidDocument) == len(ids) - 1
    hall.web.dispose()
    hall.worker.dispose()
