"""The standstill: the clock, what arises when, withdrawal, and who may do and see what."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from marketplace.core import clock
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.notifications.models import Notice
from marketplace.orders.models import Order
from marketplace.remedies import reactions
from marketplace.remedies.rules import ReasonRequired, StandstillOver, StandstillRuns
from marketplace.remedies.services import concluding
from marketplace.rfq.asking.participants import Bid
from marketplace.rfq.awards import queries as award_queries
from marketplace.rfq.awards.models import Award, AwardStanding
from marketplace.rfq.awards.states import AwardState
from marketplace.rfq.services import settings
from marketplace.rfq.terms import deadlines
from marketplace.rfq.terms.bid_states import BidState
from marketplace.rfq.terms.states import RfqState
from tests.factories.awards import PRICE_ALONE, after, bids_of, decide
from tests.factories.bids import make_opened
from tests.factories.identity import make_actor
from tests.factories.rfq import make_rfq

DECIDED = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)


@pytest.fixture
def sourcing(session):
    return make_opened(session, ["10", "1"], ["20", "2"], criteria=PRICE_ALONE, standstill_days=10)


@pytest.fixture
def standing(sourcing):
    with clock.frozen(DECIDED):
        return decide(sourcing, 0)


def events(session, *names):
    found = session.scalars(select(OutboxMessage.name).where(OutboxMessage.name.in_(names)))
    return sorted(found)


class TestClock:
    def test_ends_with_the_tenth_day_in_the_zone_of_the_rfq(self, standing):
        # clocks went forward in Paris on the 29th
        assert standing.standstill_until == datetime(2026, 3, 30, 21, 59, 59, tzinfo=UTC)
        assert not standing.is_over(standing.standstill_until)
        assert standing.is_over(standing.standstill_until + timedelta(microseconds=1))

    def test_the_day_is_the_day_there(self):
        decided = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
        tokyo, paris = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Paris")
        assert deadlines.end_of_day(decided, 1, tokyo) == datetime(
            2026, 3, 3, 14, 59, 59, tzinfo=UTC
        )
        assert deadlines.end_of_day(decided, 1, paris) == datetime(
            2026, 3, 3, 22, 59, 59, tzinfo=UTC
        )


class TestStandstill:
    def test_orders_arise_after_it_alone(self, session, sourcing, standing, drain):
        assert (standing.state, sourcing.rfq.state) == (AwardState.STANDSTILL, RfqState.STANDSTILL)
        assert sourcing.rfq.awarded_at is None
        drain()
        assert session.scalars(select(Order)).all() == []
        assert events(session, "rfq.awarded") == []
        with clock.frozen(standing.standstill_until + timedelta(seconds=30)):
            assert reactions.conclude_due(session, SYSTEM) == 0
        with after(standing):
            assert reactions.conclude_due(session, SYSTEM) == 1
            assert reactions.conclude_due(session, SYSTEM) == 0
            assert (standing.state, sourcing.rfq.state) == (AwardState.FINAL, RfqState.AWARDED)
            assert sourcing.rfq.awarded_at == standing.concluded_at == clock.now()
        drain()
        order = session.scalars(select(Order)).one()
        assert order.supplier_id == sourcing.suppliers[0].org_id

    def test_bidders_hear_of_the_decision_at_once_and_winners_of_its_end(
        self, session, sourcing, standing, drain
    ):
        drain()
        winner, loser = (supplier.org_id for supplier in sourcing.suppliers)

        def told():
            wanted = ("bid_chosen", "bid_not_chosen", "bid_won", "bid_lost")
            found = session.scalars(select(Notice).where(Notice.kind.in_(wanted)))
            return {(notice.organisation_id, notice.kind) for notice in found}

        decided = {(winner, "bid_chosen"), (loser, "bid_not_chosen")}
        assert told() == decided
        with after(standing):
            reactions.conclude_due(session, SYSTEM)
        drain()
        assert told() == decided | {(winner, "bid_won")}

    def test_without_one_the_award_is_final_at_once(self, session, drain):
        sourcing = make_opened(session, ["10", "1"], criteria=PRICE_ALONE)
        standing = decide(sourcing, 0)
        assert standing.state is AwardState.FINAL
        assert standing.decided_at == standing.standstill_until
        assert sourcing.rfq.state is RfqState.AWARDED
        assert events(session, "rfq.award_decided", "rfq.awarded") == [
            "rfq.award_decided", "rfq.awarded",
        ]  # fmt: skip

    def test_people_may_conclude_it_too_but_not_before_its_end(self, session, sourcing, standing):
        conclude = (session, sourcing.buyer, sourcing.rfq.id, standing.award_id)
        with clock.frozen(standing.standstill_until), pytest.raises(StandstillRuns) as error:
            concluding.conclude(*conclude)
        assert error.value.data["standstill_until"] == "2026-03-30T21:59:59Z"
        assert standing.state is AwardState.STANDSTILL
        with after(standing):
            concluding.conclude(*conclude)
            assert standing.state is AwardState.FINAL
            with pytest.raises(IllegalTransition):
                concluding.conclude(*conclude)

    def test_awards_from_before_are_final(self, session, connection):
        """The migration gives a standing to what was awarded without one."""
        sourcing = make_opened(session, ["10", "1"], criteria=PRICE_ALONE)
        standing = decide(sourcing, 0)
        award_id, decided_at = standing.award_id, standing.decided_at
        session.flush()
        session.expunge_all()
        connection.execute(text("RESET ROLE"))
        connection.execute(text("DELETE FROM award_standing"))
        connection.execute(
            text(import_module("migrations.versions.0019_hold_awards_still").FILL_STANDINGS)
        )
        found = session.get_one(AwardStanding, award_id)
        assert (found.state, found.concluded_at, found.standstill_until) == (
            AwardState.FINAL, decided_at, None,
        )  # fmt: skip


class TestWithdraw:
    def test_makes_room_for_another_decision(self, session, sourcing, standing, drain):
        first, second = bids_of(sourcing)
        with clock.frozen(DECIDED + timedelta(days=1)):
            concluding.withdraw(
                session, sourcing.buyer, sourcing.rfq.id, standing.award_id, " Wrong quantity "
            )
        assert standing.state is AwardState.WITHDRAWN
        assert standing.withdrawal_reason == "Wrong quantity"
        assert sourcing.rfq.state is RfqState.OPENED
        assert {bid.state for bid in session.scalars(select(Bid))} == {BidState.OPENED}
        drain()
        told = session.scalars(select(Notice).where(Notice.kind == "award_withdrawn")).all()
        assert {notice.organisation_id for notice in told} == {
            supplier.org_id for supplier in sourcing.suppliers
        }
        assert award_queries.award_of(session, sourcing.rfq.id) is None
        with clock.frozen(DECIDED + timedelta(days=2)):
            again = decide(sourcing, 1, reason="Delivers what we need")
        assert again.standstill_until == datetime(2026, 4, 1, 21, 59, 59, tzinfo=UTC)
        assert len(session.scalars(select(Award)).all()) == 2
        won = award_queries.won_lines(session, sourcing.suppliers[0], first)
        assert won == []
        won = award_queries.won_lines(session, sourcing.suppliers[1], second)
        assert [line.number for line in won] == [1, 2]
        with after(standing):
            assert reactions.conclude_due(session, SYSTEM) == 0

    def test_needs_a_reason_and_time(self, session, sourcing, standing):
        withdraw = (session, sourcing.buyer, sourcing.rfq.id, standing.award_id)
        with clock.frozen(DECIDED), pytest.raises(ReasonRequired):
            concluding.withdraw(*withdraw, "  ")
        with (
            clock.frozen(standing.standstill_until + timedelta(seconds=1)),
            pytest.raises(StandstillOver),
        ):
            concluding.withdraw(*withdraw, "Too late")
        assert standing.state is AwardState.STANDSTILL
        assert events(session, "rfq.award_withdrawn") == []

    def test_is_for_those_who_award(self, session, sourcing, standing):
        for actor in (
            make_actor(session, sourcing.buyer.org_kind, Role.APPROVER),
            sourcing.suppliers[0],
        ):
            with pytest.raises(NotAllowed):
                concluding.withdraw(session, actor, sourcing.rfq.id, standing.award_id, "No")
        with pytest.raises(NotFound):
            concluding.withdraw(
                session, make_actor(session), sourcing.rfq.id, standing.award_id, "No"
            )


class TestSettings:
    def test_new_rfqs_begin_with_them(self, session):
        admin = make_actor(session, OrgKind.BUYER, Role.ADMIN)
        company = session.get_one(Organisation, admin.org_id)
        buyer = make_actor(session, organisation=company)
        assert settings.read(session, admin).version == 0
        changed = settings.update(
            session, admin, standstill_days=10, debrief_days=20, dispute_clause=" CMAP, Paris "
        )
        assert (changed.version, changed.dispute_clause) == (1, "CMAP, Paris")
        assert make_rfq(session, buyer).standstill_days == 10
        assert make_rfq(session, buyer, standstill_days=0).standstill_days == 0
        assert make_rfq(session).standstill_days == 0

    def test_are_changed_by_administrators_of_buyers(self, session):
        values = {"standstill_days": 1, "debrief_days": 1, "dispute_clause": ""}
        with pytest.raises(NotAllowed):
            settings.update(session, make_actor(session), **values)
        with pytest.raises(NotFound):
            settings.read(session, make_actor(session, OrgKind.SUPPLIER))
        with pytest.raises(NotFound):
            settings.update(session, make_actor(session, OrgKind.SUPPLIER, Role.ADMIN), **values)
