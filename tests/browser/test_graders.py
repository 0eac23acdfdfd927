"""A grader is named, declares, scores alone and sees the spread after the lock, in a browser."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Role
from marketplace.rfq.bids.content import Answer
from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.bids import make_sourcing
from tests.factories.identity import actor_of, make_person


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_the_naming_to_the_spread(stage):
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, suppliers=2, blind_scoring=True)
        for number, price in enumerate(["5", "20"]):
            answers = (Answer(sourcing.criteria[1].id, "We answer within a day"),)
            sourcing.submit(number, price, "6", answers=answers, before=timedelta(hours=3 - number))
        sourcing.open()
        rfq_id = sourcing.rfq.id
        organisation = session.get_one(Organisation, sourcing.buyer.org_id)
        ada = actor_of(session, make_person(session, organisation, Role.RECEIVER, name="Ada"))
        bob = actor_of(session, make_person(session, organisation, Role.ADMIN, name="Bob"))
        tokens = [sign_in_token(session, each) for each in (sourcing.buyer, ada, bob)]
    buyer, first, second = (stage.enter_with(token) for token in tokens)
    buyer.open(f"/rfqs/{rfq_id}/graders")
    buyer.sees("No graders are named")
    for name in ("Ada", "Bob"):
        buyer.page.get_by_label("Person").select_option(label=name)
        buyer.click("Name the grader")
        buyer.sees("The grader is named and will be told.")
    checked(buyer, "graders")
    first.open("/")
    first.page.get_by_role("link", name="Declare your interests for").click()
    first.sees("Does anything tie you to a bidder")
    checked(first, "declaration")
    for person, scores in ((first, ("50", "70.5")), (second, ("90", "80"))):
        person.open(f"/rfqs/{rfq_id}/graders")
        person.page.get_by_label("No conflict of interest").check()
        person.page.get_by_role("button", name="Declare").click()
        person.sees("You have declared no conflict of interest.")
        person.page.get_by_role("link", name="Score the bids").click()
        person.sees("there are no prices here", "We answer within a day")
        for place, score in enumerate(scores):
            # by keyboard alone: from a score to its reason, and on
            person.page.locator(f"#f-scores-{place}-score").focus()
            person.page.keyboard.type(score)
            person.page.keyboard.press("Tab")
            person.page.keyboard.type("As they say")
        person.page.keyboard.press("Tab")
        person.page.keyboard.press("Enter")
        person.sees("Your scores are saved.")
    checked(first, "score-sheet")
    buyer.open(f"/rfqs/{rfq_id}/evaluation")
    buyer.sees("Ada: 2 of 2", "Bob: 2 of 2")
    checked(buyer, "graders-done")
    assert "70.5" not in buyer.page.content()
    buyer.open(f"/rfqs/{rfq_id}/quality")
    buyer.click("Lock the scores")
    buyer.open(f"/rfqs/{rfq_id}/evaluation")
    buyer.sees("75.25", "Ada: 70.50", "Bob: 80.00")
    checked(buyer, "spread")
    buyer.page.locator("#ranking ~ .table-scroll tbody a").first.click()
    buyer.sees("As they say", "standard deviation")
    checked(buyer, "spread-explained")
    assert buyer.faults == first.faults == second.faults == []
