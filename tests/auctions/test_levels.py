"""Called prices: Dutch acceptance, also by twenty at once, and Japanese exits without return."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.auctions.drafts import LotDraft
from marketplace.auctions.errors import AuctionInvalid, BidTooHigh, LotNotOpen, OutOfLot, WrongLevel
from marketplace.auctions.models import AuctionBid
from marketplace.auctions.rules import WrongType
from marketplace.auctions.services import bidding, steering
from marketplace.auctions.states import AuctionState, AuctionType
from marketplace.core import tenancy
from marketplace.core.db import Database
from marketplace.core.errors import Conflict
from tests.conftest import APP_ROLE, WORKER_ROLE
from tests.factories.auctions import dutch, eur, japanese, make_auction
from tests.factories.bids import KEYS, make_opened

INTERVAL = timedelta(seconds=60)


class TestDutch:
    def test_the_price_rises_until_somebody_takes_it(self, session):
        hammer = dutch(session)
        hammer.pass_time(INTERVAL * 3)
        hammer.bid(1, "2300.00")
        assert hammer.standing()[0] == (1, "2300.00")
        assert hammer.board().state is AuctionState.ENDED
        with pytest.raises(LotNotOpen):
            hammer.bid(0, "2300.00")
        assert len(hammer.bids()) == 1

    def test_a_price_that_was_called_before_is_taken_too(self, session):
        hammer = dutch(session)
        hammer.pass_time(INTERVAL * 3)
        hammer.bid(1, "2200.00")
        assert hammer.standing()[0] == (1, "2200.00")

    @pytest.mark.parametrize("amount", ["1900.00", "2350.00", "2400.00", "2950.00"])
    def test_a_price_that_was_not_called_is_refused(self, session, amount):
        hammer = dutch(session)
        hammer.pass_time(INTERVAL * 3)
        with pytest.raises(WrongLevel) as refused:
            hammer.bid(1, amount)
        assert refused.value.data["called"] == "2300.00 EUR"
        assert hammer.bids() == []

    def test_it_stops_at_the_cap_and_ends(self, session):
        hammer = dutch(session)
        hammer.pass_time(INTERVAL * 10)
        hammer.bid(1, "2950.00")
        again = dutch(session)
        again.pass_time(INTERVAL * 11)
        assert again.board().state is AuctionState.ENDED
        with pytest.raises(LotNotOpen):
            again.bid(1, "2950.00")

    def test_the_cap_stays_below_the_best_opened_bid(self, session):
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        prices = LotDraft(sourcing.lots[0].id, eur("2000.00"), eur("100.00"), eur("3000.01"))
        with pytest.raises(AuctionInvalid) as refused:
            make_auction(session, sourcing=sourcing, type=AuctionType.DUTCH, lots=[prices])
        assert [(e.pointer, e.code) for e in refused.value.errors] == [
            ("/lots/0/last_price", "above_best_bid")
        ]

    def test_of_twenty_at_once_one_wins(self, committed):
        """Real transactions on real connections, under the application's own role."""
        worker = Database(committed.database_url, WORKER_ROLE)
        with worker.transaction() as session:
            hammer = dutch(session, *[("15", "20")] * 20)
            actors, rfq_id, lot_id = hammer.sourcing.suppliers, hammer.rfq_id, hammer.lot_id
            buyer = hammer.buyer
        app = Database(committed.database_url, APP_ROLE, pool_size=20)
        gate, outcomes = threading.Barrier(20), []

        def accept(actor):
            gate.wait()
            try:
                with app.transaction() as own:
                    tenancy.enter(own, actor.org_id, actor.org_kind)
                    bidding.place(own, actor, KEYS, rfq_id, lot_id, eur("2000.00"))
                outcomes.append("won")
            except Conflict as refusal:
                outcomes.append(refusal.code)

        threads = [threading.Thread(target=accept, args=(actor,)) for actor in actors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with worker.transaction() as session:
            taken = session.scalars(select(AuctionBid)).all()
            board = steering.close(session, buyer, rfq_id)
            assert sorted(outcomes) == ["lot_not_open"] * 19 + ["won"]
            assert [(bid.seq, bid.amount) for bid in taken] == [(1, Decimal("2000.00"))]
            assert board.state is AuctionState.CLOSED
        app.dispose()
        worker.dispose()


class TestJapanese:
    def test_the_last_one_who_follows_wins(self, session):
        hammer = japanese(session)
        for number in (0, 1, 2):
            hammer.bid(number, "2900.00")
        hammer.pass_time(INTERVAL)
        hammer.bid(1, "2800.00")
        hammer.bid(2, "2800.00")
        hammer.pass_time(INTERVAL)
        hammer.bid(2, "2700.00")
        assert hammer.board().state is AuctionState.RUNNING
        hammer.pass_time(INTERVAL)
        assert hammer.board().state is AuctionState.ENDED
        assert hammer.standing() == [(2, "2700.00"), (1, "2800.00"), (0, "2900.00")]

    def test_who_misses_a_price_is_out_for_good(self, session):
        hammer = japanese(session)
        for number in (0, 1, 2):
            hammer.bid(number, "2900.00")
        hammer.pass_time(INTERVAL)
        hammer.bid(1, "2800.00")
        hammer.bid(2, "2800.00")
        hammer.pass_time(INTERVAL)
        with pytest.raises(OutOfLot):
            hammer.bid(0, "2700.00")
        assert (0, "2900.00") in hammer.standing()

    def test_who_leaves_does_not_come_back(self, session):
        hammer = japanese(session)
        bidding.leave(session, hammer.bidder(0), hammer.rfq_id, hammer.lot_id)
        with pytest.raises(OutOfLot):
            hammer.bid(0, "2900.00")
        with pytest.raises(OutOfLot):
            bidding.leave(session, hammer.bidder(0), hammer.rfq_id, hammer.lot_id)
        assert hammer.standing()[0] == (0, "3000.00")

    def test_a_price_is_accepted_once(self, session):
        hammer = japanese(session)
        hammer.bid(0, "2900.00")
        with pytest.raises(OutOfLot) as refused:
            hammer.bid(0, "2900.00")
        assert refused.value.data == {"accepted": True}
        assert len(hammer.bids()) == 1

    def test_only_the_called_price_is_accepted(self, session):
        hammer = japanese(session)
        with pytest.raises(WrongLevel):
            hammer.bid(0, "2800.00")

    def test_of_those_who_leave_together_the_earlier_stands_first(self, session):
        hammer = japanese(session, ("10", "20"), ("11", "20"))
        hammer.bid(1, "2900.00")
        hammer.bid(0, "2900.00")
        hammer.pass_time(INTERVAL * 2)
        assert hammer.board().state is AuctionState.ENDED
        assert hammer.standing() == [(1, "2900.00"), (0, "2900.00")]

    def test_a_called_price_above_the_opened_bid_replaces_nothing(self, session):
        hammer = japanese(session, ("5", "20"), ("11", "20"), ("12", "20"))
        hammer.bid(0, "2900.00")
        assert hammer.standing()[0] == (0, "2500.00")

    def test_leaving_is_for_japanese_lots(self, session):
        hammer = make_auction(session)
        with pytest.raises(WrongType):
            bidding.leave(session, hammer.bidder(0), hammer.rfq_id, hammer.lot_id)

    def test_a_pause_holds_the_price(self, session):
        hammer = japanese(session)
        hammer.bid(0, "2900.00")
        hammer.bid(1, "2900.00")
        hammer.pass_time(INTERVAL)
        steering.pause(session, hammer.buyer, hammer.rfq_id)
        hammer.pass_time(INTERVAL * 5)
        steering.resume(session, hammer.buyer, hammer.rfq_id)
        hammer.bid(1, "2800.00")
        assert hammer.standing()[0] == (1, "2800.00")


def test_proxies_and_ceilings_above_ones_own_bid_are_refused(session):
    hammer = dutch(session, ("15", "20"), ("10", "20"))
    with pytest.raises(WrongType):
        hammer.proxy(0, "1.00")
    hammer = dutch(session, ("12", "20"), ("10", "20"))
    with pytest.raises((BidTooHigh, WrongLevel)):
        hammer.bid(1, "3000.00")
