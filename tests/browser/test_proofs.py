"""Proofs in a real browser: the page that explains them, and a file taken away by keyboard."""

import re
from pathlib import Path

from marketplace.identity.permissions import Role
from marketplace.rfq.proofs import reading
from marketplace.rfq.proofs.verifying import verify
from tests.browser.conftest import PHONE, person

RFQ = re.compile(r'href="(/rfqs/[0-9a-f-]{36})"')


def test_anybody_reads_how_on_a_phone_and_in_both_languages(visitor):
    for options in ({}, {"viewport": PHONE, "has_touch": True}):
        guest = visitor(**options)
        for language, heading in (
            ("fr", "Comment vérifier les récépissés et les ouvertures"),
            ("en", "How receipts and openings are verified"),
        ):
            assert guest.goto("/verifying") == 200
            guest.page.locator(f".languages button[value={language}]").click()
            guest.page.wait_for_selector(f"html[lang={language}]")
            assert guest.page.locator("h1").inner_text() == heading
            assert guest.barriers() == []
            assert guest.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        guest.screenshot(f"verifying-{len(options)}")
        assert guest.faults == []


def test_the_opening_file_is_taken_away_by_keyboard_and_verifies(visitor):
    guest = visitor()
    guest.sign_in(person(Role.BUYER))
    guest.goto(f"{opened_rfq(guest)}/bids")
    link = guest.page.locator('a[href$="/opening/file"]')
    link.focus()
    assert guest.barriers() == []
    guest.screenshot("proofs-to-keep")
    with guest.page.expect_download() as download:
        guest.page.keyboard.press("Enter")
    file = reading.opening_file(Path(download.value.path()).read_bytes())
    assert file.outcome is not None
    assert [finding for finding in verify(file) if finding.fault] == []


def opened_rfq(guest):
    """An RFQ of the demo whose bids have been opened."""
    guest.goto("/rfqs")
    for path in dict.fromkeys(RFQ.findall(guest.page.content())):
        if "/opening/minutes" in guest.page.request.get(f"{guest.site}{path}/bids").text():
            return path
    raise AssertionError("The demo has no opened RFQ on the first page.")
