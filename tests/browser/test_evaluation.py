"""Criteria, formulas, the lock of the scores and low prices at a browser, axe on every page."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketplace.rfq.bids.content import Answer
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq

QUESTION = CriterionDraft(
    "Certified", CriterionKind.QUALITY, None, section="Quality", importance=7,
    answer=AnswerSpec(AnswerType.YES_NO, knock_out=True),
)  # fmt: skip
SECTIONS = [Section("Quality", Decimal(40))]
PRICE = CriterionDraft("Price", CriterionKind.PRICE, Decimal(60))


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_the_criteria_of_a_draft(stage):
    with stage.database.transaction() as session:
        actor = make_actor(session)
        rfq = make_rfq(session, actor, criteria=[PRICE, QUESTION], sections=SECTIONS)
        token = sign_in_token(session, actor)
    buyer = stage.enter_with(token)
    buyer.open(f"/rfqs/{rfq.id}/criteria")
    buyer.page.get_by_label("Formula").select_option("linear_range")
    buyer.click("Save and show what it does")
    buyer.sees("The dearest bid earns nothing", "Points with C")
    checked(buyer, "criteria")
    buyer.page.get_by_role("link", name="Question and grading: Certified").click()
    buyer.sees("Must be met (knock-out)")
    checked(buyer, "question")
    buyer.open(f"/rfqs/{rfq.id}/header")
    checked(buyer, "header-with-evaluation")
    assert buyer.faults == []


def test_from_blind_scores_to_the_ruling(stage):
    with stage.database.transaction() as session:
        sourcing = make_sourcing(
            session, suppliers=2, criteria=[PRICE, QUESTION], sections=SECTIONS, blind_scoring=True,
            low_price_check=True,
        )  # fmt: skip
        for number, (price, said) in enumerate([("5", "yes"), ("20", "no")]):
            answers = (Answer(sourcing.criteria[1].id, said),)
            sourcing.submit(number, price, "6", answers=answers, before=timedelta(hours=3 - number))
        sourcing.open()
        rfq_id = sourcing.rfq.id
        tokens = [sign_in_token(session, each) for each in (sourcing.buyer, sourcing.suppliers[0])]
    buyer, supplier = (stage.enter_with(token) for token in tokens)
    buyer.open(f"/rfqs/{rfq_id}/evaluation")
    buyer.sees("Quality before price", "Required answers that are not met", "pre-graded 100.00")
    checked(buyer, "blind")
    buyer.click("Save the scores")
    buyer.page.get_by_role("link", name="Lock the scores").click()
    checked(buyer, "lock")
    buyer.click("Lock the scores")
    buyer.sees("The scores are locked")
    checked(buyer, "locked")
    buyer.open(f"/rfqs/{rfq_id}/evaluation")
    buyer.sees("1 total is abnormally low.")
    checked(buyer, "compared")
    buyer.page.locator("#ranking ~ .table-scroll tbody a").first.click()
    buyer.sees("Every point explained")
    checked(buyer, "explained")
    buyer.open(f"/rfqs/{rfq_id}/low-prices")
    buyer.fill(question="How is that possible?")
    checked(buyer, "low-prices")
    buyer.click("Ask for a justification")
    buyer.sees("The supplier is asked.")
    supplier.open(f"/rfqs/{rfq_id}/bids/justification")
    supplier.fill(text="Own stock")
    checked(supplier, "justification")
    supplier.click("Send the justification")
    supplier.sees("Your answer has reached the buyer.")
    buyer.open(f"/rfqs/{rfq_id}/low-prices")
    buyer.sees("Own stock")
    checked(buyer, "ruling")
    buyer.open(f"/rfqs/{rfq_id}/bids")
    buyer.page.locator("table a").first.click()
    buyer.page.get_by_role("link", name="Exclude this bid").click()
    checked(buyer, "exclude")
    buyer.fill(reason="Withdrawn by its supplier")
    buyer.click("Exclude this bid")
    buyer.sees("Excluded bids", "Withdrawn by its supplier")
    checked(buyer, "excluded")
    assert buyer.faults == supplier.faults == []
