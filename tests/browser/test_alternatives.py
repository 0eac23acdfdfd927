"""Alternative bids in a real browser: by form without JavaScript, and sealed by the bidder."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import OrgKind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import opening
from marketplace.rfq.terms.offering import OfferKind
from marketplace.settings import Settings
from tests.browser.stage import DEAR, Stage, open_stage
from tests.factories.identity import make_actor
from tests.factories.rfq import PASSPHRASE, make_published

NARROW = {"width": 320, "height": 700}
NAME = "Recycled steel"


@pytest.fixture(scope="module")
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def publish(database: Database, *, sealed: bool) -> tuple[Rfq, object]:
    with database.transaction() as session:
        buyer = make_actor(session, OrgKind.BUYER)
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        published = make_published(
            session,
            buyer,
            supplier_ids=[supplier.id],
            client_sealing=sealed,
            allows=[OfferKind.ALTERNATIVES],
        )
        return published.rfq, buyer


def test_an_alternative_from_the_list_to_its_receipt(stage: Stage) -> None:
    rfq, _buyer = publish(stage.database, sealed=False)
    guest = stage.enter(DEAR.people[0])
    guest.open(f"/rfqs/{rfq.id}/bids")
    guest.sees("Beside your main bid you may offer 2 alternatives.")
    assert guest.barriers() == []
    guest.click("Write an alternative")
    guest.sees("Write alternative 1", "Name of the alternative")
    assert guest.barriers() == []
    guest.fill(name=NAME, lines__0__unit_price__amount="8", lines__1__unit_price__amount="1")
    guest.click("Save and check")
    guest.sees("Check your bid", NAME, "900.00")
    assert guest.barriers() == []
    guest.click("Submit the bid")
    guest.sees("Receipt", "Alternative 1")
    guest.open(f"/rfqs/{rfq.id}/bids/alternatives/1")
    guest.sees("Alternative 1", NAME, "Your bids for this event", "To my main bid")
    guest.page.set_viewport_size(NARROW)
    assert guest.barriers() == []
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    guest.screenshot("alternative-submitted")
    guest.click("To my main bid")
    guest.sees("No bid yet", "Alternative 1")
    assert guest.barriers() == []
    assert guest.faults == []


def test_an_alternative_is_sealed_in_the_browser(stage: Stage, settings: Settings) -> None:
    rfq, buyer = publish(stage.database, sealed=True)
    guest = stage.enter(DEAR.people[0])
    guest.open(f"/rfqs/{rfq.id}/bids/alternatives/2/seal")
    guest.page.wait_for_selector("#seal-form", state="visible")
    assert guest.barriers() == []
    guest.page.locator("#f-lines-0-unit_price-amount").fill("8")
    guest.page.locator("#f-lines-1-unit_price-amount").fill("1")
    guest.page.get_by_role("button", name="Seal the bid").press("Enter")
    guest.sees("Name the alternative")
    guest.page.locator("#f-name").fill(NAME)
    guest.page.get_by_role("button", name="Seal the bid").press("Enter")
    guest.page.wait_for_selector("#seal-done", state="visible")
    digest = guest.page.locator("#seal-digest").inner_text()
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("Your sealed bid has arrived.", digest, "Alternative 2")
    guest.open(f"/rfqs/{rfq.id}/bids/alternatives/2/seal")
    guest.page.wait_for_selector("#seal-form", state="visible")
    assert guest.page.locator("#f-name").input_value() == NAME
    assert guest.faults == []
    with stage.database.transaction() as session:
        receipt = session.scalars(select(BidAttempt).where(BidAttempt.rfq_id == rfq.id)).one()
        assert json.loads(receipt.statement)["alternative"] == 2
        due = session.get_one(Rfq, rfq.id).bids_due_at
        assert due is not None
        with clock.frozen(due + timedelta(minutes=1)):
            keys = ServiceKeys.from_secret(settings.secret_key)
            opening.open_bids(session, buyer, keys, rfq.id, PASSPHRASE)
        offer = session.scalars(select(BidOffer).where(BidOffer.rfq_id == rfq.id)).one()
        assert (offer.alternative, offer.name) == (2, NAME)
