"""The web process dies after the commit and before the answer: the repeat changes nothing."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from marketplace.identity.permissions import OrgKind, Role
from marketplace.local.instance import free_port
from tests.conftest import make_key
from tests.factories.identity import make_actor
from tests.kill.conftest import Stage

DIE = {"X-Die-After-Commit": "1"}


class Partner:
    """A partner's program that repeats what got no answer."""

    def __init__(self, stage: Stage) -> None:
        self.port = free_port(0)
        granian = ("--interface", "wsgi", "--no-ws", "--respawn-failed-workers")
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        self.server = stage.start(*granian, *address, "tests.kill.web:app", module="granian")
        with stage.database.transaction() as session:
            self.key = make_key(session, make_actor(session, OrgKind.BUYER, Role.BUYER))
        stage.wait(self.ready, "the web server is not ready")

    def ready(self) -> bool:
        try:
            return self.call("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        encoded = None if body is None else json.dumps(body)
        connection.request(method, path, encoded, sent | headers)
        answer = connection.getresponse()
        read = json.loads(answer.read())
        connection.close()
        return answer.status, read


@pytest.fixture
def partner(stage: Stage) -> Iterator[Partner]:
    partner = Partner(stage)
    yield partner
    partner.server.stop()


def test_a_repeat_finds_the_answer_that_got_lost(stage: Stage, partner: Partner) -> None:
    body = {"title": "Copper pipes"}
    key = {"Idempotency-Key": "order-4711"}
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        partner.call("POST", "/api/v1/rfqs", body, **key, **DIE)
    stage.wait(partner.ready, "the web server did not come back")
    status, first = partner.call("POST", "/api/v1/rfqs", body, **key)
    assert (status, first["title"]) == (201, "Copper pipes")
    assert partner.call("POST", "/api/v1/rfqs", body, **key) == (201, first)
    with stage.database.transaction() as session:
        kept = session.execute(
            text(
                "SELECT (SELECT count(*) FROM rfq),"
                " (SELECT count(*) FROM audit_event WHERE action LIKE 'rfq.%')"
            )
        ).one()
    assert tuple(kept) == (1, 1)
