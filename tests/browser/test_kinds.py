"""A request for information in a browser: chosen, answered without prices, graded, taken over."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketplace.rfq.bids.content import Answer
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.kinds import RfqKind
from marketplace.rfq.terms.states import CriterionKind
from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.bids import make_sourcing

QUESTIONS = [
    CriterionDraft("Coverage", CriterionKind.QUALITY, Decimal(70), 10),
    CriterionDraft("Lead time", CriterionKind.DELIVERY, Decimal(30), 10),
]


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_the_choice_to_the_rfq_that_follows(stage):
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, suppliers=2, kind=RfqKind.RFI, criteria=QUESTIONS)
        running = make_sourcing(
            session, buyer=sourcing.buyer, bidders=sourcing.suppliers, kind=RfqKind.RFI,
            criteria=QUESTIONS,
        )  # fmt: skip
        for number, text in enumerate(["All of France", "Paris and its suburbs"]):
            answers = (Answer(sourcing.criteria[0].id, text),)
            sourcing.submit(number, answers=answers, before=timedelta(hours=2 - number))
        sourcing.open()
        url, other = f"/rfqs/{sourcing.rfq.id}", f"/rfqs/{running.rfq.id}"
        tokens = [sign_in_token(session, each) for each in (sourcing.buyer, sourcing.suppliers[0])]
    buyer, supplier = (stage.enter_with(token) for token in tokens)

    buyer.open("/rfqs/kinds")
    buyer.click("New RFI")
    buyer.sees("Request for information (RFI)")
    buyer.fill(title="What does the market offer?")
    buyer.page.keyboard.press("Enter")
    buyer.page.wait_for_url("**/draft")
    buyer.click("Questions and weights")
    buyer.sees("What you want to know")
    checked(buyer, "rfi-questions")

    supplier.open(other)
    supplier.click("Answer the RFI")
    supplier.page.get_by_role("link", name="Answer the RFI").last.click()
    supplier.sees("No prices are asked.")
    checked(supplier, "rfi-answering")
    supplier.page.get_by_label("Coverage").fill("All of France")
    supplier.click("Save and check")
    supplier.sees("You are about to send your answers to")
    supplier.click("Send the answers")
    supplier.sees("Your answers are sent and sealed.")
    supplier.click("My answers")
    supplier.sees("All of France")

    buyer.open(f"{url}/evaluation")
    buyer.sees("Answers side by side", "Paris and its suburbs", "No answer")
    for place, score in enumerate(("9", "8", "5", "4")):
        buyer.page.locator(f"#f-scores-{place}-score").fill(score)
    buyer.click("Save the scores")
    # 70 x 0.9 + 30 x 0.8, and 70 x 0.5 + 30 x 0.4
    buyer.sees("87.00", "47.00")
    checked(buyer, "rfi-answers")
    buyer.click("Close with findings")
    checked(buyer, "rfi-findings")
    buyer.fill(findings="One supplier covers the whole country.")
    buyer.page.get_by_role("button", name="Close with findings").click()
    buyer.sees("Closed. Everybody who has answered is told.")
    buyer.click("Ask for prices")
    checked(buyer, "rfi-follow-up")
    buyer.page.get_by_label("47.00 of 100").uncheck()
    buyer.page.get_by_role("button", name="Make the RFQ").click()
    buyer.sees("This is the RFQ.", "1 supplier is invited")
    supplier.open(url)
    supplier.sees("Findings", "One supplier covers the whole country.")
    checked(supplier, "rfi-read-findings")
    assert buyer.faults == supplier.faults == []
