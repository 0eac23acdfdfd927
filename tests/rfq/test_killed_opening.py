"""D-19: an opening that is killed at any step has opened nothing, and works when it is repeated."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.opening import unsealing
from marketplace.rfq.opening.models import RfqOpening
from marketplace.rfq.services import ceremony, opening
from marketplace.rfq.terms.bid_states import BidState
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE
from tests.factories.bids import KEYS, make_sourcing
from tests.factories.officers import ANNA, BORIS, make_officers, make_shared
from tests.factories.rfq import PASSPHRASE
from tests.forks import Step, killed_at_every_step

BIDS = 4


@pytest.mark.parametrize("how", ["one passphrase", "two officers"])
def test_killed_at_every_step(committed: Settings, how: str) -> None:
    together = how == "two officers"
    database = Database(committed.database_url, WORKER_ROLE)
    with database.transaction() as session:
        officers = make_officers(session)
        sourcing = (
            make_shared(session, officers, suppliers=BIDS)
            if together
            else make_sourcing(session, suppliers=BIDS, buyer=officers.anna)
        )
        for number in range(BIDS):
            sourcing.submit(number, "1", "2")
        rfq_id, at = sourcing.rfq.id, sourcing.due_at + timedelta(seconds=30)
    if together:
        with clock.frozen(at), database.transaction() as session:
            ceremony.give_share(session, officers.anna, KEYS, rfq_id, ANNA)
    database.dispose()

    def work(step: Step) -> None:
        own = Database(committed.database_url, WORKER_ROLE)
        # between two decrypted bids is a step as well
        read = unsealing.open_one
        unsealing.open_one = lambda *args: (step(), read(*args))[1]  # type: ignore[assignment]
        with clock.frozen(at), own.transaction() as session:
            if together:
                ceremony.give_share(session, officers.boris, KEYS, rfq_id, BORIS)
            else:
                opening.open_bids(session, officers.anna, KEYS, rfq_id, PASSPHRASE)

    deaths = 0
    for _last in killed_at_every_step(work):
        deaths += 1
        after = Database(committed.database_url, WORKER_ROLE)
        with after.transaction() as session:
            assert session.get_one(Rfq, rfq_id).opened_at is None
            assert _count(session, BidOffer, BidLine, RfqOpening) == 0
            states = set(session.scalars(select(Bid.state)))
            assert states == {BidState.SUBMITTED}
        after.dispose()
    assert deaths > BIDS

    opened = Database(committed.database_url, WORKER_ROLE)
    with opened.transaction() as session:
        assert session.get_one(RfqOpening, rfq_id).bid_count == BIDS
        assert _count(session, BidOffer) == BIDS
    opened.dispose()


def _count(session, *models):  # type: ignore[no-untyped-def]
    return sum(session.scalar(select(func.count()).select_from(model)) for model in models)
