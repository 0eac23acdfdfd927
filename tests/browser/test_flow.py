"""Need to paid order: six people, each in a browser of their own, clicking through the portal."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser

from marketplace.identity.permissions import Role
from marketplace.settings import Settings
from tests.browser import flow_ordering as ordering
from tests.browser import flow_sourcing as sourcing
from tests.browser.stage import CHEAP, DEAR, WINNER, Stage, member, open_stage


@pytest.fixture
def stage(
    new_database: Callable[[], str], settings: Settings, chromium: Browser
) -> Iterator[Stage]:
    with open_stage(new_database(), settings, chromium) as opened:
        yield opened


def test_from_a_need_to_a_paid_order_and_what_follows(stage):
    buyer = stage.enter(member(Role.BUYER))
    winner, dear, cheap = (stage.enter(company.people[0]) for company in (WINNER, DEAR, CHEAP))

    began = time.monotonic()
    tender = sourcing.draft(buyer)
    took = time.monotonic() - began
    bidding = timedelta(seconds=max(sourcing.SHORTEST_BIDDING, 3 * took))
    sourcing.publish(buyer, tender, bidding)
    sourcing.ask_and_answer(stage, tender, buyer, winner)
    sourcing.bid_in_french(tender, winner)
    sourcing.bid(tender, dear, "€3,457.50", "21.50", "3.95", "32.00")
    sourcing.replace_bid(tender, dear)
    sourcing.read_answer(tender, cheap)
    sourcing.bid(tender, cheap, "€3,160.00", "17.60", "4.40", "30.00", picture="flow-bid")
    sourcing.look_before_deadline(tender, buyer)

    approver, receiver = stage.enter(member(Role.APPROVER)), stage.enter(member(Role.RECEIVER))
    sourcing.open_bids(tender, buyer)
    sourcing.compare(buyer)
    sourcing.award(buyer)
    stage.work()
    sourcing.read_outcome(tender, winner, dear, cheap)

    order = ordering.submit_order(stage, buyer)
    ordering.approve(stage, approver)
    ordering.acknowledge(order, winner)
    ordering.book_deliveries(stage, order, receiver)
    invoice = ordering.invoice(stage, winner)
    ordering.check_match(invoice, buyer)
    ordering.pay(stage, invoice, buyer)
    ordering.complete(order, buyer, winner)
    ordering.scorecard(buyer)
    ordering.points(buyer)
    ordering.analytics(winner)

    everybody = (buyer, winner, dear, cheap, approver, receiver)
    assert [fault for guest in everybody for fault in guest.faults] == []
