"""Two lots, an addendum while bids are in, two officers, scenarios, a split award, letters."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from marketplace.settings import Settings
from tests.browser import flow_depth as depth
from tests.browser.stage import CHEAP, DEAR, WINNER, Stage, open_stage


@pytest.fixture
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_sealed_lots_to_letters(stage: Stage) -> None:
    tender = depth.draft(stage)
    ada, ben, cleo = (stage.enter_as(officer) for officer in tender.officers)
    for officer in (ada, ben, cleo):
        depth.make_key(officer)
    depth.publish(tender, ada)
    winner, dear, cheap = (stage.enter(company.people[0]) for company in (WINNER, DEAR, CHEAP))
    depth.bid(tender, winner, "18,90", "4,10", "35,00")
    depth.bid_by_excel(tender, dear, 21.5, 3.95, 32)
    depth.bid(tender, cheap, "17.60", "4.40", "30.00")
    depth.amend(tender, ada)
    stage.work()
    depth.bid(tender, winner, "18,90", "4,00", "35,00")
    depth.confirm(tender, dear)

    depth.bidding_over(stage, tender)
    ada, ben, cleo = (stage.enter_as(officer) for officer in tender.officers)
    depth.give_shares(tender, ada, ben)
    depth.compare(tender, ada)
    depth.two_scenarios(stage, tender, ada)
    depth.award(tender, ada)
