"""A whole bid by keyboard alone, with breaks, a part and a document, and one small submission."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Request
from sqlalchemy import select, update

from marketplace.core.db import Database
from marketplace.identity.models import Organisation, Person
from marketplace.rfq.terms.offering import OfferKind
from marketplace.settings import Settings
from tests.browser.conftest import PHONE
from tests.browser.stage import DEAR, Guest, Stage, open_stage
from tests.factories.rfq import a_line, make_published

SMALL = 4096
MOST_TABS = 120
HERE = """wanted => {
    const it = document.activeElement;
    return it.name === wanted || (it.matches('a, button') && it.innerText.trim() === wanted);
}"""


@pytest.fixture
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def publish(database: Database) -> str:
    with database.transaction() as session:
        supplier = session.scalars(select(Organisation).where(Organisation.name == DEAR.name)).one()
        lines = [a_line(description=f"Part {number}") for number in (1, 2)]
        made = make_published(
            session, supplier_ids=[supplier.id], lines=lines, allows=list(OfferKind)
        )
        return str(made.rfq.id)


def tab_to(guest: Guest, wanted: str) -> None:
    """Press Tab until the field with this name, or the link or button that says this, has focus."""
    for _press in range(MOST_TABS):
        guest.page.keyboard.press("Tab")
        if guest.page.evaluate(HERE, wanted):
            return
    raise AssertionError(f"Tab never reaches {wanted} on {guest.page.url}")


def type_into(guest: Guest, **fields: str) -> None:
    """Fields by their names in the order of the page, with __ for the dot."""
    for name, text in fields.items():
        tab_to(guest, name.replace("__", "."))
        guest.page.keyboard.type(text)


def test_a_whole_bid_is_made_and_submitted_by_keyboard(stage):
    root = f"/rfqs/{publish(stage.database)}/bids"
    guest = stage.enter(DEAR.people[0])
    keys = guest.page.keyboard
    sent: list[Request] = []
    guest.page.on(
        "requestfinished",
        lambda request: sent.append(request) if request.url.endswith("/submit") else None,
    )

    guest.open(root)
    tab_to(guest, "Write a bid")
    keys.press("Enter")
    guest.sees("Unit price in EUR")
    assert guest.barriers() == []
    type_into(
        guest,
        lines__0__unit_price__amount="12.50",
        lines__0__quantity__value="60",
        lines__0__breaks="40: 11.25",
        lines__1__unit_price__amount="2",
        minimum_order__amount="500",
        delivery_days="5",
    )
    tab_to(guest, "Save the draft")
    keys.press("Enter")
    guest.sees("Your draft is saved.")

    tab_to(guest, "file")
    with guest.page.expect_file_chooser() as chooser:
        keys.press("Space")
    chooser.value.set_files(
        {"name": "terms.txt", "mimeType": "text/plain", "buffer": b"We deliver on Fridays."}
    )
    tab_to(guest, "Attach")
    keys.press("Enter")
    guest.sees("The document is attached to your draft.", "terms.txt")
    assert guest.barriers() == []
    guest.screenshot("bid-form")

    tab_to(guest, "Save and check")
    keys.press("Enter")
    guest.sees(
        "Check your bid", "from 40 pieces: €11.25", "offered: 60 pieces", "€875.00", "terms.txt"
    )
    assert guest.barriers() == []
    guest.screenshot("bid-check")
    tab_to(guest, "Submit the bid")
    keys.press("Enter")
    guest.sees("Your bid is submitted and sealed.", "Receipt")
    assert guest.barriers() == []
    (request,) = sent
    sizes = request.sizes()
    assert sizes["requestHeadersSize"] + sizes["requestBodySize"] < SMALL
    assert guest.faults == []


def test_the_form_has_no_barriers_in_french_and_on_a_phone(stage):
    root = f"/rfqs/{publish(stage.database)}/bids"
    with stage.database.transaction() as session:
        email = DEAR.people[0].email
        session.execute(update(Person).where(Person.email == email).values(locale="fr"))
    guest = stage.enter(DEAR.people[0])
    guest.page.set_viewport_size(PHONE)
    guest.open(f"{root}/edit")
    guest.sees("Paliers de quantité", "Quantité proposée")
    assert guest.barriers() == []
    wide = guest.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0
    guest.screenshot("bid-form-fr")
    guest.fill(lines__0__unit_price__amount="12,50", lines__0__breaks="40: 11,25; 30: 9")
    guest.page.locator('[name="then"][value="check"]').click()
    guest.sees("croissantes")
    assert guest.barriers() == []
