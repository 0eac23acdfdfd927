"""A thousand suppliers, one deadline: ``python -m benchmarks.deadline_rush [--suppliers 1000]``.

Every supplier submits one sealed bid in the last minute, ever more of them the nearer the deadline
is (one in eight in the last second, one in twenty-five in its last tenth), and some come too late.
What counts is when the last byte was with the server, which signs that instant for every attempt:
until the deadline it must be accepted, afterwards it must be refused. The sender's clock is the
same one and judges that stamp: no submission may be stamped more than 50 ms after it had left, and
none that left after the deadline may be taken. Then all of them submit at once to a
second RFQ, and PostgreSQL does the same rows alone: that is the limit they are compared with.
"""

import argparse
import json
import random
import socket
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg

from benchmarks import load, machine, world
from benchmarks.__main__ import CONNECTIONS, PROCESSES, THREADS, postgres
from benchmarks.world import Request, Seller
from marketplace.core.db import Database
from marketplace.local.postgres import Postgres
from migrations.runner import upgrade

MINUTE = 60.0
LATE_ONES = 0.05
LATE_BY = 2.0
# of the clocks, as declared (reliability guarantee of deadlines), in seconds
UNCERTAINTY = 0.05
AHEAD = timedelta(seconds=MINUTE + 15)
SEED = 7


@dataclass(frozen=True, slots=True)
class Sent:
    """One submission: wall times of first and last byte and of the answer, and what it said.

    arrived: when the server says that the last byte was there.
    """

    begun: float
    ended: float
    answered: float
    status: int
    code: str
    arrived: float

    @property
    def milliseconds(self) -> float:
        return (self.answered - self.begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suppliers", type=int, default=1000)
    count = parser.parse_args().suppliers
    late = round(count * LATE_ONES)
    with (
        tempfile.TemporaryDirectory(prefix="rush-", ignore_cleanup_errors=True) as folder,
        postgres(Path(folder)) as server,
    ):
        url = server.create_database("bench")
        upgrade(url)
        database = Database(url, "marketplace_app")
        buyer, sellers = world.buyer_of(database), world.sellers(database, count + late)
        print(f"{count} suppliers in time, {late} too late; seed {SEED}", flush=True)
        settings = {"DATABASE_URL": url, "LOCAL_DIR": folder, "SECRET_KEY": "b" * 40}
        with machine.web_server(settings, processes=PROCESSES, threads=THREADS) as (port, _group):
            rush = world.request_for(database, buyer, sellers, due_in=AHEAD)
            faults = _report_rush(rush, _rush(port, rush, sellers, late))
            burst = world.request_for(database, buyer, sellers, due_in=timedelta(days=1))
            rate = _burst(port, burst, sellers[:count])
        database.dispose()
        limit = _limit(server, url, Path(folder))
    print(f"all at once: {rate:.0f} bids/s; plain inserts {limit:.0f}/s; ratio {rate / limit:.1%}")
    raise SystemExit(1 if faults else 0)


def _rush(port: int, rush: Request, sellers: Sequence[Seller], late: int) -> list[Sent]:
    """Everybody at their own moment, each over a connection of their own."""
    chance = random.Random(SEED)  # noqa: S311 - to be the same every time
    due_at = rush.due_at.timestamp()
    # the square crowds them before the deadline
    moments = [due_at - MINUTE * chance.random() ** 2 for _seller in sellers[late:]]
    moments += [due_at + LATE_BY * chance.random() ** 2 for _seller in sellers[:late]]

    def one(moment: float, seller: Seller) -> Sent:
        message = _submission(rush, seller)
        time.sleep(max(moment - time.time(), 0))
        return _send(port, message)

    with ThreadPoolExecutor(len(sellers)) as hands:
        return list(hands.map(one, moments, sellers))


def _burst(port: int, burst: Request, sellers: Sequence[Seller]) -> float:
    """Bids per second when everybody sends as soon as a connection is free."""
    waiting = [_submission(burst, seller) for seller in sellers]
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as hands:
        answers = list(hands.map(lambda message: _send(port, message), waiting))
    elapsed = time.perf_counter() - started
    if any(answer.status != 201 for answer in answers):
        raise RuntimeError(f"answers: {Counter(answer.code for answer in answers)}")
    return len(answers) / elapsed


def _submission(wanted: Request, seller: Seller) -> bytes:
    lines = [
        {"line_id": line, "unit_price": {"amount": "9.90", "currency": "EUR"}}
        for line in wanted.line_ids
    ]
    body = json.dumps({"lines": lines, "submit": True}).encode()
    path = f"/api/v1/rfqs/{wanted.rfq_id}/bids"
    return load.request("POST", path, seller.key, body, [f"Idempotency-Key: {uuid4()}"])


def _send(port: int, message: bytes) -> Sent:
    with socket.create_connection(("127.0.0.1", port), timeout=90) as line:
        begun = time.time()
        line.sendall(message)
        ended = time.time()
        answer = load.answer_of(line)
        answered = time.time()
    status = int(answer.split(b" ", 2)[1])
    said = json.loads(answer.partition(b"\r\n\r\n")[2])
    arrived_at = json.loads(said["receipt"]["statement"] if status == 201 else said["statement"])
    arrived = datetime.fromisoformat(arrived_at["arrived_at"]).timestamp()
    return Sent(begun, ended, answered, status, said.get("code", ""), arrived)


def _limit(server: Postgres, url: str, folder: Path) -> float:
    """The same rows a second, by pgbench in one prepared statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(machine.LIMIT_TABLES)
    script = folder / "bid.sql"
    script.write_text(
        "\n".join(line.strip() for line in machine.PGBENCH["bid"].strip().split("\n"))
    )
    return machine.pgbench_rate(server, "bench", script, clients=CONNECTIONS, seconds=4)


def _report_rush(rush: Request, sent: Sequence[Sent]) -> int:
    """Print what became of them; the number of wrong answers."""
    due_at = rush.due_at.timestamp()
    on_time = [each for each in sent if each.arrived <= due_at]
    late = [each for each in sent if each.arrived > due_at]
    refused = [each for each in on_time if each.status != 201]
    accepted = [each for each in late if (each.status, each.code) != (409, "deadline_passed")]
    early = [each for each in on_time if each.begun > due_at]
    conflicts = [each for each in sent if each.status == 409 and each.code != "deadline_passed"]
    print(f"arrived on time {len(on_time)}, refused {len(refused)} {_codes(refused)}")
    print(f"arrived late {len(late)}, accepted {len(accepted)} {_codes(accepted)}", end="; ")
    print(f"sent late and stamped on time {len(early)}")
    print(f"conflicts {len(conflicts)}")
    slow = _report_stamps(sent, due_at)
    last = [each for each in on_time if each.begun > due_at - 1]
    for name, group in (("all", on_time), ("in the last second", last)):
        times = sorted(each.milliseconds for each in group)
        p50, p99 = load.percentile(times, 0.5), load.percentile(times, 0.99)
        print(f"{name} ({len(times)}): p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    return len(refused) + len(accepted) + len(early) + len(conflicts) + slow


def _report_stamps(sent: Sequence[Sent], due_at: float) -> int:
    """Print how soon arrivals were stamped; the number of those outside the declared uncertainty.

    That is what makes a difference at the deadline: sent before it, and stamped after it.
    """
    waits = sorted((each.arrived - each.ended) * 1000 for each in sent)
    print(f"last byte to its stamp: p50 {load.percentile(waits, 0.5):.1f} ms", end=", ")
    print(f"p99 {load.percentile(waits, 0.99):.1f} ms, longest {waits[-1]:.1f} ms", end="; ")
    crossed = [each for each in sent if each.ended < due_at < each.arrived]
    print(f"sent before the deadline and stamped after it {len(crossed)}")
    return sum(wait > UNCERTAINTY * 1000 for wait in waits)


def _codes(sent: Sequence[Sent]) -> str:
    return str(dict(Counter(f"{each.status} {each.code}" for each in sent))) if sent else ""


if __name__ == "__main__":
    main()
