"""The plan, and the result: new prices beside the opened ones, to the cent."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from marketplace.auctions import closing
from marketplace.auctions.drafts import LotDraft
from marketplace.auctions.errors import AuctionExists, AuctionInvalid, NoCompetition
from marketplace.auctions.models import Auction
from marketplace.auctions.services import steering
from marketplace.auctions.states import AuctionState, Beat, Skip
from marketplace.core.ids import uuid7
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import SYSTEM
from marketplace.notifications.models import Notice
from marketplace.rfq.awards.choices import Choice
from marketplace.rfq.awards.rules import AwardHeld
from marketplace.rfq.bids import repricing
from marketplace.rfq.bids.price_models import BidLine, BidRepricing, RoundPlace
from marketplace.rfq.bids.rules import Sealed
from marketplace.rfq.services import awarding, evaluation, publishing
from marketplace.rfq.terms.asked import AskedLine
from tests.factories.auctions import PRICES, eur, make_auction
from tests.factories.bids import make_opened, make_sourcing
from tests.factories.rfq import LotDraft as RfqLotDraft
from tests.factories.rfq import a_line


class TestPlan:
    def test_the_award_waits_for_it(self, session):
        hammer = make_auction(session)
        with pytest.raises(AwardHeld):
            awarding.award(session, hammer.buyer, hammer.rfq_id, _first(hammer), "cheap")
        steering.cancel(session, hammer.buyer, hammer.rfq_id, "Not needed.")
        _score(hammer)
        award = awarding.award(session, hammer.buyer, hammer.rfq_id, _first(hammer), "cheap")
        assert sum(line.total for line in award.lines) == Decimal("3000")

    def test_there_is_one_at_a_time(self, session):
        hammer = make_auction(session)
        with pytest.raises(AuctionExists):
            make_auction(session, sourcing=hammer.sourcing)
        steering.cancel(session, hammer.buyer, hammer.rfq_id, "Another date.")
        make_auction(session, sourcing=hammer.sourcing).bid(1, "2999.00")
        assert session.scalar(select(func.count()).select_from(Auction)) == 2

    def test_sealed_bids_are_not_auctioned(self, session):
        sourcing = make_sourcing(session)
        with pytest.raises(Sealed):
            make_auction(session, sourcing=sourcing)
        assert session.scalars(select(Auction)).all() == []

    def test_lots_with_one_bidder_are_skipped_and_named_so(self, session):
        hammer = make_auction(session, sourcing=_two_lots(session, ("10", "20"), ("11", None)))
        assert [(lot.number, lot.skipped) for lot in hammer.board().lots] == [
            (1, None),
            (2, Skip.ONE_BIDDER),
        ]

    def test_without_competition_there_is_nothing_to_hold(self, session):
        with pytest.raises(NoCompetition):
            make_auction(session, ("10", "20"), ("11", "20"), excluded=[1])
        sourcing = make_opened(session, ("10", "20"), ("11", "20"))
        assert sourcing.rfq.award_held_by is None

    def test_every_reason_is_named_at_once(self, session):
        sourcing = make_opened(session, *PRICES)
        with pytest.raises(AuctionInvalid) as refused:
            make_auction(
                session,
                sourcing=sourcing,
                beat=Beat.BEST,
                length=10,
                lots=[LotDraft(uuid7()), LotDraft(sourcing.lots[0].id, step=eur("1"))],
            )
        assert sorted(error.pointer for error in refused.value.errors) == [
            "/display",
            "/length_seconds",
            "/lots/0/lot_id",
            "/lots/1/step",
        ]

    def test_each_bidder_gets_a_notice(self, session, drain):
        hammer = make_auction(session, excluded=[2])
        drain()
        told = session.execute(
            select(Notice.organisation_id, Notice.url).where(Notice.kind == "auction_planned")
        ).all()
        url = f"/rfqs/{hammer.rfq_id}/auction"
        assert sorted(told) == sorted((hammer.bidder(n).org_id, url) for n in (0, 1))


class TestClose:
    def test_bids_get_their_new_prices_and_keep_the_opened_ones(self, session):
        hammer = make_auction(session)
        opened = _opened(session)
        hammer.bid(1, "2000.00")
        steering.close(session, hammer.buyer, hammer.rfq_id)
        offers = evaluation.read(session, hammer.buyer, hammer.rfq_id).offers
        assert [[str(line.total) for line in _by_number(hammer, o)] for o in offers] == [
            ["1000.0000", "2000.0000"],
            ["709.6800", "1290.3200"],
            ["1200.0000", "2000.0000"],
        ]
        second = _by_number(hammer, offers[1])
        assert [line.unit_price for line in second] == [Decimal("7.0968"), Decimal("12.9032")]
        assert [line.opened_unit_price for line in second] == [Decimal(11), Decimal(20)]
        assert _opened(session) == opened

    def test_ranking_and_award_use_the_new_prices(self, session):
        hammer = make_auction(session)
        hammer.bid(1, "2000.00")
        steering.close(session, hammer.buyer, hammer.rfq_id)
        _score(hammer)
        compared = evaluation.read(session, hammer.buyer, hammer.rfq_id)
        first = compared.lots[0].first
        assert first.supplier_id == hammer.bidder(1).org_id
        assert first.total == Decimal("2000.00")
        choice = [Choice(first.bid_id, lot_id=hammer.lot_id)]
        award = awarding.award(session, hammer.buyer, hammer.rfq_id, choice)
        assert sum(line.total for line in award.lines) == Decimal("2000.00")

    def test_nobody_who_did_not_bid_is_repriced(self, session):
        hammer = make_auction(session)
        steering.close(session, hammer.buyer, hammer.rfq_id)
        assert session.scalars(select(BidRepricing)).all() == []
        assert hammer.sourcing.rfq.award_held_by is None

    def test_the_clock_closes_what_has_ended_and_nothing_else(self, session, drain):
        ended, running = make_auction(session), make_auction(session)
        ended.bid(1, "2000.00")
        ended.pass_time(timedelta(seconds=1801))
        closing.close_ended(session, SYSTEM)
        closing.close_ended(session, SYSTEM)
        assert ended.board().state is AuctionState.CLOSED
        assert running.board().state is AuctionState.RUNNING
        names = session.scalars(
            select(OutboxMessage.name).where(OutboxMessage.name == "auctions.closed")
        ).all()
        assert len(names) == 1
        drain()
        told = session.scalars(
            select(Notice.organisation_id).where(Notice.kind == "auction_closed")
        ).all()
        assert set(told) == {
            ended.buyer.org_id,
            *(actor.org_id for actor in ended.sourcing.suppliers),
        }

    def test_many_are_closed_in_as_many_statements_as_one(self, session, statements):
        def counted(number):
            for _one in range(number):
                hammer = make_auction(session)
                hammer.bid(1, "2000.00")
                hammer.pass_time(timedelta(seconds=1801))
            session.expire_all()
            statements.clear()
            closing.close_ended(session, SYSTEM)
            session.flush()
            return len(statements)

        one, several = counted(1), counted(4)
        assert several == one
        states = session.scalars(select(Auction.state).execution_options(populate_existing=True))
        assert states.all() == [AuctionState.CLOSED] * 5
        assert session.scalar(select(func.count()).select_from(BidRepricing)) == 10
        places = session.execute(select(RoundPlace.place, RoundPlace.amount)).all()
        assert sorted(places) == sorted(
            [(1, Decimal(2000)), (2, Decimal(3000)), (3, Decimal(3200))] * 5
        )
        statements.clear()
        closing.close_ended(session, SYSTEM)
        assert len(statements) == 1

    def test_a_cancelled_rfq_takes_it_along(self, session, drain):
        hammer = make_auction(session)
        publishing.cancel(session, hammer.buyer, hammer.rfq_id, "Budget cut.")
        assert hammer.board().state is AuctionState.CANCELLED
        drain()
        assert session.scalars(select(Auction.state)).all() == [AuctionState.CANCELLED]


class TestScaling:
    @settings(max_examples=200, deadline=None)
    @given(
        lines=st.lists(
            st.tuples(
                st.decimals("0.001", "20000", places=3), st.decimals("0.01", "5000", places=4)
            ),
            min_size=1,
            max_size=8,
        ),
        share=st.integers(1, 999),
    )
    def test_it_is_never_above_and_hardly_below_what_was_bid(self, lines, share):
        asked = [_asked(quantity) for quantity, _price in lines]
        opened = [
            (each, repricing.total_at(each, price, "EUR"))
            for each, (_quantity, price) in zip(asked, lines, strict=True)
        ]
        total = sum(amount for _line, amount in opened)
        amount = max((total * share / 1000).quantize(Decimal("0.01")), Decimal("0.01"))
        prices = repricing.scaled(opened, amount, "EUR")
        for each, price in zip(asked, prices, strict=True):
            assert price.total == repricing.total_at(each, price.unit_price, "EUR")
            assert price.unit_price > 0
        came_to = sum(price.total for price in prices)
        assert came_to <= max(amount, Decimal("0.02") * len(lines))
        assert amount - came_to <= Decimal("0.02") * len(lines)

    def test_small_quantities_come_to_the_cent(self):
        lines = [(_asked(Decimal(3)), Decimal("10.00")), (_asked(Decimal(7)), Decimal("20.00"))]
        prices = repricing.scaled(lines, Decimal("25.00"), "EUR")
        assert [str(price.total) for price in prices] == ["8.33", "16.67"]
        assert [str(price.unit_price) for price in prices] == ["2.776666", "2.381428"]


def _asked(quantity):
    return AskedLine(uuid7(), 1, uuid7(), "x", quantity, "C62")


def _first(hammer):
    compared = evaluation.read(hammer.session, hammer.buyer, hammer.rfq_id)
    return [Choice(compared.offers[0].bid_id, lot_id=hammer.lot_id)]


def _score(hammer):
    compared = evaluation.read(hammer.session, hammer.buyer, hammer.rfq_id)
    hammer.sourcing.score({offer.bid_id: "5" for offer in compared.offers})


def _by_number(hammer, offer):
    order = [line.id for line in hammer.sourcing.lines]
    return sorted(offer.lines, key=lambda line: order.index(line.rfq_line_id))


def _opened(session):
    rows = session.execute(select(BidLine.bid_id, BidLine.unit_price, BidLine.total))
    return sorted(map(tuple, rows))


def _two_lots(session, *bids):
    return make_opened(
        session,
        *bids,
        lots=[RfqLotDraft("First"), RfqLotDraft("Second")],
        lines=[a_line(lot=1), a_line(lot=2)],
    )
