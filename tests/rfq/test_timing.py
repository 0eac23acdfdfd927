"""D-14: how long an answer takes tells the buyer nothing about how many bids there are."""

import math
import random
import time
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from tests.clients import ApiClient
from tests.factories.bids import make_sourcing

BIDS = 60
PAIRS = 250
# a chance difference this rare, three times in a row, comes once in a million runs
SUSPICIOUS = 0.01
TRIES = 3


def chance_of_no_difference(one: Sequence[float], other: Sequence[float]) -> float:
    """Mann-Whitney, two-sided, by the normal approximation: times have no ties worth counting."""
    ordered = sorted([(time, 0) for time in one] + [(time, 1) for time in other])
    ranks = sum(rank for rank, (_time, group) in enumerate(ordered, start=1) if group == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def test_the_measure_sees_a_difference_of_a_tenth() -> None:
    chance = random.Random(14)
    usual = [chance.gauss(10, 1) for _sample in range(PAIRS)]
    alike = [chance.gauss(10, 1) for _sample in range(PAIRS)]
    slower = [chance.gauss(11, 1) for _sample in range(PAIRS)]
    assert chance_of_no_difference(usual, alike) > SUSPICIOUS
    assert chance_of_no_difference(usual, slower) < SUSPICIOUS**TRIES


class Stopwatch:
    """Asks about two RFQs in turn, in random order, and compares how long the answers take."""

    def __init__(self, buyer: ApiClient, paths: Sequence[str]) -> None:
        self.buyer = buyer
        self.paths = paths
        self.seed = random.SystemRandom().randrange(10**9)
        self.chance = random.Random(self.seed)

    def seconds(self, path: str) -> float:
        start = time.perf_counter()
        self.buyer.get(path)
        return time.perf_counter() - start

    def compared(self) -> float:
        times: dict[str, list[float]] = {path: [] for path in self.paths}
        for _pair in range(PAIRS):
            for path in self.chance.sample(self.paths, 2):
                times[path].append(self.seconds(path))
        return chance_of_no_difference(*times.values())


@pytest.mark.parametrize("page", ["", "/bids", "/opening"])
def test_answers_about_none_and_about_many_bids_take_equally_long(
    session: Session, api: Callable[[Actor], ApiClient], statements: list[str], page: str
) -> None:
    empty = make_sourcing(session, suppliers=BIDS)
    full = make_sourcing(session, buyer=empty.buyer, bidders=list(empty.suppliers))
    for number in range(BIDS):
        full.submit(number, "1", "2")
    paths = [f"/rfqs/{each.rfq.id}{page}" for each in (empty, full)]
    watch = Stopwatch(api(empty.buyer), paths)

    def statements_of(path: str) -> int:
        statements.clear()
        watch.seconds(path)
        return len(statements)

    watch.seconds(paths[0])
    assert statements_of(paths[0]) == statements_of(paths[1]) > 0
    found = [watch.compared()]
    while found[-1] < SUSPICIOUS and len(found) < TRIES:
        found.append(watch.compared())
    assert found[-1] >= SUSPICIOUS, f"{found}, seed {watch.seed}"
