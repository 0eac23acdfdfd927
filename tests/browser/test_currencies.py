"""Bids in two currencies at a browser: written, sealed, compared and awarded, axe on every page."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from marketplace.rfq.bids.content import PricedLine
from marketplace.rfq.terms.offering import OfferKind
from marketplace.rfq.terms.rates import ExchangeRate
from tests.browser.stage import Stage, open_stage
from tests.browser.test_remedies import checked
from tests.conftest import sign_in_token
from tests.factories.awards import PRICE_ALONE, bids_of
from tests.factories.bids import make_sourcing
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_rfq

JPY = ExchangeRate("JPY", Decimal("159.2915"), date(2026, 1, 5), "Bank of Japan")
DOLLARS = {"currency": "USD", "rates": [JPY], "lines": [a_line(description="Press")]}


@pytest.fixture(scope="module")
def stage(new_database: Any, settings: Any, chromium: Any) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_the_rates_of_a_draft(stage: Stage) -> None:
    with stage.database.transaction() as session:
        actor = make_actor(session)
        rfq = make_rfq(session, actor, currency="USD")
    buyer = stage.enter_as(actor)
    buyer.open(f"/rfqs/{rfq.id}/header")
    buyer.fill(
        rates__0__currency="jpy", rates__0__rate="159.2915", rates__0__as_of="2026-01-05",
        rates__0__source="Bank of Japan",
    )  # fmt: skip
    checked(buyer, "currency-header")
    buyer.page.locator('[name="rates.0.source"]').press("Enter")
    buyer.sees("Saved.")
    buyer.open(f"/rfqs/{rfq.id}/publish")
    buyer.sees("Bids are compared by these rates", "1 USD = 159.2915 JPY")
    checked(buyer, "currency-check")
    assert buyer.faults == []


def test_from_the_yen_to_the_award(stage: Stage) -> None:
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, **DOLLARS, criteria=PRICE_ALONE, allows=list(OfferKind))
        tokens = [sign_in_token(session, each) for each in (sourcing.buyer, sourcing.suppliers[1])]
    buyer, supplier = (stage.enter_with(token) for token in tokens)
    root = f"/rfqs/{sourcing.rfq.id}"
    supplier.open(f"{root}/bids/edit")
    supplier.page.get_by_label("Currency of your bid").select_option("JPY")
    supplier.page.locator("#f-lines-0-unit_price-amount").fill("10,000")
    checked(supplier, "currency-bid")
    supplier.click("Save and check")
    supplier.sees("You are about to submit JP¥1,000,000", "Compared as US$6,277.80.")
    checked(supplier, "currency-bid-check")
    supplier.click("Submit the bid")
    supplier.sees("Receipt")
    with stage.database.transaction() as session:
        sourcing.session = session
        (line,) = sourcing.lines
        sourcing.submit_lines(0, PricedLine(line.id, Decimal(80), "USD"))
        sourcing.open()
        yen = bids_of(sourcing)[1]
    for page, words in (
        ("evaluation", "Bids in several currencies"),
        ("award", "JP¥1,000,000 (≈ US$6,277.80)"),
        (f"bids/{yen}", "≈ US$6,277.80"),
        (f"evaluation/bids/{yen}", "≈ US$6,277.80"),
        ("bids", "≈ US$6,277.80"),
        ("low-prices", "Abnormally low prices"),
    ):
        buyer.open(f"{root}/{page}")
        buyer.sees(words)
        checked(buyer, f"currency-{page.replace('/', '-').replace(str(yen), 'one')}")
    buyer.open(f"{root}/award")
    buyer.click("Check the award")
    buyer.sees("JP¥1,000,000 to", "≈ US$6,277.80")
    checked(buyer, "currency-award-check")
    assert buyer.faults == supplier.faults == []


def test_a_bid_in_yen_is_sealed_in_the_browser(stage: Stage) -> None:
    with stage.database.transaction() as session:
        sourcing = make_sourcing(session, **DOLLARS, criteria=PRICE_ALONE, client_sealing=True)
        token = sign_in_token(session, sourcing.suppliers[0])
    supplier = stage.enter_with(token)
    supplier.open(f"/rfqs/{sourcing.rfq.id}/bids/seal")
    supplier.page.wait_for_selector("#seal-form", state="visible")
    supplier.page.get_by_label("Currency of your bid").select_option("JPY")
    supplier.page.locator("#f-lines-0-unit_price-amount").fill("10000")
    checked(supplier, "currency-seal")
    supplier.page.get_by_role("button", name="Seal the bid").press("Enter")
    supplier.page.wait_for_selector("#seal-done", state="visible")
    supplier.page.get_by_role("button", name="Send the sealed bid").press("Enter")
    supplier.sees("Your sealed bid has arrived.")
    supplier.open(f"/rfqs/{sourcing.rfq.id}/bids/seal")
    supplier.page.wait_for_selector("#seal-form", state="visible")
    assert supplier.page.locator("#f-currency").input_value() == "JPY"
    with stage.database.transaction() as session:
        sourcing.session = session
        minutes = sourcing.open()
        assert minutes.bid_count == 1
        (bid,) = bids_of(sourcing)
    buyer = stage.enter_as(sourcing.buyer)
    buyer.open(f"/rfqs/{sourcing.rfq.id}/bids/{bid}")
    buyer.sees("Currency of this bid: JPY", "JP¥1,000,000 ≈ US$6,277.80")
    assert supplier.faults == buyer.faults == []
