"""Two lots, an addendum while bids are in, two officers, three graders, an award in parts."""

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
    depth.name_graders(tender, ada)
    for grader, scores in zip((ada, ben, cleo), depth.GIVEN.values(), strict=True):
        depth.grade(tender, grader, scores)
    depth.lock(tender, ada)
    depth.compare(tender, ada)
    depth.compare_scenarios(stage, tender, ada)
    depth.award(tender, ada)
    stage.work()

    loser = stage.enter(DEAR.people[0])
    letter = depth.read_letter(tender, loser, "Read your letter")
    loser.sees("Regret letter", "rank 2", "rank 1", "€3,335.00", "87.59", "€320.00", "88.25")
    loser.sees(WINNER.name, "€3,090.00", "96.00", CHEAP.name, "€300.00", "84.00")
    # nothing of what the winner of the one lot lost in the other
    loser.sees_nothing_of("350.00", "87.43", "1,760")
    assert (WINNER.name in letter, CHEAP.name in letter) == (True, True)
    assert [each for each in ("350.00", "87.43", "1,760") if each in letter] == []
    french = stage.enter(WINNER.people[0])
    letter = depth.read_letter(tender, french, "Lire votre lettre")
    french.sees("3 090,00 €", "96,00", CHEAP.name, "300,00 €")
    french.sees_nothing_of(DEAR.name, "3 335", "88,25")
    assert DEAR.name not in letter
    french.screenshot("depth-letter-fr")
    everybody = (ada, ben, cleo, winner, dear, cheap, loser, french)
    assert [fault for guest in everybody for fault in guest.faults] == []
