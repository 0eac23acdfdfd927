"""The one who looks from outside: only an answer that says ready counts, and only once written."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import func, select

from marketplace.core.db import Database
from marketplace.core.outages import Beat
from marketplace.local.instance import free_port
from marketplace.settings import Settings
from workers.watch import Watch


class Site:
    """A web server whose answer the test chooses."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self.send_response(site.status)
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


def beats(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Beat)) or 0


def test_an_answer_that_says_ready_is_noted(database: Database, site: Site) -> None:
    assert Watch(database, site.url).look()
    assert (site.asked, beats(database)) == (["/readyz"], 1)


@pytest.mark.parametrize("status", [503, 500, 404])
def test_any_other_answer_is_a_silence(database: Database, site: Site, status: int) -> None:
    site.status = status
    assert not Watch(database, site.url).look()
    assert (len(site.asked), beats(database)) == (1, 0)


def test_no_answer_is_a_silence(database: Database) -> None:
    assert not Watch(database, f"http://127.0.0.1:{free_port(0)}").look()
    assert beats(database) == 0


def test_a_database_that_is_away_is_a_silence_and_no_failure(
    committed: Settings, site: Site, tmp_path: object
) -> None:
    nowhere = Database(f"postgresql://postgres@/x?host={tmp_path}", None)
    assert not Watch(nowhere, site.url).look()
    assert site.asked == ["/readyz"]


def test_it_stops_when_told(database: Database, site: Site) -> None:
    stop = threading.Event()
    stop.set()
    Watch(database, site.url).run(stop)
    assert site.asked == []
