"""D-25: what arrived in time while the database was away is neither lost nor passed over."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.app import APP_ROLE, create_app
from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.opening.models import IngressAttempt
from marketplace.rfq.receiving.ingress import FILE, Journal
from marketplace.rfq.sealing.envelopes import is_signed
from marketplace.web.context import WebApp
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import KEYS, Sourcing, make_sourcing
from tests.factories.identity import make_actor

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
MINUTE = timedelta(minutes=1)
SECRET = "CANARY-IN-A-NOTE"


@pytest.fixture
def journal_file(app: WebApp) -> Iterator[Path]:
    path = app.settings.local_dir / FILE
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def away(app: WebApp) -> Iterator[WebApp]:
    """The same installation, whose database does not answer."""
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", APP_ROLE)
    yield create_app(app.settings, database=nowhere)
    nowhere.dispose()


@pytest.fixture
def sourcing(session: Session) -> Sourcing:
    return make_sourcing(session)


def lines_of(sourcing: Sourcing, price: str) -> list[dict[str, Any]]:
    return [
        {"line_id": str(line.id), "unit_price": {"amount": price, "currency": "EUR"}}
        for line in sourcing.lines
    ]


def bid_of(sourcing: Sourcing, price: str = "3", **over: Any) -> dict[str, Any]:
    return {"lines": lines_of(sourcing, price), "note": SECRET, "submit": True, **over}


def attempt(away: WebApp, client: ApiClient, sourcing: Sourcing, **over: Any) -> Any:
    """The request of this client, at an installation without a database."""
    lost = ApiClient(away, client.session, client.key)
    return lost.post(f"/rfqs/{sourcing.rfq.id}/bids", json=bid_of(sourcing, **over))


class TestJournal:
    def test_it_answers_a_signed_number_and_keeps_no_content(
        self, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        answer = attempt(away, api(sourcing.suppliers[0]), sourcing)
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers
        statement, signature = answer.json["statement"], bytes.fromhex(answer.json["signature"])
        assert is_signed(statement.encode(), signature, KEYS.public_key())
        said = json.loads(statement)
        assert (said["attempt_id"], said["rfq_id"]) == (
            answer.json["attempt_id"],
            str(sourcing.rfq.id),
        )
        kept = journal_file.read_text()
        assert SECRET not in kept
        assert kept.count("\n") == 1
        (entry,) = Journal(journal_file.parent, KEYS).entries()
        assert entry[0] == statement

    def test_the_salt_proves_what_was_sent(self, tmp_path: Path, sourcing: Sourcing) -> None:
        journal = Journal(tmp_path, KEYS)
        noted = journal.note(sourcing.rfq.id, clock.now(), b"c" * 32, b"the request")
        expected = hashlib.sha256(bytes.fromhex(noted.salt) + b"the request").hexdigest()
        assert json.loads(noted.statement)["digest"] == expected
        assert noted.salt not in (tmp_path / FILE).read_text()

    def test_drafts_strangers_and_reads_are_not_noted(
        self, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        client = api(sourcing.suppliers[0])
        draft = attempt(away, client, sourcing, submit=False)
        assert (draft.status_code, "attempt_id" in draft.json) == (503, False)
        stranger = ApiClient(away, client.session, None)
        assert "attempt_id" not in (
            stranger.post(f"/rfqs/{sourcing.rfq.id}/bids", json=bid_of(sourcing)).json
        )
        assert ApiClient(away, client.session, client.key).get("/rfqs").status_code == 503
        assert not journal_file.exists()

    def test_forged_and_torn_lines_count_nothing(
        self, session: Session, tmp_path: Path, sourcing: Sourcing
    ) -> None:
        journal = Journal(tmp_path, KEYS)
        journal.note(sourcing.rfq.id, clock.now(), b"c" * 32, b"x")
        line = (tmp_path / FILE).read_bytes()
        forged = line.replace(b"arrived_at", b"arrived_xt")
        (tmp_path / FILE).write_bytes(forged + b"{}\nnot json\n" + line + line[:40])
        assert len(list(journal.entries())) == 1
        journal.take_in(session)
        assert session.scalar(select(func.count()).select_from(IngressAttempt)) == 0


class TestRuling:
    def test_nothing_opens_before_the_ruling(
        self, session: Session, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        sourcing.submit(1, "5", "5")
        client, buyer = api(sourcing.suppliers[0]), api(sourcing.buyer)
        path = f"/rfqs/{sourcing.rfq.id}"
        with clock.frozen(sourcing.due_at - MINUTE):
            lost = attempt(away, client, sourcing)
        with clock.frozen(sourcing.due_at + MINUTE):
            secret = {"passphrase": sourcing.passphrase}
            blocked = buyer.post(f"{path}/opening", json=secret)
            assert (blocked.status_code, blocked.json["code"]) == (409, "outage_at_deadline")
            assert [each["id"] for each in blocked.json["attempts"]] == [lost.json["attempt_id"]]
            assert session.scalar(select(func.count()).select_from(BidOffer)) == 0
            facts = buyer.get(f"{path}/outages").json
            assert (facts["needs_ruling"], facts["items"]) == (True, [])
            (waiting,) = facts["attempts"]
            assert set(waiting) == {"id", "arrived_at", "digest"}
            # taken in twice, it is still one
            assert session.scalar(select(func.count()).select_from(IngressAttempt)) == 1
            version = buyer.get(path).json["version"]
            ruled = buyer.post(
                f"{path}/outage-ruling", json={"reason": "They bid by phone"}, version=version
            )
            assert ruled.status_code == 201
            done = buyer.post(f"{path}/opening", json=secret)
            assert (done.status_code, done.json["bid_count"]) == (201, 1)

    def test_more_time_for_everybody(
        self, session: Session, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        client, buyer = api(sourcing.suppliers[0]), api(sourcing.buyer)
        path = f"/rfqs/{sourcing.rfq.id}"
        with clock.frozen(sourcing.due_at):
            attempt(away, client, sourcing)
        with clock.frozen(sourcing.due_at + MINUTE):
            assert buyer.get(f"{path}/outages").json["needs_ruling"] is True
            later = (sourcing.due_at + 60 * MINUTE).isoformat()
            version = buyer.get(path).json["version"]
            ruled = buyer.post(
                f"{path}/outage-ruling",
                json={"reason": "The database was away", "bids_due_at": later},
                version=version,
            )
            assert ruled.status_code == 201, ruled.json
            again = client.post(f"{path}/bids", json=bid_of(sourcing))
            assert again.status_code == 201
        session.expire_all()
        with clock.frozen(sourcing.due_at + MINUTE):
            facts = buyer.get(f"{path}/outages").json
            assert (facts["needs_ruling"], facts["attempts"]) == (False, [])

    def test_a_repeat_that_was_taken_and_a_late_one_need_none(
        self, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        first, second = (api(supplier) for supplier in sourcing.suppliers)
        with clock.frozen(sourcing.due_at - MINUTE):
            attempt(away, first, sourcing)
            taken = first.post(f"/rfqs/{sourcing.rfq.id}/bids", json=bid_of(sourcing))
            assert taken.status_code == 201
        with clock.frozen(sourcing.due_at + timedelta.resolution):
            attempt(away, second, sourcing)
        with clock.frozen(sourcing.due_at + MINUTE):
            secret = {"passphrase": sourcing.passphrase}
            done = api(sourcing.buyer).post(f"/rfqs/{sourcing.rfq.id}/opening", json=secret)
            assert done.status_code == 201

    def test_who_was_not_asked_holds_nothing_up(
        self, session: Session, away: WebApp, api: Api, sourcing: Sourcing, journal_file: Path
    ) -> None:
        outsider = api(make_actor(session, OrgKind.SUPPLIER))
        with clock.frozen(sourcing.due_at - MINUTE):
            assert "attempt_id" in attempt(away, outsider, sourcing).json
        with clock.frozen(sourcing.due_at + MINUTE):
            secret = {"passphrase": sourcing.passphrase}
            done = api(sourcing.buyer).post(f"/rfqs/{sourcing.rfq.id}/opening", json=secret)
            assert done.status_code == 201

    def test_in_the_portal(
        self, away: WebApp, api: Api, portal: Portal, sourcing: Sourcing, journal_file: Path
    ) -> None:
        with clock.frozen(sourcing.due_at - MINUTE):
            lost = attempt(away, api(sourcing.suppliers[0]), sourcing)
        with clock.frozen(sourcing.due_at + MINUTE):
            browser = portal(sourcing.buyer)
            sealed = words(browser.get(f"/rfqs/{sourcing.rfq.id}/bids"))
            assert "Rule on the outage" in sealed
            page = words(browser.get(f"/rfqs/{sourcing.rfq.id}/outage"))
            assert lost.json["attempt_id"] in page
            assert sourcing.suppliers[0].org_name not in page
