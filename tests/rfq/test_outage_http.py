"""Outages before a deadline over the API and in the portal."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import clock, outages
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor
from marketplace.rfq.opening.models import RfqOutageRuling
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import Sourcing, make_sourcing
from tests.factories.identity import make_actor

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def sourcing(session: Session) -> Iterator[Sourcing]:
    """A minute after the deadline of an RFQ before which nobody answered for seven minutes."""
    sourcing = make_sourcing(session)
    sourcing.submit(0, "1", "2")
    for minutes in (-20, -13, *range(-12, 2)):
        with clock.frozen(sourcing.due_at + minutes * MINUTE):
            outages.beat(session)
    with clock.frozen(sourcing.due_at + MINUTE):
        yield sourcing


def opened(sourcing: Sourcing) -> dict[str, str]:
    return {"passphrase": sourcing.passphrase}


class TestApi:
    def test_facts_ruling_and_opening(self, api: Api, sourcing: Sourcing) -> None:
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        blocked = buyer.post(f"{path}/opening", json=opened(sourcing))
        assert (blocked.status_code, blocked.json["code"]) == (409, "outage_at_deadline")
        facts = buyer.get(f"{path}/outages").json
        assert (facts["needs_ruling"], facts["ruling"]) == (True, None)
        assert facts["items"] == blocked.json["outages"]

        version = sourcing.rfq.version
        body = {"reason": "Nobody complained"}
        assert buyer.post(f"{path}/outage-ruling", json=body).status_code == 428
        ruled = buyer.post(f"{path}/outage-ruling", json=body, version=version)
        assert (ruled.status_code, ruled.json["extended_to"]) == (201, None)
        facts = buyer.get(f"{path}/outages").json
        assert (facts["needs_ruling"], facts["ruling"]) == (False, ruled.json)
        again = buyer.post(f"{path}/outage-ruling", json=body, version=version)
        assert (again.status_code, again.json["code"]) == (409, "already_ruled")
        done = buyer.post(f"{path}/opening", json=opened(sourcing))
        assert (done.status_code, done.json["bid_count"]) == (201, 1)

    def test_an_extension_takes_bids_again(self, api: Api, sourcing: Sourcing) -> None:
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        later = (sourcing.due_at + 180 * MINUTE).isoformat()
        body = {"reason": "Power failure", "bids_due_at": later}
        ruled = buyer.post(f"{path}/outage-ruling", json=body, version=sourcing.rfq.version)
        assert ruled.status_code == 201, ruled.json
        assert buyer.get(path).json["state"] == "published"
        assert buyer.get(f"{path}/outages").json == {
            "items": [],
            "attempts": [],
            "needs_ruling": False,
            "ruling": None,
        }
        lines = [
            {"line_id": str(line.id), "unit_price": {"amount": "3", "currency": "EUR"}}
            for line in sourcing.lines
        ]
        second = api(sourcing.suppliers[1])
        bid = second.post(f"{path}/bids", json={"lines": lines, "submit": True})
        assert (bid.status_code, bid.json["state"]) == (201, "submitted")

    def test_others_find_nothing(self, session: Session, api: Api, sourcing: Sourcing) -> None:
        path = f"/rfqs/{sourcing.rfq.id}"
        for actor, status in ((make_actor(session), 404), (sourcing.suppliers[0], 404)):
            assert api(actor).get(f"{path}/outages").status_code == status
        body = {"reason": "mine"}
        refused = api(sourcing.suppliers[0]).post(f"{path}/outage-ruling", json=body, version=1)
        assert refused.status_code == 403


class TestPages:
    def test_who_opens_is_led_to_the_ruling(
        self, session: Session, portal: Portal, sourcing: Sourcing
    ) -> None:
        browser, path = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        sealed = words(browser.get(f"{path}/bids"))
        assert "Not available before the deadline" in sealed
        assert "Rule on the outage" in sealed
        assert "Open all bids" not in sealed
        led = browser.post(f"{path}/opening", opened(sourcing))
        assert (led.status_code, led.headers["Location"]) == (303, f"{path}/outage")
        page = words(browser.get(f"{path}/outage"))
        assert "When the marketplace could not be reached" in page
        assert "Rule on the outage" in page

        missing = browser.post(f"{path}/outage", {"reason": ""})
        assert missing.status_code == 422
        assert session.scalars(select(RfqOutageRuling)).all() == []
        done = browser.post(f"{path}/outage", {"reason": "Nobody complained"})
        assert (done.status_code, done.headers["Location"]) == (303, f"{path}/bids")
        assert "Nobody complained" in words(browser.get(f"{path}/outage"))
        assert "Open all bids" in words(browser.get(f"{path}/bids"))
        assert browser.post(f"{path}/opening", opened(sourcing)).status_code == 303
        assert sourcing.rfq.opened_at == sourcing.due_at + MINUTE

    def test_in_french(self, session: Session, portal: Portal, sourcing: Sourcing) -> None:
        company = session.get_one(Organisation, sourcing.buyer.org_id)
        reader = make_actor(session, organisation=company, locale="fr")
        page = words(portal(reader).get(f"/rfqs/{sourcing.rfq.id}/outage"))
        for fact in ("Indisponible avant la date limite", "Statuer sur la coupure", "Motif"):
            assert fact in page
