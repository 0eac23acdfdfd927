"""Two envelopes over the API and in the portal."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.identity.permissions import Actor
from marketplace.rfq.services import quality
from marketplace.rfq.terms.states import EnvelopeRule
from tests.clients import ApiClient, PortalClient, words
from tests.factories.bids import Sourcing, make_sourcing
from tests.factories.identity import make_actor

Api = Callable[[Actor], ApiClient]
Portal = Callable[[Actor], PortalClient]


@pytest.fixture
def sourcing(session: Session) -> Iterator[Sourcing]:
    """A minute after the deadline, with one bid of 4,242.00 and the rest."""
    made = make_sourcing(session, envelopes=EnvelopeRule.TWO)
    made.submit(0, "42", "0.42", note="Delivered on pallets")
    with clock.frozen(made.due_at + timedelta(minutes=1)):
        yield made


class TestApi:
    def test_from_the_draft_to_the_prices(
        self, session: Session, api: Api, sourcing: Sourcing
    ) -> None:
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        assert buyer.get(path).json["envelopes"] == "two"
        secret = {"passphrase": sourcing.passphrase}
        sealed = buyer.post(f"{path}/opening/prices", json=secret)
        assert (sealed.status_code, sealed.json["code"]) == (403, "sealed")
        assert buyer.post(f"{path}/opening", json=secret).status_code == 201
        ceremony = buyer.get(f"{path}/opening/ceremony").json
        assert (ceremony["rule"], ceremony["envelope"]) == ("one", "price")
        (bid,) = buyer.get(f"{path}/bids").json["items"]
        assert bid["content"]["note"] == "Delivered on pallets"
        assert "4200.00" not in str(bid)
        assert bid["content"]["lines"] == []
        award = buyer.post(
            f"{path}/award",
            json={"choices": [{"lot_id": str(sourcing.lots[0].id), "bid_id": bid["id"]}]},
        )
        assert (award.status_code, award.json["code"]) == (409, "prices_hidden")
        early = buyer.post(f"{path}/opening/prices", json=secret)
        assert (early.status_code, early.json["code"]) == (409, "quality_not_locked")
        assert "open_prices" in buyer.get(path).json["actions"]
        quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id, "Scored on paper")
        assert buyer.get(f"{path}/opening/prices").status_code == 404
        done = buyer.post(f"{path}/opening/prices", json=secret)
        assert (done.status_code, done.json["bid_count"]) == (201, 1)
        assert buyer.get(f"{path}/opening/prices").json == done.json
        (bid,) = buyer.get(f"{path}/bids").json["items"]
        assert bid["content"]["total"] == {"amount": "4242.00", "currency": "EUR"}
        assert buyer.get(path).json["prices_opened_at"] is not None
        assert "open_prices" not in buyer.get(path).json["actions"]
        assert buyer.get(f"{path}/opening/ceremony").json["envelope"] is None

    def test_the_setting_is_the_drafts(self, session: Session, api: Api) -> None:
        buyer = api(make_actor(session))
        made = buyer.post("/rfqs", json={"title": "Bolts", "envelopes": "two"})
        assert (made.status_code, made.json["envelopes"]) == (201, "two")
        path = f"/rfqs/{made.json['id']}"
        changed = buyer.patch(path, json={"envelopes": "one"}, version=made.json["version"])
        assert changed.json["envelopes"] == "one"
        wrong = buyer.patch(path, json={"envelopes": "three"}, version=changed.json["version"])
        assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/envelopes")

    def test_strangers(self, session: Session, api: Api, sourcing: Sourcing) -> None:
        path = f"/rfqs/{sourcing.rfq.id}/opening/prices"
        stranger = api(make_actor(session))
        assert stranger.get(path).status_code == 404
        secret = {"passphrase": sourcing.passphrase}
        assert stranger.post(path, json=secret).status_code == 404
        assert api(sourcing.suppliers[0]).post(path, json=secret).status_code == 403


class TestPortal:
    def test_technical_first_prices_last(
        self, session: Session, portal: Portal, sourcing: Sourcing
    ) -> None:
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}"
        secret = {"passphrase": sourcing.passphrase}
        assert browser.post(f"{url}/opening", data=secret).status_code == 303
        page = words(browser.get(f"{url}/bids"))
        assert "Prices are still sealed" in page
        assert "4,242" not in page
        assert "4,242" not in words(browser.get(f"{url}/evaluation"))
        refused = browser.post(f"{url}/opening/prices", data=secret)
        assert refused.status_code == 422
        quality.lock_quality(session, sourcing.buyer, sourcing.rfq.id, "Scored on paper")
        assert "Open the prices" in words(browser.get(f"{url}/bids"))
        wrong = browser.post(f"{url}/opening/prices", data={"passphrase": "wrong"})
        assert wrong.status_code == 422
        assert "not the opening passphrase" in words(wrong)
        assert browser.post(f"{url}/opening/prices", data=secret).status_code == 303
        page = words(browser.get(f"{url}/bids"))
        assert "Minutes of the prices" in page
        assert "4,242.00" in page
        file = browser.get(f"{url}/opening/prices/minutes")
        assert b"rfq-price-opening" in file.data

    def test_the_supplier_sees_no_empty_prices(
        self, session: Session, portal: Portal, sourcing: Sourcing
    ) -> None:
        sourcing.open()
        page = words(portal(sourcing.suppliers[0]).get(f"/rfqs/{sourcing.rfq.id}/bids"))
        assert "The prices of this bid are not open." in page
        assert "Delivered on pallets" in page

    def test_the_draft_asks(self, session: Session, portal: Portal) -> None:
        page = words(portal(make_actor(session)).get("/rfqs/new"))
        assert "Two envelopes, prices opened last" in page
