"""Sealing in a real browser: bids of which only envelopes are sent, and two people who open."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select, update

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.identity.models import Membership, Organisation, Person
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import opening, opening_keys, quality
from marketplace.rfq.terms.states import EnvelopeRule
from marketplace.settings import Settings
from tests.browser.stage import BUYER, DEAR, Guest, Stage, open_stage
from tests.factories.identity import actor_of, make_actor
from tests.factories.officers import ANNA, BORIS, CLARA
from tests.factories.rfq import PASSPHRASE, make_published, make_rfq

NOTE, PRICE, ANSWER = "canary-6f1d-é-✓", "4711.654321", "canary-of-an-answer-9c2e"
NARROW = {"width": 320, "height": 700}


@pytest.fixture(scope="module")
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def publish(database: Database, envelopes: EnvelopeRule) -> tuple[Rfq, object]:
    with database.transaction() as session:
        buyer = make_actor(session, OrgKind.BUYER)
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        published = make_published(
            session, buyer, supplier_ids=[supplier.id], client_sealing=True, envelopes=envelopes
        )
        return published.rfq, buyer


@pytest.mark.parametrize("envelopes", list(EnvelopeRule))
def test_only_envelopes_leave_the_browser(stage: Stage, envelopes: EnvelopeRule) -> None:
    rfq, buyer = publish(stage.database, envelopes)
    guest = stage.enter(DEAR.people[0])
    sent: list[str] = []
    guest.page.on("request", lambda request: sent.append(f"{request.url} {request.post_data}"))
    guest.open(f"/rfqs/{rfq.id}/bids/seal")
    guest.page.wait_for_selector("#seal-form", state="visible")
    assert guest.barriers() == []

    # by keyboard alone, and refused in the browser first
    guest.page.locator("#f-lines-0-unit_price-amount").fill("abc")
    guest.page.locator("#f-lines-0-unit_price-amount").press("Enter")
    guest.sees("Line 1: This is not a number we can read.")
    assert guest.page.evaluate("document.activeElement.id") == "seal-faults"
    assert guest.barriers() == []
    guest.page.locator("#f-lines-0-unit_price-amount").fill(PRICE)
    guest.page.locator("#f-lines-1-unit_price-amount").fill("0.5")
    guest.page.locator("#f-note").fill(NOTE)
    guest.page.locator("#f-delivery_days").fill("12")
    guest.page.locator("#f-answers-0-text").fill(ANSWER)
    guest.page.get_by_role("button", name="Seal the bid").press("Enter")
    guest.page.wait_for_selector("#seal-done", state="visible")
    digest = guest.page.locator("#seal-digest").inner_text()
    assert guest.barriers() == []
    guest.screenshot(f"seal-{envelopes}")
    with guest.page.expect_download() as download:
        guest.page.locator("#seal-key").click()
    key_file = Path(download.value.path()).read_text()
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("Your sealed bid has arrived.", digest)
    assert guest.faults == []
    whole = "\n".join(sent)
    assert "ciphertext" in whole
    for canary in (NOTE, "canary-6f1d", PRICE, PRICE.replace(".", ","), ANSWER):
        assert canary not in whole
    assert json.loads(key_file)["read_back_key"] not in whole

    # read back where the key is: in this browser, and with the file in another one
    other = stage.enter(DEAR.people[0])
    other.open(f"/rfqs/{rfq.id}/bids/seal")
    other.page.wait_for_selector("#seal-form", state="visible")
    assert other.page.locator("#f-note").input_value() == ""
    file = {"name": "key.json", "mimeType": "application/json", "buffer": key_file.encode()}
    other.page.locator("#seal-key-file").set_input_files(file)  # type: ignore[arg-type]
    other.sees("Your submitted bid was read back in this browser.")
    assert other.page.locator("#f-note").input_value() == NOTE
    assert other.page.locator("#f-lines-0-unit_price-amount").input_value() == PRICE
    assert other.page.locator("#f-answers-0-text").input_value() == ANSWER

    keys = ServiceKeys.from_secret(stage.settings.secret_key)
    assert rfq.bids_due_at is not None
    with clock.frozen(rfq.bids_due_at + timedelta(seconds=30)):
        with stage.database.transaction() as session:
            minutes = opening.open_bids(session, buyer, keys, rfq.id, PASSPHRASE)  # type: ignore[arg-type]
            assert minutes.bid_count == 1
        if envelopes is EnvelopeRule.TWO:
            with stage.database.transaction() as session:
                quality.lock_quality(session, buyer, rfq.id, "Scored on paper")  # type: ignore[arg-type]
                opening.open_prices(session, buyer, keys, rfq.id, PASSPHRASE)  # type: ignore[arg-type]
    with stage.database.transaction() as session:
        (offer,) = session.scalars(select(BidOffer).where(BidOffer.rfq_id == rfq.id))
        assert (offer.note, offer.delivery_days, offer.answers[0]["text"]) == (NOTE, 12, ANSWER)
        own = select(BidLine.unit_price).where(BidLine.bid_id == offer.bid_id)
        prices = sorted(session.scalars(own))
        assert [str(price.normalize()) for price in prices] == ["0.5", PRICE]
        (receipt,) = session.scalars(select(BidAttempt).where(BidAttempt.rfq_id == rfq.id))
        assert receipt.digest == digest


def test_a_phone_and_french(stage: Stage) -> None:
    rfq, _buyer = publish(stage.database, EnvelopeRule.ONE)
    guest = stage.enter(DEAR.people[0])
    guest.page.set_viewport_size({"width": 320, "height": 700})
    guest.open(f"/rfqs/{rfq.id}/bids/seal")
    guest.page.wait_for_selector("#seal-form", state="visible")
    guest.page.locator(".languages button[value=fr]").click()
    guest.page.wait_for_selector("html[lang=fr]")
    guest.page.wait_for_selector("#seal-form", state="visible")
    assert guest.barriers() == []
    assert guest.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    guest.screenshot("seal-phone-fr")


def fits(guest: Guest) -> bool:
    wide: bool = guest.page.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    )
    return wide


def test_from_the_key_to_the_opened_bids(stage: Stage) -> None:
    anna = next(one for one in BUYER.people if Role.BUYER in one.roles)
    boris, clara = [one for one in BUYER.people if one is not anna][:2]
    with stage.database.transaction() as session:
        people = {
            person.email: person
            for person in session.scalars(
                select(Person).where(Person.email.in_([anna.email, boris.email, clara.email]))
            )
        }
        actors = {email: actor_of(session, person) for email, person in people.items()}
        for one, passphrase in ((boris, BORIS), (clara, CLARA)):
            opening_keys.make(session, actors[one.email], passphrase)
        # both openers are buyers here, whatever else they do
        session.execute(
            update(Membership)
            .where(Membership.person_id == people[boris.email].id)
            .values(roles=["buyer"])
        )
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        rfq_id = make_rfq(session, actors[anna.email], supplier_ids=[supplier.id]).id

    guest = stage.enter(anna)
    guest.open("/settings/opening-key")
    assert guest.barriers() == []
    guest.fill(passphrase=ANNA, repeated=ANNA)
    guest.page.locator("#f-repeated").press("Enter")
    guest.sees("Your opening key is made.")
    assert guest.barriers() == []
    guest.screenshot("opening-key")

    guest.open(f"/rfqs/{rfq_id}/publish")
    assert guest.barriers() == []
    guest.page.get_by_label("Two people together").check()
    for field, one in (
        ("first_opener_id", anna),
        ("second_opener_id", boris),
        ("escrow_id", clara),
    ):
        guest.page.locator(f"#f-{field}").select_option(str(people[one.email].id))
    guest.screenshot("publish-two")
    guest.page.get_by_role("button", name="Publish and tell").press("Enter")
    guest.sees("Two of the three people whom you named open the bids together.")
    assert guest.barriers() == []

    with stage.database.transaction() as session:
        past = clock.now() - timedelta(minutes=1)
        session.execute(update(Rfq).where(Rfq.id == rfq_id).values(bids_due_at=past))
    guest.open(f"/rfqs/{rfq_id}/bids")
    guest.sees("Two people open together", "awaited")
    assert guest.barriers() == []
    guest.page.locator("#f-passphrase").fill(ANNA)
    guest.page.locator("#f-passphrase").press("Enter")
    guest.sees("Your share is given.", "The second share must be given before")
    assert guest.barriers() == []
    guest.page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    assert fits(guest)
    guest.screenshot("ceremony-phone")

    other = stage.enter(boris)
    other.open(f"/rfqs/{rfq_id}/bids")
    other.screenshot("ceremony")
    other.page.locator("#f-passphrase").fill(BORIS)
    other.page.locator("#f-passphrase").press("Enter")
    other.sees("All bids are open.")
    assert guest.faults == other.faults == []
