"""D-04: what the rounds of `test_closing_rounds` look for is there to be found.

Each mutant takes away one thing that the closing rests on, where it matters: first the
bid is judged, the opening runs as far as it can, and only then is the bid written.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from marketplace.core import clock_guard
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.rules import DRAIN
from marketplace.rfq.services import bidding
from marketplace.settings import Settings
from tests.rfq.test_closing_rounds import Hall, Played, check

SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
Patch = pytest.MonkeyPatch


@pytest.fixture
def hall(committed: Settings) -> Iterator[Hall]:
    hall = Hall(committed)
    yield hall
    hall.hands.shutdown()
    hall.web.dispose()
    hall.worker.dispose()


def play(hall: Hall, patch: Patch, arrival: timedelta, tried_at: timedelta) -> Played:
    """One supplier is judged, then the opening is tried, then the supplier's bid is written."""
    sourcing, (supplier, *others) = hall.new_rfq(), hall.suppliers
    early = [(-SECOND, hall.submit(sourcing, each, sourcing.due_at - SECOND)) for each in others]
    judged, tried = threading.Event(), threading.Event()
    whole = bidding._whole

    def slowly(*args: object, **kw: object) -> object:
        judged.set()
        # whole, the product holds the opening up until this bid is written: then nothing comes
        tried.wait(0.5)
        return whole(*args, **kw)  # type: ignore[arg-type]

    patch.setattr(bidding, "_whole", slowly)
    with ThreadPoolExecutor(2) as hands:
        bid = hands.submit(hall.submit, sourcing, supplier, sourcing.due_at + arrival)
        judged.wait(0.5)
        opening = hands.submit(hall.open, sourcing, sourcing.due_at + DRAIN + tried_at)
        opening.add_done_callback(lambda _done: tried.set())
        answers = bid.result(10), opening.result(10)
    patch.setattr(bidding, "_whole", whole)
    return Played(sourcing, [(arrival, answers[0]), *early], tried_at, answers[1])


def without_lock(patch: Patch) -> None:
    """The foreign key alone keeps bid and RFQ together."""
    patch.setattr(bid_queries, "_SHARED_DOOR", bid_queries._DOOR)


def by_the_clock_of_the_transaction(patch: Patch) -> None:
    """Late is what the database's ``now()`` says: the beginning of the transaction, not the end.

    The suppliers of this test began a second before the last byte was there.
    """
    patch.setattr(clock_guard, "in_database_time", lambda _session, noted: noted - SECOND)


def without_drain(patch: Patch) -> None:
    """The opening begins at the deadline, while bids that arrived in time are being written."""
    patch.setattr(bid_rules, "DRAIN", timedelta(0))
    without_lock(patch)


MUTANTS = {
    "FK only": (without_lock, timedelta(0), timedelta(0)),
    "clock in the locking statement": (by_the_clock_of_the_transaction, MICROSECOND, timedelta(0)),
    "no gate lock, no drain": (without_drain, timedelta(0), -MICROSECOND),
}


@pytest.mark.parametrize("arrival", [timedelta(0), MICROSECOND])
@pytest.mark.parametrize("tried_at", [-MICROSECOND, timedelta(0)])
def test_in_this_order_too_the_product_is_right(
    hall: Hall, monkeypatch: Patch, arrival: timedelta, tried_at: timedelta
) -> None:
    check(hall, play(hall, monkeypatch, arrival, tried_at), "no mutant")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_mutant_is_caught(hall: Hall, monkeypatch: Patch, mutant: str) -> None:
    maim, arrival, tried_at = MUTANTS[mutant]
    with monkeypatch.context() as patch:
        maim(patch)
        played = play(hall, patch, arrival, tried_at)
    with pytest.raises(AssertionError, match=mutant):
        check(hall, played, mutant)
