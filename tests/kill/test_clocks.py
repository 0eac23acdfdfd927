"""D-07: two web processes over one database, one of them with a clock that is five minutes fast."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from marketplace.core import clock
from marketplace.local.instance import free_port
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.bids.models import BidAttempt
from tests.conftest import make_key
from tests.factories.bids import make_sourcing
from tests.kill.conftest import Stage


def call(port: int, path: str, key: str = "", body: Any = None) -> tuple[int, dict[str, Any], Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode() if body is not None else None,
        headers={
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused), refused.headers


@pytest.fixture
def ports(stage: Stage) -> Iterator[tuple[int, int]]:
    """The right one and the fast one."""
    ports = free_port(0), free_port(0)
    with ExitStack() as servers:
        for port, target in zip(ports, ("wsgi:app", "tests.kill.fast:app"), strict=True):
            granian = ("--interface", "wsgi", "--no-ws", "--host", "127.0.0.1", "--port", str(port))
            servers.callback(stage.start(*granian, target, module="granian").stop)

        def answer() -> bool:
            try:
                return all(call(port, "/healthz")[0] == 200 for port in ports)
            except OSError:
                return False

        stage.wait(answer, "the web servers are not ready")
        yield ports


def test_the_fast_one_decides_nothing_and_the_other_goes_on(
    stage: Stage, ports: tuple[int, int]
) -> None:
    right, fast = ports
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, suppliers=1)
        key = make_key(session, sourcing.suppliers[0])
        # by the fast clock this is over
        due = update(Rfq).where(Rfq.id == sourcing.rfq.id)
        session.execute(due.values(bids_due_at=clock.now() + timedelta(minutes=3)))
    lines = [
        {"line_id": str(line.id), "unit_price": {"amount": "9.90", "currency": "EUR"}}
        for line in sourcing.lines
    ]
    path, bid = f"/api/v1/rfqs/{sourcing.rfq.id}/bids", {"lines": lines, "submit": True}

    status, problem, headers = call(fast, path, key, bid)
    assert (status, problem["code"], headers["Retry-After"]) == (503, "clock_unsynced", "10")
    with stage.database.transaction() as session:
        for table in (Bid, BidAttempt):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    status, answer, _headers = call(fast, "/readyz")
    assert status == 503
    assert re.fullmatch(r"off by -(299\d{3}|300000) ms", answer["checks"]["clock"])

    assert call(right, "/readyz")[1]["checks"]["clock"] == "ok"
    status, answer, _headers = call(right, path, key, bid)
    assert (status, answer["receipt"]["outcome"]) == (201, "accepted")
