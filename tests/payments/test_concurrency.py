"""What happens when people and notices come at the same moment, with real commits."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select

from marketplace.app import create_app
from marketplace.core.db import Database
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import SYSTEM, Actor
from marketplace.invoices.services import settling
from marketplace.local.stripe_server import LocalStripe
from marketplace.payments.models import Payment, StripeNotice
from marketplace.payments.rules import RefundTooLarge
from marketplace.payments.services import paying, refunding
from marketplace.payments.states import PaymentState
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE
from tests.factories import invoices as make
from tests.factories.orders import Parties
from tests.factories.payments import with_stripe
from workers.inline import drain

VISA = "4242424242424242"
T = TypeVar("T")


class World:
    """A database of its own with an invoice of 1,200.00 that may be paid."""

    def __init__(self, settings: Settings, stripe_server: LocalStripe) -> None:
        self.stripe = stripe_server
        self.settings = with_stripe(settings, stripe_server)
        self.database = Database(settings.database_url, WORKER_ROLE, pool_size=8)
        with self.database.transaction() as session:
            parties = Parties(session)
            invoice = make.make_matched(session, parties, make.make_received(session, parties))
            self.buyers: list[Actor] = [parties.buyer, parties.approver]
            self.invoice_id = invoice.id

    def drain(self) -> None:
        drain(self.database, self.settings)

    def paid(self) -> UUID:
        """The invoice is paid by card; the payment's id."""
        with self.database.transaction() as session:
            payment_id = settling.pay(session, self.buyers[0], self.invoice_id).id
        self.drain()
        self.stripe.pay(str(self.payment().checkout_id), number=VISA)
        return payment_id

    def payment(self) -> Payment:
        with self.database.transaction() as session:
            return session.scalars(select(Payment)).one()

    def count(self, name: str) -> int:
        with self.database.transaction() as session:
            found = session.scalars(select(OutboxMessage.id).where(OutboxMessage.name == name))
            return len(found.all())


@pytest.fixture
def world(committed: Settings, stripe_server: LocalStripe) -> Iterator[World]:
    world = World(committed, stripe_server)
    yield world
    world.database.dispose()


def together(works: list[Callable[[], T]]) -> list[T | Exception]:
    """Do all of them at the same moment."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Exception:
        barrier.wait(timeout=10)
        try:
            return work()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_two_buyers_at_once_open_one_page(world: World) -> None:
    """P-09."""

    def pay(actor: Actor) -> UUID:
        with world.database.transaction() as session:
            return settling.pay(session, actor, world.invoice_id).id

    outcomes = together([lambda actor=actor: pay(actor) for actor in world.buyers * 3])
    assert len(set(outcomes)) == 1
    world.drain()
    assert len(world.stripe.store.tables["checkout.session"]) == 1


def test_the_same_event_three_times_at_the_same_moment(world: World) -> None:
    """OPEN-22, P-04: all are answered 200, and there is one effect."""
    world.paid()
    app = create_app(world.settings)
    letters: list[tuple[bytes, dict[str, str]]] = []
    world.stripe.deliveries.flush(lambda body, headers: letters.append((body, headers)) or 200)

    def deliver(body: bytes, headers: dict[str, str]) -> int:
        client = app.test_client()
        return client.post("/api/v1/stripe/webhooks", data=body, headers=headers).status_code

    for body, headers in letters:
        outcomes = together([lambda b=body, h=headers: deliver(b, h)] * 3)
        assert outcomes == [200, 200, 200]
    app.database.dispose()
    with world.database.transaction() as session:
        assert len(session.scalars(select(StripeNotice)).all()) == len(letters)
    world.drain()
    assert world.payment().state is PaymentState.CAPTURED
    assert world.count("payments.captured") == 1
    assert world.count("invoices.paid") == 1


def test_two_refunds_at_once_take_no_more_than_there_is(world: World) -> None:
    """OPEN-35, P-10."""
    payment_id = world.paid()
    with world.database.transaction() as session:
        paying.check_again(session, SYSTEM, payment_id)
    world.drain()

    def refund() -> UUID:
        with world.database.transaction() as session:
            money = Money(Decimal(700), "EUR")
            return refunding.refund(session, world.buyers[0], payment_id, money, "race").id

    outcomes = together([refund, refund])
    assert sum(isinstance(outcome, RefundTooLarge) for outcome in outcomes) == 1
    world.drain()
    assert world.payment().refunded == 700
