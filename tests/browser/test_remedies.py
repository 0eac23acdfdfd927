"""After an award at a browser, by keyboard: letter, debrief, challenge, ruling."""

from collections.abc import Iterator
from typing import Any

import pytest

from marketplace.identity.permissions import Role
from marketplace.rfq.services import settings as house
from tests.browser.conftest import WIDE
from tests.browser.stage import Guest, Stage, open_stage
from tests.conftest import sign_in_token
from tests.factories.identity import make_actor, make_organisation
from tests.factories.remedies import make_decided

NARROW = {"width": 320, "height": 700}


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_the_letter_to_the_ruling(stage):
    with stage.database.transaction() as session:
        company = make_organisation(session, name="Ville de Lyon")
        admin = make_actor(session, company.kind, Role.ADMIN, organisation=company)
        house.update(
            session, admin, standstill_days=10, debrief_days=15, dispute_clause="CMAP, Paris"
        )
        buyer = make_actor(session, organisation=company)
        decided = make_decided(session, buyer=buyer, reasons="Price alone decided.")
        people = (decided.loser, decided.judge, admin)
        tokens = [sign_in_token(session, each) for each in people]
        rfq_id, award_id = decided.sourcing.rfq.id, decided.award_id
    stage.work()
    loser, judge, head = (stage.enter_with(token) for token in tokens)

    head.open("/settings/sourcing")
    head.sees("Standstill in calendar days")
    checked(head, "settings-sourcing")

    loser.open(f"/rfqs/{rfq_id}/outcome")
    loser.sees("In standstill", "nothing is ordered before the standstill has ended")
    checked(loser, "outcome-loser")
    loser.click("Read your letter")
    loser.sees(
        "Regret letter",
        "Your bid: rank 2.",
        "Price alone decided.",
        "CMAP, Paris",
        "Awarded to others",
    )
    checked(loser, "letter")

    loser.open(f"/rfqs/{rfq_id}/outcome")
    loser.click("Ask for a debrief")
    checked(loser, "debrief-new")
    write(loser, "Which price was better than ours?")
    loser.sees("Waits for an answer", "Which price was better than ours?")
    checked(loser, "debrief")

    loser.open(f"/rfqs/{rfq_id}/outcome")
    loser.click("Challenge the decision")
    loser.page.locator("#f-files").set_input_files(
        {"name": "grounds.txt", "mimeType": "text/plain", "buffer": b"the criteria as published"}
    )
    write(loser, "The weights are not those that were published.")
    loser.sees("Filed", "grounds.txt", "Admission")
    stage.work()

    judge.open("/")
    judge.sees("Settle a challenge about")
    judge.open(f"/rfqs/{rfq_id}/outcome")
    judge.sees("The award is held back", "Challenge by", "Award letter")
    checked(judge, "outcome-buyer")
    judge.open(f"/rfqs/{rfq_id}/awards/{award_id}/withdraw")
    checked(judge, "award-withdraw")
    judge.open(f"/rfqs/{rfq_id}/outcome")
    judge.page.locator("main").get_by_role("link", name="Challenge by").first.click()
    judge.sees("grounds.txt", "Admit the challenge: talks begin")
    checked(judge, "challenge-buyer")
    judge.page.locator('[name="action"][value="admit"]').focus()
    judge.page.keyboard.press("Space")
    write(judge, "We look into it.")
    judge.sees("Admitted", "Talk now")
    judge.page.locator('[name="action"][value="uphold"]').focus()
    judge.page.keyboard.press("Space")
    write(judge, "You are right.")
    judge.sees("Upheld")
    judge.open(f"/rfqs/{rfq_id}/outcome")
    judge.sees("Decision withdrawn", "A challenge against the decision was upheld.")
    checked(judge, "outcome-withdrawn")
    assert loser.faults == judge.faults == []


def write(guest: Guest, words: str) -> None:
    """Type into the form and send it, without the mouse."""
    guest.page.locator("#f-body").focus()
    guest.page.keyboard.type(words)
    guest.page.locator('main form.entry button[type="submit"]').focus()
    guest.page.keyboard.press("Enter")


def checked(guest: Guest, name: str) -> None:
    """No barrier, no sideways scrolling on a narrow screen, a picture."""
    assert guest.barriers() == []
    guest.screenshot(name)
    guest.page.set_viewport_size(NARROW)
    assert guest.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    guest.screenshot(f"{name}-narrow")
    guest.page.set_viewport_size(WIDE)
