"""A supplier bids by spreadsheet, and by a form that saves itself, in a real browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from sqlalchemy import select

from marketplace.core.db import Database
from marketplace.identity.models import Organisation
from marketplace.settings import Settings
from tests.browser.stage import DEAR, Guest, Stage, open_stage
from tests.factories.rfq import a_line, make_published
from tests.rfq import sheet_files as files

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


@pytest.fixture
def bids(stage: Stage) -> str:
    """Where a supplier bids for a new RFQ of four lines."""
    return f"/rfqs/{publish(stage.database)}/bids"


def publish(database: Database) -> str:
    with database.transaction() as session:
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        lines = [a_line(description=f"Part {number}") for number in range(1, 5)]
        return str(make_published(session, supplier_ids=[supplier.id], lines=lines).rfq.id)


def upload(guest: Guest, content: bytes) -> None:
    book: Any = {"name": "bid.xlsx", "mimeType": XLSX, "buffer": content}
    guest.page.locator("#f-file").set_input_files(book)
    guest.click("Read the file")


def test_download_fill_in_correct_preview_save_and_submit(stage, bids):
    guest = stage.enter(DEAR.people[0])
    guest.open(bids)
    guest.click("Bid by spreadsheet")
    guest.sees("Fill in the yellow cells.")
    assert guest.barriers() == []
    with guest.page.expect_download() as download:
        guest.click("Download the spreadsheet")
    template = download.value.path().read_bytes()

    upload(guest, files.priced(template, 12.5, "x", "3 USD", 4))
    guest.sees("Nothing was saved: some cells are not right.")
    assert guest.row("J7") == ["Prices", "J7", "x", "This is not a number."]
    assert guest.row("J8") == ["Prices", "J8", "3 USD", "All amounts of this bid are in EUR."]
    assert guest.page.evaluate("document.activeElement.id") == "errors"
    assert guest.barriers() == []
    guest.screenshot("bid-sheet-errors")

    upload(guest, files.priced(template, 12.5, "1 234,50", 3, None))
    guest.sees("Nothing has been saved yet.", "3 of 4")
    assert guest.row("Part 2")[2:4] == ["no price", "€1,234.50"]
    assert guest.barriers() == []
    guest.screenshot("bid-sheet-preview")
    guest.click("Save as my draft")
    guest.sees("Your draft is saved. It is not submitted yet.", "You are about to submit")
    guest.click("Submit the bid")
    guest.sees("Your bid is submitted and sealed.")
    assert guest.faults == []


def test_the_form_saves_itself_by_keyboard_and_survives_an_outage(stage, bids):
    guest = stage.enter(DEAR.people[0])
    guest.open(f"{bids}/edit")
    first = guest.page.locator('[name="lines.0.unit_price.amount"]')
    first.focus()
    guest.page.keyboard.type("12.5")
    said = guest.page.get_by_role("status")
    said.get_by_text("Saved at").wait_for()
    assert guest.page.evaluate("document.activeElement.name") == "lines.0.unit_price.amount"
    assert guest.barriers() == []

    guest.page.context.set_offline(True)
    guest.page.keyboard.type("5")
    said.get_by_text("Not saved: there is no connection.").wait_for()
    assert first.input_value() == "12.55"
    guest.page.context.set_offline(False)
    said.get_by_text("Saved at").wait_for()

    colleague = stage.enter(DEAR.people[0])
    colleague.open(f"{bids}/edit")
    assert colleague.page.locator('[name="lines.0.unit_price.amount"]').input_value() == "12.55"
    colleague.fill(lines__1__unit_price__amount="9")
    colleague.page.get_by_role("status").get_by_text("Saved at").wait_for()

    first.fill("13")
    said.get_by_text("Somebody of your company has saved this bid meanwhile").wait_for()
    assert guest.barriers() == []
    guest.screenshot("bid-conflict")
    assert first.input_value() == "13"
    mine = guest.page.get_by_role("button", name="Keep mine")
    mine.focus()
    guest.page.keyboard.press("Enter")
    guest.sees("Your draft is saved. It is not submitted yet.")
    assert guest.page.locator('[name="lines.0.unit_price.amount"]').input_value() == "13"
    assert (guest.faults, colleague.faults) == ([], [])


def test_who_was_signed_out_goes_on_after_signing_in_elsewhere(stage, bids):
    guest = stage.enter(DEAR.people[0])
    guest.open(f"{bids}/edit")
    guest.page.context.clear_cookies()
    guest.fill(lines__0__unit_price__amount="12.5")
    said = guest.page.get_by_role("status")
    said.get_by_text("Not saved. What you typed stays here.").wait_for()
    tab = Guest(guest.page.context.new_page(), guest.site, [])
    tab.sign_in(DEAR.people[0])
    said.get_by_text("Saved at").wait_for()
    tab.open(f"{bids}/edit")
    assert tab.page.locator('[name="lines.0.unit_price.amount"]').input_value() == "12.5"
    assert guest.faults == []
