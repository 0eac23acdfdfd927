"""The award of an event of kind auction follows its auction, or says in writing why not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from marketplace.auctions.drafts import LotDraft as AuctionLotDraft
from marketplace.auctions.services import steering
from marketplace.auctions.states import AuctionType
from marketplace.core.audit import AuditEvent
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.models import Award
from marketplace.rfq.awards.round_rules import AuctionNotHeld, NotTheAuctionWinner
from marketplace.rfq.awards.rules import AwardHeld
from marketplace.rfq.bids.offer_models import BidOffer
from marketplace.rfq.bids.price_models import RoundPlace
from marketplace.rfq.services import awarding, evaluation, excluding
from marketplace.rfq.terms.kinds import RfqKind
from tests.clients import words
from tests.factories.auctions import PRICES, eur, make_auction
from tests.factories.bids import make_opened
from tests.factories.rfq import LotDraft, a_line


def an_event(session, *bids, **more):
    sourcing = make_opened(session, *(bids or PRICES), kind=RfqKind.AUCTION, **more)
    offers = session.scalars(select(BidOffer).where(BidOffer.rfq_id == sourcing.rfq.id))
    # the last bidder is the best where nothing but the scores tells them apart
    last = sourcing.suppliers[-1].org_id
    sourcing.score({each.bid_id: "10" if each.supplier_id == last else "0" for each in offers})
    return sourcing


def bid_of(sourcing, number):
    return sourcing.session.scalar(
        select(BidOffer.bid_id).where(
            BidOffer.rfq_id == sourcing.rfq.id,
            BidOffer.supplier_id == sourcing.suppliers[number].org_id,
        )
    )


def award(sourcing, number, why="", lots=(0,)):
    choices = [Choice(bid_of(sourcing, number), lot_id=sourcing.lots[n].id) for n in lots]
    return awarding.award(sourcing.session, sourcing.buyer, sourcing.rfq.id, choices, why)


def held(sourcing, *bids):
    """Its auction, closed after these bids."""
    hammer = make_auction(sourcing.session, sourcing=sourcing)
    for number, amount in bids:
        hammer.bid(number, amount)
    steering.close(sourcing.session, sourcing.buyer, sourcing.rfq.id)
    return hammer


def departures(session):
    return session.scalars(
        select(AuditEvent.data).where(AuditEvent.action == "rfq.auction_departed")
    ).all()


def test_nothing_is_awarded_before_the_auction_has_closed(session):
    sourcing = an_event(session)
    make_auction(session, sourcing=sourcing)
    with pytest.raises(AwardHeld):
        award(sourcing, 0, "We need it now.")
    assert session.scalars(select(Award)).all() == []


def test_the_winner_of_the_auction_needs_no_reason_whatever_the_scores_say(session):
    sourcing = an_event(session)
    held(sourcing, (1, "2990.00"))
    decided = award(sourcing, 1)
    assert [line.is_best for line in decided.lines] == [True, True]
    kept = decided.evidence["lots"][0]["auction"]
    assert (kept["held"], kept["followed"]) == (True, True)
    assert [
        (each["place"], each["bid_id"], Decimal(each["amount"])) for each in kept["places"]
    ] == [
        (1, str(bid_of(sourcing, 1)), Decimal(2990)),
        (2, str(bid_of(sourcing, 0)), Decimal(3000)),
        (3, str(bid_of(sourcing, 2)), Decimal(3200)),
    ]
    assert departures(session) == []


def test_another_bidder_needs_a_reason_which_is_kept(session):
    sourcing = an_event(session)
    held(sourcing, (1, "2990.00"))
    with pytest.raises(NotTheAuctionWinner) as refused:
        award(sourcing, 2, "  ")
    assert [error.pointer for error in refused.value.errors] == ["/justification"]
    assert session.scalar(select(func.count()).select_from(Award)) == 0
    decided = award(sourcing, 2, "The winner went bankrupt.")
    assert [line.is_best for line in decided.lines] == [False, False]
    assert decided.evidence["lots"][0]["auction"]["followed"] is False
    assert departures(session) == [
        {
            "award_id": str(decided.id),
            "reason": "The winner went bankrupt.",
            "lots": [{"lot_id": str(sourcing.lots[0].id), "held": True, "lines": [1, 2]}],
        }
    ]


def test_without_an_auction_a_reason_is_needed(session):
    sourcing = an_event(session, ("10", "20"))
    with pytest.raises(AuctionNotHeld):
        award(sourcing, 0)
    decided = award(sourcing, 0, "Only one supplier bid.")
    assert departures(session)[0]["lots"][0]["held"] is False
    assert decided.evidence["lots"][0]["auction"]["places"] == []


def test_an_auction_that_was_called_off_was_not_held(session):
    sourcing = an_event(session)
    make_auction(session, sourcing=sourcing)
    steering.cancel(session, sourcing.buyer, sourcing.rfq.id, "The hall burned down.")
    with pytest.raises(AuctionNotHeld):
        award(sourcing, 2)
    assert session.scalars(select(RoundPlace)).all() == []


def test_lots_that_were_skipped_need_a_reason_and_the_others_none(session):
    sourcing = an_event(
        session,
        ("10", "20"),
        ("11", None),
        lots=[LotDraft("First"), LotDraft("Second")],
        lines=[a_line(lot=1), a_line(lot=2)],
    )
    held(sourcing)
    with pytest.raises(AuctionNotHeld) as refused:
        award(sourcing, 0, lots=(0, 1))
    assert refused.value.data["lines"] == [2]
    assert award(sourcing, 0).evidence["lots"][0]["auction"]["followed"] is True


def test_where_the_winner_is_excluded_the_next_one_follows(session):
    sourcing = an_event(session)
    held(sourcing, (1, "2990.00"))
    why = "The papers were forged, as the registry says."
    excluding.exclude(session, sourcing.buyer, sourcing.rfq.id, bid_of(sourcing, 1), why)
    assert award(sourcing, 0).lines[0].is_best
    assert departures(session) == []


def test_who_took_a_dutch_lot_wins_it_even_at_the_price_of_an_equal_earlier_bid(session):
    sourcing = an_event(session, ("10", "20"), ("10", "20"))
    called = AuctionLotDraft(sourcing.lots[0].id, eur("2900"), eur("100"), eur("3000"))
    hammer = make_auction(session, sourcing=sourcing, type=AuctionType.DUTCH, lots=[called])
    hammer.pass_time(timedelta(seconds=61))
    hammer.bid(1, "3000.00")
    steering.close(session, sourcing.buyer, sourcing.rfq.id)
    assert award(sourcing, 1).lines[0].is_best


def test_an_ordinary_rfq_goes_by_its_comparison(session):
    sourcing = make_opened(session, *PRICES)
    held(sourcing, (1, "2990.00"))
    compared = evaluation.read(session, sourcing.buyer, sourcing.rfq.id)
    assert compared.rounds.winners == {}


class TestHttp:
    def test_the_api_refuses_with_a_code_and_shows_the_departure(self, session, api):
        sourcing = an_event(session)
        held(sourcing, (1, "2990.00"))
        buyer, path = api(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/award"
        lot_id = str(sourcing.lots[0].id)
        wanted = {"choices": [{"bid_id": str(bid_of(sourcing, 0)), "lot_id": lot_id}]}
        refused = buyer.post(path, json=wanted)
        assert (refused.status_code, refused.json["code"]) == (422, "not_the_auction_winner")
        assert refused.json["errors"][0]["pointer"] == "/justification"
        given = buyer.post(path, json={**wanted, "justification": "Delivers at once."})
        assert given.status_code == 201, given.json
        assert buyer.get(path).json["auction"] == [
            {
                "lot_id": lot_id,
                "held": True,
                "followed": False,
                "winner_bid_id": str(bid_of(sourcing, 1)),
            }
        ]

    def test_the_portal_asks_for_the_reason_keeps_what_was_typed_and_shows_it(
        self, session, portal
    ):
        sourcing = an_event(session, ("10", "20"))
        browser, url = portal(sourcing.buyer), f"/rfqs/{sourcing.rfq.id}/award"
        assert "There was no auction of lot 1. Awarding it needs a written reason." in words(
            browser.get(url)
        )
        chosen = {f"lot.{sourcing.lots[0].id}": str(bid_of(sourcing, 0))}
        asked = browser.post(f"{url}/check", data=chosen)
        assert "Say why the award departs from the auction." in words(asked)
        refused = browser.post(url, data={**chosen, "reasons": "Thank you all."})
        assert refused.status_code == 422
        assert "Say why this is awarded without an auction." in words(refused)
        assert "Thank you all." in refused.text
        done = browser.post(url, data={**chosen, "justification": "Nobody else bid."})
        assert done.status_code == 303
        shown = words(browser.get(url))
        assert "There was no auction of lot 1." in shown
        assert "Nobody else bid." in shown

    def test_the_winner_is_marked_and_chosen_beforehand(self, session, portal):
        sourcing = an_event(session)
        held(sourcing, (1, "2990.00"))
        page = portal(sourcing.buyer).get(f"/rfqs/{sourcing.rfq.id}/award")
        assert f'value="{bid_of(sourcing, 1)}" checked' in page.text
        assert "won the auction" in words(page)
