"""Too few bids, costs beside the price and missing lines at a browser, axe on every page."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from marketplace.core.money import Quantity
from marketplace.rfq.bids.content import Answer
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.services import content
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis
from marketplace.rfq.terms.cost_terms import Costs, CostTerm
from marketplace.rfq.terms.drafts import CriterionDraft, LotDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.bids import make_sourcing
from tests.factories.rfq import a_line, make_rfq

ONE = Quantity(Decimal(1), "C62")
CRITERIA = [
    CriterionDraft("Price", CriterionKind.PRICE, Decimal(100)),
    CriterionDraft(
        "Energy use", CriterionKind.OTHER, Decimal(0), answer=AnswerSpec(AnswerType.NUMBER, "kWh")
    ),
]
ENERGY = CostTerm(
    "Energy", CostSource.ANSWER, 1, "Energy use", rate=Decimal("0.15"), periods=Decimal(5)
)
FITTING = CostTerm("Fitting", CostSource.ENTERED, 1)


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_the_draft_to_the_award(stage):
    with stage.database.transaction() as session:
        sourcing = make_sourcing(
            session,
            suppliers=2,
            lots=[LotDraft("Presses"), LotDraft("Tools")],
            lines=[
                a_line(description="Press", quantity=ONE),
                a_line(description="Feeder", quantity=ONE),
                a_line(description="Tool", quantity=ONE, lot=2),
            ],
            criteria=CRITERIA,
            costs=Costs(PriceBasis.TOTAL_COST, (ENERGY, FITTING)),
            minimum_bids=2,
        )
        tender = make_rfq(session, sourcing.buyer, lots=[LotDraft("Presses"), LotDraft("Tools")])
        content.set_criteria(session, sourcing.buyer, tender.id, CRITERIA)
        draft = make_rfq(session, sourcing.buyer, criteria=CRITERIA)
        for number, (said, *prices) in enumerate(
            [("12000", "900", "100", "50"), ("8000", "1300", None, None)]
        ):
            answers = (Answer(sourcing.criteria[1].id, said),)
            sourcing.submit(number, *prices, answers=answers, before=timedelta(hours=2 - number))
        sourcing.open()
        url = f"/rfqs/{sourcing.rfq.id}"
        buyer, supplier = (
            stage.enter_with(sign_in_token(session, each))
            for each in (sourcing.buyer, sourcing.suppliers[0])
        )

    buyer.open(f"/rfqs/{draft.id}/draft")
    buyer.click("Costs beside the price")
    buyer.page.get_by_label("Total cost of ownership").check()
    buyer.fill(terms__0__name="Energy", terms__0__criterion="Energy use", terms__0__rate="0.15")
    checked(buyer, "costs-of-a-draft")
    buyer.click("Save")
    buyer.sees("1 cost")
    buyer.open(f"/rfqs/{tender.id}/criteria")
    buyer.sees("Weights by lot", "as in the event")
    checked(buyer, "criteria-with-lots")
    buyer.click("Weights of lot 2")
    buyer.fill(weights__0__weight="70", weights__1__weight="30")
    checked(buyer, "weights-of-a-lot")
    buyer.click("Save")
    buyer.sees("Price 70 %; Energy use 30 %")
    buyer.open(f"/rfqs/{draft.id}/header")
    checked(buyer, "header-with-least-bids")

    buyer.open(f"{url}/evaluation")
    buyer.sees("Lot 2: fewer suppliers bid than asked for (1 of 2).", "Where bids leave lines out")
    checked(buyer, "comparison-with-costs")
    buyer.click("Missing lines filled with the average price")
    buyer.sees("line 2: 1 piece filled with €100.00", "€1,400.00")
    checked(buyer, "comparison-filled")
    buyer.page.get_by_role("link", name="Enter costs of").first.click()
    checked(buyer, "costs-of-a-bid")
    buyer.fill(costs__0__amount__amount="250.50", costs__0__reason="Quote of the fitter")
    buyer.click("Save the costs")
    # 1000 + 12000 x 0.15 x 5 + 250.50
    buyer.sees("The costs are saved.", "€10,250.50")
    buyer.page.get_by_role("link", name=sourcing_name(buyer)).last.click()
    buyer.sees("Quote of the fitter")
    checked(buyer, "costs-explained")

    buyer.open(f"{url}/award")
    checked(buyer, "award-with-too-few")
    buyer.click("Rule on the bids for lot 2")
    checked(buyer, "ruling-on-bids")
    buyer.page.get_by_label("Continue with fewer bids").check()
    buyer.fill(reason="Nobody else makes these tools")
    buyer.click("Save the ruling")
    buyer.sees("The ruling is saved.", "1 of 2 wanted", "Nobody else makes these tools")
    checked(buyer, "lots-with-a-ruling")
    supplier.open(url)
    supplier.sees("Minimum number of bids for a lot", "Energy use × €0.15 × 5")
    checked(supplier, "published-costs")
    assert buyer.faults == supplier.faults == []


def sourcing_name(buyer):
    """The supplier that stands first in the ranking."""
    return buyer.page.locator("table:has(caption), table").last.locator("th a").first.inner_text()
