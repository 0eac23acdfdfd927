"""Award scenarios at a browser, by keyboard: solve a usual one, write rules, fill in the award."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from marketplace.settings import Settings
from tests.browser.conftest import PHONE, WIDE
from tests.browser.stage import Stage, open_stage
from tests.conftest import sign_in_token
from tests.factories.scenarios import make_compared


@pytest.fixture
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_a_usual_scenario_to_the_award(stage):
    with stage.database.transaction() as session:
        sourcing = make_compared(session)
        token, rfq_id = sign_in_token(session, sourcing.buyer), sourcing.rfq.id
    guest = stage.enter_with(token)
    keys = guest.page.keyboard

    guest.open(f"/rfqs/{rfq_id}/scenarios")
    guest.sees("No scenarios yet", "€5,850.00")
    guest.page.locator('input[name="preset"][value="single_supplier"]').focus()
    keys.press("Space")
    guest.page.get_by_role("button", name="Add and solve").focus()
    keys.press("Enter")
    guest.sees("Cheapest single supplier", "Being solved")
    stage.work()
    guest.open(f"/rfqs/{rfq_id}/scenarios")
    assert guest.row("Cheapest single supplier") == [
        "Cheapest single supplier", "Solved", "€6,000.00", "€150.00 2.6%", "1", "—", "proven best",
    ]  # fmt: skip
    assert guest.barriers() == []
    guest.screenshot("scenarios")

    guest.click("New scenario")
    guest.page.locator('[name="name"]').focus()
    keys.type("Two of them, none above two fifths")
    for row, kind, value in ((0, "max_suppliers", "2"), (1, "max_share", "40")):
        guest.page.locator(f'[name="constraints.{row}.kind"]').select_option(kind)
        guest.page.locator(f'[name="constraints.{row}.value"]').focus()
        keys.type(value)
    assert guest.barriers() == []
    guest.screenshot("scenario-new")
    keys.press("Enter")
    guest.sees("You need not wait here", "Steps 0 / 3")
    stage.work()
    # the page learns of the end by itself
    guest.sees(
        "What would make it possible",
        "At most 40 per cent of the value: each supplier; the whole event: 50.00%",
        "instead of 40.00%",
        "The award would then come to €6,000.00.",
    )
    assert guest.barriers() == []
    guest.screenshot("scenario-impossible")

    guest.open(f"/rfqs/{rfq_id}/scenarios")
    guest.click("Cheapest single supplier")
    guest.sees("At most 1 supplier wins; the whole event", "€150.00")
    assert guest.barriers() == []
    guest.page.set_viewport_size(PHONE)
    assert guest.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    guest.page.set_viewport_size(WIDE)
    guest.click("Fill in the award")
    guest.sees("Who gets this lot?")
    guest.click("Check the award")
    guest.sees("You are about to award", "€6,000.00")
    assert guest.faults == []
