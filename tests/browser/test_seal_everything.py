"""Sealing in a real browser all that a bid may say: offers, documents, drafts, lost connections."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.addenda.wanted import Wanted, WantedLine
from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.bids.offer_models import BidMoney, BidOffer
from marketplace.rfq.bids.price_models import BidLine
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.rfq.services import addenda, evaluation, opening
from marketplace.rfq.terms.offering import OfferKind
from marketplace.settings import Settings
from tests.browser.stage import DEAR, Guest, Stage, open_stage
from tests.factories.identity import make_actor
from tests.factories.rfq import PASSPHRASE, make_published

CANARY = b"%PDF-1.7\ncanary-of-a-file-5e1b\n%%EOF\n"
NARROW: Any = {"width": 320, "height": 700}
PRICE = "#f-lines-{}-unit_price-amount"


@pytest.fixture(scope="module")
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def publish(stage: Stage) -> tuple[Rfq, Actor]:
    with stage.database.transaction() as session:
        buyer = make_actor(session, OrgKind.BUYER)
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        published = make_published(
            session,
            buyer,
            supplier_ids=[supplier.id],
            client_sealing=True,
            allows=tuple(OfferKind),
        )
        return published.rfq, buyer


def at_the_form(stage: Stage, rfq: Rfq) -> Guest:
    guest = stage.enter(DEAR.people[0])
    load(guest, rfq)
    return guest


def load(guest: Guest, rfq: Rfq) -> None:
    guest.open(f"/rfqs/{rfq.id}/bids/seal")
    guest.page.wait_for_selector("#seal-form", state="visible")


def attach(guest: Guest, name: str, content: bytes) -> None:
    file: Any = {"name": name, "mimeType": "application/pdf", "buffer": content}
    guest.page.locator("#seal-file").set_input_files(file)


def seal(guest: Guest) -> None:
    guest.page.get_by_role("button", name="Seal the bid").press("Enter")


def test_offers_and_documents(stage: Stage) -> None:
    rfq, buyer = publish(stage)
    guest, sent = at_the_form(stage, rfq), []
    guest.page.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    guest.page.locator(PRICE.format(0)).fill("10.50")
    guest.page.locator(PRICE.format(1)).fill("2")
    guest.page.locator("#f-lines-0-breaks").fill("50: 9.5; 40: 9")
    guest.page.locator("#f-lines-1-quantity-value").fill("101")
    seal(guest)
    guest.sees(
        "Line 1: The quantities of the breaks are more than zero and ascend.",
        "Line 2: This is more than is asked for.",
    )
    assert guest.barriers() == []
    guest.page.locator("#f-lines-0-breaks").fill("50: 9.5; 80: 9")
    guest.page.locator("#f-lines-1-quantity-value").fill("")
    guest.page.locator("#f-bundles-0-name").fill("Both")
    guest.page.locator("#f-bundles-0-line_ids").select_option(index=[0, 1])
    guest.page.locator("#f-bundles-0-percent").fill("5")
    assert guest.page.locator("#f-bundles-2-name").is_visible()
    assert not guest.page.locator("#f-bundles-3-name").is_visible()
    guest.page.locator("#f-minimum_order-amount").fill("5000")
    seal(guest)
    guest.sees("The minimum order value is above the total: the bid could never be awarded.")
    guest.page.locator("#f-minimum_order-amount").fill("500")

    attach(guest, "tool.exe", b"MZ")
    guest.sees("tool.exe: files of this kind are not taken.")
    attach(guest, "certificate.pdf", CANARY)
    guest.sees("certificate.pdf (1 kB)", "Read it")
    attach(guest, "second.pdf", CANARY)
    guest.page.get_by_role("button", name="Remove: second.pdf").click()
    guest.page.wait_for_function("document.querySelectorAll('#seal-documents li').length === 1")
    guest.page.set_viewport_size(NARROW)
    assert guest.barriers() == []
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    guest.screenshot("seal-everything")
    seal(guest)
    guest.page.wait_for_selector("#seal-done", state="visible")
    assert guest.page.locator("#seal-total").inner_text() == "1100.00 EUR"
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("Your sealed bid has arrived.", "Documents 1")
    assert not any(b"canary" in each for each in sent)

    # read back in this browser, with its document
    load(guest, rfq)
    guest.sees("Your submitted bid was read back in this browser.", "certificate.pdf (1 kB)")
    assert guest.page.locator("#f-lines-0-breaks").input_value() == "50: 9.5; 80: 9"
    assert guest.page.locator("#f-bundles-0-percent").input_value() == "5"
    assert guest.page.locator("#f-minimum_order-amount").input_value() == "500"
    assert not guest.page.locator("#seal-draft").is_visible()
    with guest.page.expect_download() as download:
        guest.page.get_by_role("button", name="Read it: certificate.pdf").click()
    assert download.value.suggested_filename == "certificate.pdf"
    assert Path(download.value.path()).read_bytes() == CANARY
    assert guest.faults == []

    assert rfq.bids_due_at is not None
    keys = ServiceKeys.from_secret(stage.settings.secret_key)
    later = rfq.bids_due_at + timedelta(seconds=30)
    with clock.frozen(later), stage.database.transaction() as session:
        assert opening.open_bids(session, buyer, keys, rfq.id, PASSPHRASE).bid_count == 1
    with stage.database.transaction() as session:
        offer = session.scalars(select(BidOffer).where(BidOffer.rfq_id == rfq.id)).one()
        (known,) = offer.documents
        read = evaluation.document(session, buyer, rfq.id, offer.bid_id, UUID(known["id"]))
        assert (read[0].name, read[1]) == ("certificate.pdf", CANARY)
        breaks = select(BidLine.breaks).where(BidLine.bid_id == offer.bid_id)
        assert [["50", "9.5"], ["80", "9"]] in list(session.scalars(breaks))
        money = session.get_one(BidMoney, offer.bid_id)
        assert money.minimum_order == Decimal(500)
        assert [(each["name"], each["percent"]) for each in money.bundles] == [("Both", "5")]


def test_the_draft_outlives_a_reload_and_a_lost_connection(stage: Stage) -> None:
    rfq, _buyer = publish(stage)
    guest = at_the_form(stage, rfq)
    guest.page.locator(PRICE.format(0)).fill("not yet")
    guest.page.locator("#f-note").fill("in writing")
    guest.page.context.set_offline(True)
    attach(guest, "certificate.pdf", CANARY)
    guest.sees("certificate.pdf (1 kB) – not sent: there is no connection")
    seal(guest)
    guest.sees("A document has not been sent yet. Try again or remove it.")
    assert guest.barriers() == []
    guest.page.context.set_offline(False)
    guest.page.get_by_role("button", name="Try again: certificate.pdf").click()
    guest.page.get_by_role("button", name="Read it: certificate.pdf").wait_for()

    load(guest, rfq)
    guest.sees("This is the draft that this browser has kept.", "certificate.pdf (1 kB)")
    guest.sees("A draft in this browser")
    assert guest.page.locator(PRICE.format(0)).input_value() == "not yet"
    assert guest.page.locator("#f-note").input_value() == "in writing"
    guest.page.locator(PRICE.format(0)).fill("3")
    seal(guest)
    guest.page.wait_for_selector("#seal-done", state="visible")
    guest.page.context.set_offline(True)
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("There is no connection. Nothing was sent; your draft is still here.")
    guest.page.context.set_offline(False)
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("Your sealed bid has arrived.")

    # a key file of something else says so and changes nothing
    load(guest, rfq)
    file: Any = {"name": "key.json", "mimeType": "application/json", "buffer": b'{"a": 1}'}
    guest.page.locator("#seal-key-file").set_input_files(file)
    guest.sees("This key does not open the submitted bid.")
    assert guest.page.locator(PRICE.format(0)).input_value() == "3"
    assert guest.faults == []


def test_an_addendum_while_it_is_written(stage: Stage) -> None:
    rfq, buyer = publish(stage)
    guest = at_the_form(stage, rfq)
    guest.page.locator(PRICE.format(0)).fill("7")
    guest.page.locator(PRICE.format(1)).fill("8")
    attach(guest, "certificate.pdf", CANARY)
    guest.page.get_by_role("button", name="Read it: certificate.pdf").wait_for()
    seal(guest)
    guest.page.wait_for_selector("#seal-done", state="visible")
    with stage.database.transaction() as session:
        first = select(RfqLine).where(RfqLine.rfq_id == rfq.id, RfqLine.number == 1)
        line = session.scalars(first).one()
        kept = WantedLine(line.description, Quantity(Decimal(120), line.quantity_unit), id=line.id)
        written = addenda.write(session, buyer, rfq.id, Wanted(lines=(kept,)), "Redrawn")
        addenda.publish(session, buyer, rfq.id, written.id)
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees(
        "The event was changed meanwhile. Read it again and seal the bid anew.",
        "The buyer has changed the event since you wrote this draft.",
        "What is not asked for any more has been left out.",
        "certificate.pdf (1 kB)",
    )
    assert guest.page.locator(PRICE.format(0)).input_value() == "7"
    seal(guest)
    guest.page.wait_for_selector("#seal-done", state="visible")
    assert guest.page.locator("#seal-total").inner_text() == "840.00 EUR"
    guest.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    guest.sees("Your sealed bid has arrived.")
    assert guest.faults == []
