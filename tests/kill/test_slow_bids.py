"""D-03: bids whose bytes come slowly, through the real web server.

What counts is when the last byte was here: not the first, not the start of a transaction.
"""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPResponse
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from marketplace.core import clock
from marketplace.core.audit import AuditEvent
from marketplace.core.outbox import OutboxMessage
from marketplace.local.instance import free_port
from marketplace.local.processes import Child
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt, BidVersion
from tests.conftest import make_key
from tests.factories.bids import Sourcing, make_sourcing
from tests.kill.conftest import Stage

PIECE = 20
AHEAD = timedelta(seconds=3)
MARGIN = timedelta(seconds=1)


@dataclass
class Desk:
    """A published RFQ behind a real web server, and suppliers with slow lines."""

    stage: Stage
    server: Child
    port: int
    sourcing: Sourcing
    keys: list[str]

    def due_in(self, ahead: timedelta) -> datetime:
        due_at = clock.now() + ahead
        with self.stage.database.transaction() as session:
            chosen = update(Rfq).where(Rfq.id == self.sourcing.rfq.id)
            session.execute(chosen.values(bids_due_at=due_at))
        return due_at

    def submit(self, supplier: int, *, last_byte_at: datetime) -> tuple[int, dict[str, Any]]:
        """Send the first bytes at once and the others in small pieces, the last at that instant."""
        lines = [
            {"line_id": str(line.id), "unit_price": {"amount": "9.90", "currency": "EUR"}}
            for line in self.sourcing.lines
        ]
        body = json.dumps({"lines": lines, "submit": True}).encode()
        head = (
            f"POST /api/v1/rfqs/{self.sourcing.rfq.id}/bids HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {self.keys[supplier]}\r\nIdempotency-Key: {uuid4()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        pieces = [body[start : start + PIECE] for start in range(0, len(body), PIECE)]
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as line:
            line.sendall(head.encode())
            for number, piece in enumerate(pieces, start=1):
                line.sendall(piece)
                left = last_byte_at - clock.now()
                if number < len(pieces):
                    time.sleep(max((left / (len(pieces) - number)).total_seconds(), 0))
            answer = HTTPResponse(line)
            answer.begin()
            return answer.status, json.loads(answer.read())

    def count(self, *query: Any) -> int:
        with self.stage.database.transaction() as session:
            return session.scalar(select(func.count()).where(*query)) or 0


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:
    port = free_port(0)
    granian = ("--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port))
    server = stage.start(*granian, "wsgi:app", module="granian")
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, suppliers=3)
        keys = [make_key(session, supplier) for supplier in sourcing.suppliers]

    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    stage.wait(answers, "the web server is not ready")
    yield Desk(stage, server, port, sourcing, keys)
    server.stop()


def test_of_three_that_began_in_time_only_those_that_ended_in_time_count(desk: Desk) -> None:
    due_at = desk.due_in(AHEAD)
    ends = [due_at - MARGIN, due_at + MARGIN, clock.now() + timedelta(milliseconds=100)]
    with ThreadPoolExecutor(len(ends)) as suppliers:
        sent = [
            suppliers.submit(desk.submit, number, last_byte_at=end)
            for number, end in enumerate(ends)
        ]
        slow, late, quick = [answer.result(30) for answer in sent]
    assert (slow[0], quick[0]) == (201, 201), (slow, quick)
    assert (late[0], late[1]["code"]) == (409, "deadline_passed"), late

    arrivals = [json.loads(a["receipt"]["statement"])["arrived_at"] for a in (slow[1], quick[1])]
    for end, arrived in zip((ends[0], ends[2]), arrivals, strict=True):
        assert timedelta(0) <= datetime.fromisoformat(arrived) - end < MARGIN
    assert datetime.fromisoformat(late[1]["arrived_at"]) >= ends[1]
    assert late[1]["bids_due_at"] == due_at.isoformat(timespec="microseconds").replace(
        "+00:00", "Z"
    )

    rfq_id = desk.sourcing.rfq.id
    loser = desk.sourcing.suppliers[1].organisation_id
    stored = (BidVersion.bid_id == Bid.id, Bid.rfq_id == rfq_id)
    assert desk.count(*stored) == desk.count(Bid.rfq_id == rfq_id) == 2
    assert desk.count(Bid.supplier_id == loser) == 0
    refused = BidAttempt.supplier_id == loser
    assert desk.count(refused) == desk.count(refused, BidAttempt.outcome == "refused") == 1
    assert desk.count(AuditEvent.action == "bid.submitted") == 2
    assert desk.count(OutboxMessage.name == "rfq.bid_submitted") == 2
    assert desk.count(AuditEvent.action == "bid.refused") == 1
