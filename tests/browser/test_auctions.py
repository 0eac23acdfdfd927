"""Three bidders at an English auction: overtime, one loses the connection and misses nothing."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from werkzeug.serving import make_server

from marketplace.app import create_app
from marketplace.auctions.states import Beat, Display
from marketplace.auctions.terms import Overtime
from marketplace.core.db import Database
from marketplace.identity.permissions import Actor
from marketplace.settings import Settings
from marketplace.web.context import SESSION_COOKIE
from tests.browser.conftest import WIDE, Visitor
from tests.conftest import WORKER_ROLE, sign_in_token
from tests.factories.auctions import Hammer, make_auction

NARROW = {"width": 320, "height": 720}
# streams come and go; on a busy machine the next one takes its time
expect.set_options(timeout=20_000)


@dataclass
class Hall:
    """The auction with its site, and who came."""

    address: str
    database: Database
    hammer: Hammer
    chromium: Browser
    contexts: list[BrowserContext]

    @property
    def path(self) -> str:
        return f"/rfqs/{self.hammer.rfq_id}/auction"

    def enter(self, actor: Actor, **options: object) -> Visitor:
        """This actor's browser, signed in, on the page of the auction."""
        with self.database.transaction() as session:
            token = sign_in_token(session, actor)
        context = self.chromium.new_context(**{"viewport": WIDE, "locale": "en-GB", **options})
        context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": self.address}])
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        guest = Visitor(page, self.address, [])
        page.on("pageerror", lambda error: guest.faults.append(str(error)))
        assert guest.goto(self.path) == 200
        return guest


@pytest.fixture
def hall(committed: Settings, chromium: Browser) -> Iterator[Hall]:
    database = Database(committed.database_url, WORKER_ROLE)
    with database.transaction() as session:
        hammer = make_auction(
            session,
            display=Display.BOTH,
            beat=Beat.BEST,
            overtime=Overtime(trigger=600, extension=900, limit=None),
        )
        hammer.pass_time(timedelta(seconds=1500))
    server = make_server("127.0.0.1", 0, create_app(committed), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    contexts: list[BrowserContext] = []
    yield Hall(f"http://127.0.0.1:{server.port}", database, hammer, chromium, contexts)
    for context in contexts:
        context.close()
    server.shutdown()
    thread.join()
    database.dispose()


def bid(guest: Visitor, amount: str) -> None:
    """Type a price, read the question, say yes."""
    page = guest.page
    page.get_by_label("Your new price for the whole lot (EUR)").fill(amount)
    page.get_by_role("button", name="Bid now").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("#auction-ask-price")).to_have_text(f"€{float(amount):,.2f}")
    dialog.get_by_role("button", name="Bid this price").press("Enter")
    expect(page.get_by_text("Your bid is in:")).to_be_visible()


def numbers(guest: Visitor) -> list[int]:
    """The events that the page has shown, oldest first."""
    shown = guest.page.locator("#auction-log li").evaluate_all(
        "items => items.map(item => Number(item.dataset.number))"
    )
    return list(reversed(shown))


def best(guest: Visitor, amount: str) -> None:
    expect(guest.page.locator("[data-best]")).to_have_text(amount)


def test_three_bidders_with_overtime_and_a_lost_connection(hall: Hall) -> None:
    first, second, third = (hall.enter(actor) for actor in hall.hammer.sourcing.suppliers)
    ends = first.page.locator("[data-change]").get_attribute("data-change")
    assert first.barriers() == []
    bid(second, "2900.00")
    best(first, "€2,900.00")
    expect(first.page.locator("[data-rank]")).to_have_text("2")
    expect(first.page.locator("#auction-says")).to_contain_text("Your rank is now 2.")
    moved = first.page.locator("[data-change]").get_attribute("data-change")
    assert ends is not None
    assert moved is not None
    assert moved > ends

    # what it is to miss nothing after: it has seen the first bid when the line breaks
    best(third, "€2,900.00")
    third.page.context.set_offline(True)
    expect(third.page.locator("#auction-offline")).to_be_visible()
    bid(first, "2800.00")
    bid(second, "2700.00")
    best(first, "€2,700.00")
    best(third, "€2,900.00")
    third.page.context.set_offline(False)
    best(third, "€2,700.00")
    expect(third.page.locator("#auction-offline")).to_be_hidden()
    bid(third, "2600.00")
    best(first, "€2,600.00")
    for guest in (first, second, third):
        expect(guest.page.locator("#auction-log li")).to_have_count(5)
        assert numbers(guest) == [1, 2, 3, 4, 5]
        assert guest.faults == []
    third.screenshot("auction-bidder")


def test_a_bid_is_sent_although_another_came_while_it_was_asked_about(hall: Hall) -> None:
    first, second = (hall.enter(actor) for actor in hall.hammer.sourcing.suppliers[:2])
    page = first.page
    page.get_by_label("Your new price for the whole lot (EUR)").fill("2700.00")
    page.get_by_role("button", name="Bid now").press("Enter")
    dialog = page.get_by_role("dialog")
    asked = page.locator("form.auction-bid").element_handle()
    assert asked is not None
    bid(second, "2900.00")
    # the board is renewed behind the question, and with it the form that the question is about
    page.wait_for_function("form => !form.isConnected", arg=asked)
    dialog.get_by_role("button", name="Bid this price").press("Enter")
    expect(page.get_by_text("Your bid is in: €2,700.00")).to_be_visible()
    best(second, "€2,700.00")
    assert [*first.faults, *second.faults] == []


def test_the_cockpit_and_a_phone(hall: Hall) -> None:
    buyer = hall.enter(hall.hammer.buyer)
    phone = hall.enter(hall.hammer.bidder(1), viewport=NARROW)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 320
    bid(phone, "2900.00")
    expect(buyer.page.locator("#auction-board tbody tr").first).to_contain_text("€2,900.00")
    assert buyer.barriers() == []
    assert phone.barriers() == []
    expect(buyer.page.locator("#auction-offline")).to_be_hidden()
    buyer.screenshot("auction-cockpit")
    phone.screenshot("auction-phone")
    buyer.page.get_by_role("button", name="Stop the clock").click()
    expect(phone.page.locator("#auction-board")).to_have_attribute("data-state", "paused")
    assert [*buyer.faults, *phone.faults] == []


def test_planning_without_barriers(hall: Hall) -> None:
    buyer = hall.enter(hall.hammer.buyer)
    assert buyer.goto(f"{hall.path}/plan") == 200
    assert buyer.barriers() == []
    buyer.screenshot("auction-plan")
    assert buyer.goto("/auctions") == 200
    assert buyer.barriers() == []
