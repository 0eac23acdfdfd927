"""Proxies: second-price duels, ties, and floors that nobody else can read."""

from decimal import Decimal

import pytest
from sqlalchemy import select, text

from marketplace.auctions import proxies, queries
from marketplace.auctions.errors import ProxyInvalid
from marketplace.auctions.models import AuctionProxy
from marketplace.auctions.services import reading
from marketplace.auctions.states import Beat, Display
from marketplace.core.audit import AuditEvent
from marketplace.core.outbox import OutboxMessage
from marketplace.rfq.sealing.envelopes import SealBroken, ServiceKeys
from tests.factories.auctions import make_auction
from tests.factories.bids import KEYS


class TestDuel:
    def test_it_takes_the_lead_by_one_decrement(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        assert hammer.standing() == [(1, "2999.00"), (0, "3000.00"), (2, "3200.00")]

    def test_it_answers_a_bid_by_one_decrement(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        placed = hammer.bid(0, "2800.00")
        assert placed.answered == 1
        assert hammer.standing()[:2] == [(1, "2799.00"), (0, "2800.00")]
        assert [(b.seq, b.automatic, b.answers) for b in hammer.bids()] == [
            (1, True, None),
            (2, False, None),
            (3, True, 2),
        ]

    def test_the_lower_floor_wins_at_the_other_less_the_decrement(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        hammer.proxy(0, "2300.00")
        assert hammer.standing()[:2] == [(0, "2499.00"), (1, "2500.00")]

    def test_the_earlier_of_two_equal_floors_wins(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        hammer.proxy(0, "2500.00")
        assert hammer.standing()[0] == (1, "2500.00")
        assert hammer.standing()[1] == (0, "3000.00")

    def test_a_floor_that_is_set_anew_loses_its_turn(self, session):
        hammer = make_auction(session, ("10", "20"), ("11", "20"))
        hammer.proxy(1, "2999.50")
        hammer.proxy(0, "2998.00")
        hammer.proxy(1, "2998.00")
        assert hammer.standing()[0] == (0, "2998.00")

    def test_less_than_a_decrement_between_two_floors_is_enough(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        hammer.proxy(0, "2499.60")
        assert hammer.standing()[:2] == [(0, "2499.60"), (1, "2500.00")]

    def test_a_floor_above_the_best_stays_silent_and_unseen(self, session):
        hammer = make_auction(session)
        hammer.proxy(2, "3100.00")
        assert hammer.standing() == [(0, "3000.00"), (1, "3100.00"), (2, "3200.00")]
        assert hammer.bids() == []

    def test_three_floors_end_at_the_second_lowest(self, session):
        hammer = make_auction(session)
        hammer.proxy(2, "2700.00")
        hammer.proxy(1, "2400.00")
        hammer.proxy(0, "2600.00")
        assert hammer.standing() == [(1, "2599.00"), (0, "2600.00"), (2, "2700.00")]

    def test_a_bid_below_all_floors_ends_them(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        placed = hammer.bid(2, "2400.00")
        assert placed.answered == 0
        assert hammer.standing() == [(2, "2400.00"), (1, "2999.00"), (0, "3000.00")]

    def test_bid_and_floor_in_one(self, session):
        hammer = make_auction(session)
        hammer.bid(1, "2900.00", floor="2000.00")
        hammer.bid(0, "2500.00")
        assert hammer.standing()[0] == (1, "2499.00")

    def test_the_same_where_the_best_has_to_be_beaten(self, session):
        hammer = make_auction(session, beat=Beat.BEST, display=Display.BOTH)
        hammer.proxy(1, "2500.00")
        hammer.proxy(0, "2300.00")
        assert hammer.standing()[:2] == [(0, "2499.00"), (1, "2500.00")]

    def test_a_removed_one_answers_no_more(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2500.00")
        hammer.proxy(1, None)
        hammer.bid(0, "2800.00")
        assert hammer.standing()[0] == (0, "2800.00")


class TestSecrecy:
    def test_it_is_kept_locked_and_for_its_place_alone(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2512.34")
        kept = session.scalars(select(AuctionProxy)).one()
        assert b"2512" not in kept.content
        assert proxies.unlock(KEYS, kept).floor == Decimal("2512.34")
        with pytest.raises(SealBroken):
            proxies.unlock(ServiceKeys.from_secret("x" * 40), kept)

    def test_no_record_tells_it(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2512.34")
        told = [
            *session.scalars(select(AuditEvent.data)),
            *session.scalars(select(OutboxMessage.payload)),
            *(event.data for event in queries.events(session, hammer.board().auction.id)),
        ]
        assert "2512.34" not in str(told)

    def test_only_its_owner_reads_it(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2512.34")
        read = {
            n: dict(reading.own_floors(session, hammer.bidder(n), KEYS, hammer.board()))
            for n in (0, 1)
        }
        lot = hammer.board().lots[0]
        assert read == {0: {}, 1: {lot.id: Decimal("2512.34")}}
        assert reading.own_floors(session, hammer.buyer, KEYS, hammer.board()) == {}

    def test_the_database_shows_it_to_its_owner_alone(self, session):
        hammer = make_auction(session)
        hammer.proxy(1, "2512.34")
        seen = {}
        for name, actor in (("buyer", hammer.buyer), ("rival", hammer.bidder(0))):
            seen[name] = _count(session, actor, "auction_proxy")
        seen["owner"] = _count(session, hammer.bidder(1), "auction_proxy")
        assert seen == {"buyer": 0, "rival": 0, "owner": 1}

    def test_rivals_bids_and_entries_are_out_of_reach_too(self, session):
        hammer = make_auction(session)
        hammer.bid(1, "2900.00")
        rival, stranger = hammer.bidder(0), make_auction(session).bidder(0)
        assert _count(session, rival, "auction_bid") == 0
        assert _count(session, rival, "auction_entry") == 1
        assert _count(session, rival, "auction_event") == 0
        assert _count(session, stranger, "auction WHERE rfq_id = :rfq_id", hammer.rfq_id) == 0


@pytest.mark.parametrize("floor", ["0.00", "3100.00", "4000.00"])
def test_a_floor_is_below_ones_price_and_above_zero(session, floor):
    hammer = make_auction(session)
    with pytest.raises(ProxyInvalid):
        hammer.proxy(1, floor)
    assert session.scalars(select(AuctionProxy)).all() == []


def _count(session, actor, table, rfq_id=None):
    """What the application's role sees for this organisation, having entered no auction."""
    session.flush()
    with session.begin_nested() as step:
        session.execute(
            text(
                "SELECT set_config('role', 'marketplace_app', true),"
                " set_config('app.org', :org, true), set_config('app.kind', 'x', true),"
                " set_config('app.auction', '', true)"
            ),
            {"org": str(actor.org_id)},
        )
        values = {"rfq_id": rfq_id} if rfq_id else {}
        found = session.execute(text(f"SELECT count(*) FROM {table}"), values).scalar_one()
        step.rollback()
    return found
