"""A Stripe server of this machine, and jobs that talk to it."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from marketplace.local.stripe_server import LocalStripe
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE, OneConnection
from tests.factories.payments import with_stripe
from workers.inline import drain as drain_everything


@pytest.fixture
def stripe_server() -> Iterator[LocalStripe]:
    server = LocalStripe(debit_seconds=3600).start()
    yield server
    server.stop()


@pytest.fixture
def drain(
    connection: Connection, session: Session, settings: Settings, stripe_server: LocalStripe
) -> Callable[[], int]:
    """As the usual one, with calls to this test's Stripe server."""

    def run() -> int:
        session.flush()
        database = OneConnection(connection, WORKER_ROLE)
        done = drain_everything(database, with_stripe(settings, stripe_server))
        session.expire_all()
        return done

    return run
