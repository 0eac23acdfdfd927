"""A published RFQ changed and suspended at a browser: the buyer's form, the supplier's click."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.bids import make_sourcing
from tests.factories.rfq import a_line


@pytest.fixture
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_the_addendum_to_the_confirmation(stage):
    with stage.database.transaction() as session:
        lines = [a_line(description=f"Part {number}") for number in (1, 2)]
        sourcing = make_sourcing(session, suppliers=1, lines=lines)
        sourcing.submit(0, "5", "6", before=timedelta(days=6, hours=23))
        rfq_id = sourcing.rfq.id
        tokens = [sign_in_token(session, each) for each in (sourcing.buyer, sourcing.suppliers[0])]
    buyer, supplier = (stage.enter_with(token) for token in tokens)

    buyer.open(f"/rfqs/{rfq_id}")
    buyer.click("Change by addendum")
    buyer.fill(reason="Two more machines", lines__0__quantity__value="120")
    checked(buyer, "addendum")
    buyer.click("Save and check")
    buyer.sees("Line 1", "100 pieces", "120 pieces", "Bidders have to confirm 1 line")
    checked(buyer, "addendum-check")
    buyer.confirm("Publish the addendum")
    buyer.sees("Addendum 1", "Two more machines")
    checked(buyer, "addenda")
    buyer.open(f"/rfqs/{rfq_id}/history")
    buyer.sees("Addendum 1", "Addendum published")

    supplier.open(f"/rfqs/{rfq_id}")
    supplier.sees("To be confirmed, as far as you have priced them: line 1.")
    checked(supplier, "amended")
    supplier.page.get_by_role("button", name="My prices for these lines stand").focus()
    supplier.page.keyboard.press("Enter")
    supplier.sees("Confirmed")
    checked(supplier, "confirmation-receipt")

    buyer.open(f"/rfqs/{rfq_id}/suspend")
    buyer.fill(reason="Awaiting the permit")
    checked(buyer, "suspend")
    buyer.click("Suspend the RFQ")
    buyer.sees("Suspended", "Awaiting the permit")
    supplier.open(f"/rfqs/{rfq_id}")
    supplier.sees("no bids are accepted and no deadline passes", "Awaiting the permit")
    checked(supplier, "suspended")
    buyer.click("Resume the RFQ")
    checked(buyer, "resume")
    buyer.click("Resume")
    buyer.sees("Open for responses")
    assert buyer.faults == supplier.faults == []
