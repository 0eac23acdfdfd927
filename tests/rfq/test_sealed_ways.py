"""D-13, D-14: every page and every answer that can be asked for, before the opening.

All addresses that can be read, of API and portal, are taken from the application itself and filled
with the ids of the RFQ and a bid. To the buyer's people and to a rival they must answer the same,
byte for byte, whether there are no bids or a thousand. What a bid says must stand in none of them.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from marketplace.core import clock
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.web.context import SESSION_COOKIE, WebApp
from tests.conftest import make_key, sign_in_token
from tests.factories.bids import Sourcing, make_sourcing
from tests.factories.identity import make_actor

BIDS = 1000
WORD, PRICE = "CANARYkestrel", "7391.82"
PRICES = (PRICE, "7 391,82", "7,391.82", "739182")
# the state of the servers, not of documents
LEFT_OUT = ("/readyz", "/healthz", "/static/")
CHANGING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7?[0-9a-f]{3,4}-[0-9a-f]{4}-[0-9a-f]{12}"  # ids, of the request too
    r"|(?<=name=\"csrf_token\" value=\")[^\"]+|(?<=\"X-CSRF-Token\": \")[^\"]+"
)


class Reader:
    """Somebody who reads whatever can be read, by key or in the browser."""

    def __init__(self, app: WebApp, session: Session, actor: Actor) -> None:
        self.key = make_key(session, actor)
        self.browser: FlaskClient = app.test_client()
        self.browser.set_cookie(SESSION_COOKIE, sign_in_token(session, actor))
        self.partner: FlaskClient = app.test_client()

    def get(self, path: str) -> TestResponse:
        if path.startswith("/api/"):
            return self.partner.get(path, headers={"Authorization": f"Bearer {self.key}"})
        return self.browser.get(path)


def ways(app: WebApp) -> list[Rule]:
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.rule.startswith(LEFT_OUT)
    ]


def filled(rule: Rule, ids: dict[str, object]) -> str:
    return re.sub(
        r"<(?:[^:<>]+:)?([^<>]+)>", lambda part: str(ids.get(part[1], uuid4())), rule.rule
    )


def said(answer: TestResponse) -> tuple[int, str | None, str]:
    """Status, ETag and text without what changes from one request to the next."""
    return answer.status_code, answer.headers.get("ETag"), CHANGING.sub("-", text_of(answer))


def text_of(answer: TestResponse) -> str:
    """What stands in it; of a workbook, in its parts other than the time of its making."""
    if not answer.data.startswith(b"PK"):
        return answer.data.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as parts:
        names = [name for name in parts.namelist() if name != "docProps/core.xml"]
        return "".join(parts.read(name).decode(errors="replace") for name in names)


@pytest.fixture
def readers(app: WebApp, session: Session, sourcing: Sourcing) -> dict[str, Reader]:
    own = session.get(Organisation, sourcing.buyer.org_id)
    people = {"buyer": sourcing.buyer, "rival": sourcing.suppliers[BIDS]}
    for role in (Role.ADMIN, Role.APPROVER, Role.REQUESTER, Role.AUDITOR):
        people[str(role)] = make_actor(session, OrgKind.BUYER, role, organisation=own)
    people["operator"] = make_actor(session, OrgKind.OPERATOR)
    return {name: Reader(app, session, actor) for name, actor in people.items()}


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    """The last supplier never bids."""
    return make_sourcing(session, suppliers=BIDS + 1)


@contextmanager
def nothing_kept(connection: Connection, session: Session) -> Iterator[None]:
    """What is noted of the reading itself is undone, so that both readings begin alike."""
    session.flush()
    with connection.begin_nested() as kept:
        yield
        kept.rollback()
    session.expire_all()


def test_nothing_tells_none_from_a_thousand_bids(
    app: WebApp,
    session: Session,
    connection: Connection,
    sourcing: Sourcing,
    readers: dict[str, Reader],
) -> None:
    rules = ways(app)
    assert len([rule for rule in rules if "rfq_id" in rule.arguments]) > 60

    def everything(bid_id: UUID) -> dict[tuple[str, str], TestResponse]:
        ids = {"rfq_id": sourcing.rfq.id, "bid_id": bid_id}
        with (
            nothing_kept(connection, session),
            clock.frozen(sourcing.due_at - timedelta(hours=1)),
        ):
            return {
                (name, rule.rule): reader.get(filled(rule, ids))
                for rule in rules
                for name, reader in readers.items()
            }

    before = everything(uuid4())
    bids = [
        sourcing.submit(number, PRICE, PRICE, note=f"{WORD} {number}").bid_id
        for number in range(BIDS)
    ]
    after = everything(bids[0])

    holding = [way for way, answer in after.items() if holds_a_bid(text_of(answer))]
    assert holding == []
    differing = [
        way for way in before if way[0] != "operator" and said(before[way]) != said(after[way])
    ]
    assert differing == []
    assert {answer.status_code for answer in after.values()} <= {200, 302, 303, 403, 404, 409, 422}

    sourcing.open()
    shown = readers["buyer"].get(f"/rfqs/{sourcing.rfq.id}/evaluation")
    assert holds_a_bid(text_of(shown)), "the words that were looked for are those of the bids"


def holds_a_bid(text: str) -> bool:
    return WORD in text or any(price in text for price in PRICES)
