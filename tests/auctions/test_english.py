"""English reverse auctions: who may bid what, places, overtime, and the clock that stands still."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from marketplace.auctions.errors import BidTooHigh, LotNotOpen, NotWithdrawable
from marketplace.auctions.models import AuctionBid, AuctionEvent
from marketplace.auctions.rules import WrongCurrency
from marketplace.auctions.services import bidding, steering
from marketplace.auctions.states import AuctionState, Beat, DecrementKind, Display, LotOrder
from marketplace.auctions.terms import Band, Decrement, Overtime
from marketplace.core.audit import AuditEvent
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import OrgKind
from tests.factories.auctions import HOUR, eur, make_auction
from tests.factories.bids import KEYS, make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import LotDraft, a_line

SECOND = timedelta(seconds=1)


class TestBid:
    def test_a_lower_price_takes_the_lead(self, session):
        hammer = make_auction(session)
        placed = hammer.bid(1, "2999.00")
        assert (placed.bid.seq, placed.bid.amount, placed.answered) == (1, Decimal("2999.00"), 0)
        assert hammer.standing() == [(1, "2999.00"), (0, "3000.00"), (2, "3200.00")]

    def test_it_is_audited_announced_and_numbered(self, session):
        hammer = make_auction(session)
        hammer.bid(1, "2999.00")
        hammer.bid(0, "2990.00")
        noted = session.scalars(
            select(AuditEvent.data)
            .where(AuditEvent.action == "auctions.bid_placed")
            .order_by(AuditEvent.seq)
        ).all()
        assert [(each["number"], each["amount"]) for each in noted] == [
            (1, "2999.00"),
            (2, "2990.00"),
        ]
        told = session.scalars(
            select(OutboxMessage)
            .where(OutboxMessage.name == "auctions.bid_placed")
            .order_by(OutboxMessage.seq)
        ).all()
        assert [each.audience for each in told] == [
            sorted([hammer.buyer.org_id, hammer.bidder(n).org_id]) for n in (1, 0)
        ]
        assert all("amount" not in each.payload for each in told)
        numbers = session.scalars(select(AuctionEvent.number).order_by(AuctionEvent.number)).all()
        assert numbers == [1, 2, 3]

    def test_of_equal_prices_the_earlier_stands_first(self, session):
        hammer = make_auction(session)
        hammer.bid(2, "2900.00")
        hammer.bid(1, "2900.00")
        assert hammer.standing() == [(2, "2900.00"), (1, "2900.00"), (0, "3000.00")]

    def test_equal_opened_bids_stand_in_the_order_of_arrival(self, session):
        hammer = make_auction(session, ("10", "20"), ("10", "20"), ("10", "20"))
        assert [bidder for bidder, _amount in hammer.standing()] == [0, 1, 2]

    @pytest.mark.parametrize("amount", ["3099.01", "3100.00", "5000.00"])
    def test_it_has_to_improve_ones_own_by_the_decrement(self, session, amount):
        hammer = make_auction(session)
        with pytest.raises(BidTooHigh) as refused:
            hammer.bid(1, amount)
        assert refused.value.data["highest"] == "3099.00 EUR"
        assert [error.pointer for error in refused.value.errors] == ["/amount"]
        assert session.scalars(select(AuctionBid)).all() == []
        assert hammer.board().auction.last_event == 1

    def test_exactly_the_decrement_is_enough(self, session):
        hammer = make_auction(session)
        assert hammer.bid(1, "3099.00").bid.seq == 1

    def test_it_has_to_beat_the_best_where_the_buyer_says_so(self, session):
        hammer = make_auction(session, beat=Beat.BEST, display=Display.BOTH)
        with pytest.raises(BidTooHigh) as refused:
            hammer.bid(2, "2999.01")
        assert refused.value.data["highest"] == "2999.00 EUR"
        hammer.bid(2, "2999.00")
        assert hammer.standing()[0] == (2, "2999.00")

    def test_a_percentage_is_rounded_up_to_the_cent(self, session):
        half = Decrement(DecrementKind.PERCENT, Decimal("0.333"))
        hammer = make_auction(session, decrement=half)
        with pytest.raises(BidTooHigh) as refused:
            hammer.bid(1, "3089.68")
        # 0.333 % of 3100 is 10.323
        assert refused.value.data["highest"] == "3089.67 EUR"

    def test_bands_change_the_decrement_with_the_price(self, session):
        bands = (Band(Decimal(0), Decimal(5)), Band(Decimal(3000), Decimal(50)))
        hammer = make_auction(session, decrement=Decrement(DecrementKind.AMOUNT, Decimal(1), bands))
        with pytest.raises(BidTooHigh) as refused:
            hammer.bid(1, "3050.01")
        assert refused.value.data["highest"] == "3050.00 EUR"
        hammer.bid(1, "2950.00")
        hammer.bid(1, "2945.00")
        assert hammer.standing()[0] == (1, "2945.00")

    @pytest.mark.parametrize("amount", ["0.00", "-1.00"])
    def test_it_has_to_be_above_zero(self, session, amount):
        hammer = make_auction(session)
        with pytest.raises(BidTooHigh):
            hammer.bid(1, amount)

    def test_another_currency_is_refused(self, session):
        hammer = make_auction(session)
        with pytest.raises(WrongCurrency):
            bidding.place(
                session,
                hammer.bidder(0),
                KEYS,
                hammer.rfq_id,
                hammer.lot_id,
                Money(Decimal(1), "USD"),
            )

    def test_who_does_not_take_part_finds_no_auction(self, session):
        hammer = make_auction(session, excluded=[2])
        with pytest.raises(NotFound):
            hammer.bid(2, "1.00")
        with pytest.raises(NotFound):
            bidding.place(
                session,
                make_actor(session, OrgKind.SUPPLIER),
                KEYS,
                hammer.rfq_id,
                hammer.lot_id,
                eur("1.00"),
            )

    def test_the_buyer_does_not_bid(self, session):
        hammer = make_auction(session)
        with pytest.raises(NotAllowed):
            bidding.place(session, hammer.buyer, KEYS, hammer.rfq_id, hammer.lot_id, eur("1.00"))


class TestTime:
    def test_nobody_bids_before_the_start(self, session):
        hammer = make_auction(session, started=False)
        with pytest.raises(LotNotOpen) as refused:
            hammer.bid(0, "1.00")
        assert refused.value.data["phase"] == "waiting"

    def test_nobody_bids_after_the_end(self, session):
        hammer = make_auction(session)
        hammer.pass_time(timedelta(seconds=1800))
        with pytest.raises(LotNotOpen) as refused:
            hammer.bid(0, "1.00")
        assert refused.value.data["phase"] == "over"
        assert hammer.board().state is AuctionState.ENDED

    def test_the_end_itself_is_in_time(self, session):
        hammer = make_auction(session)
        board = hammer.board()
        window = board.windows()[board.lots[0].id]
        assert window.phase(board.lots[0], window.ends_at) == "open"
        assert window.phase(board.lots[0], window.ends_at + timedelta(microseconds=1)) == "over"

    def test_a_late_bid_leaves_the_others_time(self, session):
        hammer = make_auction(session, overtime=Overtime(trigger=60, extension=120, limit=None))
        hammer.pass_time(timedelta(seconds=1800 - 30))
        before = hammer.ends_at()
        placed = hammer.bid(1, "2999.00")
        moved = hammer.ends_at() - before
        assert timedelta(seconds=90) <= moved < timedelta(seconds=120)
        left = hammer.ends_at() - placed.bid.placed_at
        assert abs(left - timedelta(seconds=120)) <= timedelta(milliseconds=1)

    def test_an_early_bid_moves_nothing(self, session):
        hammer = make_auction(session, overtime=Overtime(trigger=60, extension=120, limit=None))
        before = hammer.ends_at()
        hammer.bid(1, "2999.00")
        assert hammer.ends_at() == before

    def test_overtime_has_a_limit(self, session):
        hammer = make_auction(session, overtime=Overtime(trigger=60, extension=120, limit=1))
        hammer.pass_time(timedelta(seconds=1790))
        hammer.bid(1, "2999.00")
        hammer.pass_time(timedelta(seconds=100))
        before = hammer.ends_at()
        hammer.bid(0, "2998.00")
        assert hammer.ends_at() == before

    def test_lots_in_sequence_wait_for_the_overtime_of_the_one_before(self, session):
        hammer = make_auction(
            session, sourcing=_two_lots(session), lot_order=LotOrder.SEQUENCE, pause_between=60
        )
        with pytest.raises(LotNotOpen):
            hammer.bid(1, "1.00", lot=1)
        hammer.pass_time(timedelta(seconds=1795))
        hammer.bid(1, "900.00")
        board = hammer.board()
        first, second = (board.windows()[lot.id] for lot in board.lots)
        assert second.starts_at - first.ends_at == timedelta(seconds=60)
        assert second.ends_at - second.starts_at == timedelta(seconds=1800)
        hammer.pass_time(second.starts_at - board.now + SECOND)
        hammer.bid(1, "1900.00", lot=1)
        assert hammer.standing(1)[0] == (1, "1900.00")


class TestPause:
    def test_the_clock_stands_still(self, session):
        hammer = make_auction(session)
        before = hammer.ends_at()
        steering.pause(session, hammer.buyer, hammer.rfq_id, "A line is down.")
        with pytest.raises(IllegalTransition):
            hammer.bid(1, "2999.00")
        paused_at = hammer.board().auction.paused_at
        hammer.pass_time(HOUR)
        assert hammer.board().state is AuctionState.PAUSED
        board = steering.resume(session, hammer.buyer, hammer.rfq_id)
        # all moments were moved back by an hour, the end then forward by the length of the pause
        assert hammer.ends_at() == before - HOUR + (board.now - (paused_at - HOUR))
        hammer.bid(1, "2999.00")
        assert hammer.standing()[0] == (1, "2999.00")

    def test_only_the_buyer_steers(self, session):
        hammer = make_auction(session)
        with pytest.raises(NotAllowed):
            steering.pause(session, hammer.bidder(0), hammer.rfq_id)
        with pytest.raises(NotFound):
            steering.pause(session, make_actor(session), hammer.rfq_id)

    def test_a_running_auction_is_not_started_again(self, session):
        hammer = make_auction(session)
        with pytest.raises(IllegalTransition):
            steering.start(session, hammer.buyer, hammer.rfq_id)

    def test_the_buyer_may_start_early_and_give_more_time(self, session):
        hammer = make_auction(session, started=False)
        board = steering.start(session, hammer.buyer, hammer.rfq_id)
        assert hammer.ends_at() == board.now + timedelta(seconds=1800)
        hammer.bid(1, "2999.00")
        steering.extend(session, hammer.buyer, hammer.rfq_id, hammer.lot_id, 5)
        assert hammer.ends_at() == board.now + timedelta(seconds=2100)
        with pytest.raises(Invalid):
            steering.extend(session, hammer.buyer, hammer.rfq_id, hammer.lot_id, 0)


class TestWithdraw:
    def test_the_bid_before_counts_again(self, session):
        hammer = make_auction(session)
        hammer.bid(1, "2999.00")
        wrong = hammer.bid(1, "29.00").bid
        steering.withdraw(session, hammer.buyer, hammer.rfq_id, wrong.id, "A slip of the comma.")
        assert hammer.standing()[0] == (1, "2999.00")
        kept = session.get_one(AuctionBid, wrong.id)
        assert kept.withdrawal_reason == "A slip of the comma."
        assert kept.withdrawn_by == hammer.buyer.person_id
        noted = session.scalars(
            select(AuditEvent.data).where(AuditEvent.action == "auctions.withdrawn")
        ).one()
        assert noted["numbers"] == [2]

    def test_what_proxies_answered_goes_too(self, session):
        hammer = make_auction(session)
        hammer.proxy(0, "2000.00")
        wrong = hammer.bid(1, "2100.00").bid
        assert hammer.standing()[0] == (0, "2099.00")
        steering.withdraw(session, hammer.buyer, hammer.rfq_id, wrong.id, "Meant another lot.")
        assert hammer.standing() == [(0, "3000.00"), (1, "3100.00"), (2, "3200.00")]

    def test_it_needs_a_reason_and_an_auction_that_is_not_closed(self, session):
        hammer = make_auction(session)
        wrong = hammer.bid(1, "29.00").bid
        with pytest.raises(Invalid):
            steering.withdraw(session, hammer.buyer, hammer.rfq_id, wrong.id, " ")
        steering.withdraw(session, hammer.buyer, hammer.rfq_id, wrong.id, "Wrong.")
        with pytest.raises(NotWithdrawable):
            steering.withdraw(session, hammer.buyer, hammer.rfq_id, wrong.id, "Wrong.")
        again = hammer.bid(1, "28.00").bid
        steering.close(session, hammer.buyer, hammer.rfq_id)
        with pytest.raises(IllegalTransition):
            steering.withdraw(session, hammer.buyer, hammer.rfq_id, again.id, "Wrong.")
        assert hammer.standing()[0] == (1, "28.00")


def _two_lots(session):
    return make_opened(
        session,
        ("10", "20"),
        ("11", "21"),
        lots=[LotDraft("First"), LotDraft("Second")],
        lines=[a_line(lot=1), a_line(lot=2)],
    )
