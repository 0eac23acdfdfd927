"""KPI counts are exact in whatever order the events come; scorecards repeat themselves."""

import itertools
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.events.orders import GoodsReceived, OrderCompleted, OrderIssued
from marketplace.events.rfq import BidSubmitted, BidWithdrawn, RfqOpened, RfqPublished
from marketplace.identity.permissions import SYSTEM
from marketplace.suppliers import kpis, reactions, scorecards
from marketplace.suppliers.kpi_models import InvitationFact, KpiMonth, Scorecard
from marketplace.suppliers.models import Supplier
from tests.factories.identity import make_actor, make_organisation
from tests.factories.suppliers import make_supplier

D = Decimal
ISSUED = datetime(2026, 10, 1, 8, tzinfo=UTC)
BUYER = uuid4()


def completed(supplier: Supplier, **overrides) -> OrderCompleted:
    values = {
        "order_id": uuid4(),
        "buyer_id": BUYER,
        "supplier_id": supplier.id,
        "number": "PO-2026-00001",
        "net": D("1000.00"),
        "currency": "EUR",
        "ordered_at": ISSUED,
        "completed_at": ISSUED + timedelta(days=20),
        "due_quantity": D(100),
        "on_time_quantity": D(80),
        "received_quantity": D(100),
        "rejected_quantity": D(1),
        "agreed_net": D("1000.00"),
        "invoiced_net": D("1020.00"),
    }
    return OrderCompleted(**(values | overrides))


def month(session: Session) -> KpiMonth:
    session.flush()
    session.expire_all()
    return session.scalars(select(KpiMonth)).one()


class TestOrders:
    def test_an_order_counts_once(self, session: Session) -> None:
        event = completed(make_supplier(session))
        for _time in range(3):
            reactions.count_order(session, event)
        row = month(session)
        assert (row.month, row.orders) == (date(2026, 10, 1), 1)
        assert (row.due_quantity, row.on_time_quantity) == (D(100), D(80))
        assert (row.received_quantity, row.rejected_quantity) == (D(100), D(1))
        assert (row.price_orders, row.price_variance) == (1, D("0.02"))

    def test_orders_of_a_month_add_up(self, session: Session) -> None:
        supplier = make_supplier(session)
        reactions.count_order(session, completed(supplier))
        reactions.count_order(session, completed(supplier, invoiced_net=D("980.00")))
        row = month(session)
        assert (row.orders, row.due_quantity, row.price_variance) == (2, D(200), D(0))

    def test_the_lead_time_is_the_same_in_every_order_of_events(self, session: Session) -> None:
        supplier = make_supplier(session)
        for order in itertools.permutations(range(4)):
            event = completed(supplier)
            ids = (event.order_id, BUYER, supplier.id)
            steps = (
                lambda e=event, i=ids: reactions.note_issue(
                    session, OrderIssued(i[0], i[1], i[2], e.number, ISSUED)
                ),
                lambda i=ids: reactions.note_receipt(session, received(i, days=4)),
                lambda i=ids: reactions.note_receipt(session, received(i, days=10)),
                lambda e=event: reactions.count_order(session, e),
            )
            for place in order:
                steps[place]()
        row = month(session)
        assert row.orders == row.lead_time_orders == 24
        assert row.lead_time_days == 24 * 10

    def test_nothing_due_or_agreed_leaves_the_ratio_out(self, session: Session) -> None:
        reactions.count_order(
            session, completed(make_supplier(session), agreed_net=D(0), invoiced_net=D(0))
        )
        assert month(session).price_orders == 0


def received(ids: tuple[UUID, UUID, UUID], days: int) -> GoodsReceived:
    return GoodsReceived(
        receipt_id=uuid4(),
        order_id=ids[0],
        buyer_id=ids[1],
        supplier_id=ids[2],
        received_at=ISSUED + timedelta(days=days),
        lines=(),
    )


class TestResponses:
    opened_at = datetime(2026, 11, 3, 10, tzinfo=UTC)

    def events(self, session: Session) -> tuple[Supplier, Supplier, dict]:
        one, two = make_supplier(session), make_supplier(session)
        rfq_id = uuid4()
        due = self.opened_at - timedelta(hours=1)
        return (
            one,
            two,
            {
                "published": RfqPublished(rfq_id, BUYER, "RFQ-1", due, (one.id, two.id)),
                "bid": BidSubmitted(uuid4(), rfq_id, one.id, BUYER, due - timedelta(days=1)),
                "opened": RfqOpened(rfq_id, BUYER, self.opened_at),
            },
        )

    @pytest.mark.parametrize("order", list(itertools.permutations(["published", "bid", "opened"])))
    def test_count_the_same_in_every_order_and_when_repeated(
        self, session: Session, order: tuple[str, ...]
    ) -> None:
        one, two, events = self.events(session)
        steps = {
            "published": reactions.note_invitations,
            "bid": reactions.note_bid,
            "opened": reactions.count_responses,
        }
        for name in (*order, *order):
            steps[name](session, events[name])
        rows = session.execute(
            select(KpiMonth.supplier_id, KpiMonth.invitations, KpiMonth.responses)
        )
        assert {(row[0], row[1], row[2]) for row in rows} == {(one.id, 1, 1), (two.id, 1, 0)}

    def test_nothing_is_counted_before_the_opening(self, session: Session) -> None:
        _one, _two, events = self.events(session)
        reactions.note_invitations(session, events["published"])
        reactions.note_bid(session, events["bid"])
        assert session.scalar(select(func.count()).select_from(KpiMonth)) == 0

    def test_the_buyer_cannot_read_who_has_bid(self, session: Session, api) -> None:
        """The table of answers has no policy for the application's role."""
        _one, _two, events = self.events(session)
        reactions.note_invitations(session, events["published"])
        reactions.note_bid(session, events["bid"])
        session.flush()
        assert session.scalar(select(func.count()).select_from(InvitationFact)) == 2
        session.connection().exec_driver_sql("SET LOCAL ROLE marketplace_app")
        session.connection().exec_driver_sql("SELECT set_config('app.kind', 'buyer', true)")
        assert session.scalar(select(func.count()).select_from(InvitationFact)) == 0

    def test_a_withdrawn_bid_beside_which_another_stands_is_an_answer(
        self, session: Session
    ) -> None:
        one, _two, events = self.events(session)
        bid = events["bid"]
        reactions.note_invitations(session, events["published"])
        reactions.note_bid(session, bid)
        later = bid.submitted_at + timedelta(hours=1)
        reactions.note_withdrawal(
            session,
            BidWithdrawn(uuid4(), bid.rfq_id, one.id, BUYER, later, others_stand=True),
        )
        reactions.count_responses(session, events["opened"])
        counted = select(KpiMonth.responses).where(KpiMonth.supplier_id == one.id)
        assert session.scalar(counted) == 1

    def test_a_withdrawn_bid_is_no_answer_a_new_one_is(self, session: Session) -> None:
        one, _two, events = self.events(session)
        bid = events["bid"]
        reactions.note_invitations(session, events["published"])
        reactions.note_bid(session, bid)
        reactions.note_withdrawal(
            session,
            BidWithdrawn(
                bid.bid_id, bid.rfq_id, one.id, BUYER, bid.submitted_at + timedelta(hours=1)
            ),
        )
        reactions.count_responses(session, events["opened"])
        counted = select(KpiMonth.responses).where(KpiMonth.supplier_id == one.id)
        assert session.scalar(counted) == 0
        reactions.note_bid(
            session,
            BidSubmitted(uuid4(), bid.rfq_id, one.id, BUYER, bid.submitted_at + timedelta(hours=2)),
        )
        session.flush()
        assert session.scalar(counted) == 1

    def test_who_was_not_invited_is_not_counted(self, session: Session) -> None:
        _one, _two, events = self.events(session)
        guest = make_supplier(session)
        bid = events["bid"]
        reactions.note_bid(
            session, BidSubmitted(uuid4(), bid.rfq_id, guest.id, BUYER, bid.submitted_at)
        )
        reactions.note_invitations(session, events["published"])
        reactions.count_responses(session, events["opened"])
        ids = session.scalars(select(KpiMonth.supplier_id)).all()
        assert guest.id not in ids


class TestScorecards:
    def count(self, session: Session, supplier: Supplier, at: date, on_time: int) -> None:
        kpis.add(
            session,
            (supplier.id, BUYER, at),
            {"orders": 1, "due_quantity": D(100), "on_time_quantity": D(on_time)},
        )

    def cards(self, session: Session, supplier: Supplier, months: int) -> list[Scorecard]:
        return list(
            session.scalars(
                select(Scorecard)
                .where(Scorecard.supplier_id == supplier.id, Scorecard.months == months)
                .order_by(Scorecard.period, Scorecard.version)
            )
        )

    def test_a_year_leaves_months_without_data_out(self, session: Session) -> None:
        """OPEN-15: deliveries in months 1, 2, 4 and 7 with 80, 60, 70 and 90."""
        supplier = make_supplier(session)
        for place, on_time in ((1, 80), (2, 60), (4, 70), (7, 90)):
            self.count(session, supplier, date(2026, place, 1), on_time)
        with clock.frozen(datetime(2026, 12, 2, tzinfo=UTC)):
            scorecards.compute(session, SYSTEM)
        [year] = self.cards(session, supplier, 12)
        assert (year.raw, year.score, year.observations) == (D("75.0"), D("75.0"), 4)
        assert not year.complete
        assert [card.raw for card in self.cards(session, supplier, 1)] == [
            D("80.0"),
            D("60.0"),
            D("70.0"),
            D("90.0"),
        ]

    def test_a_supplier_without_data_has_no_scorecard(self, session: Session) -> None:
        supplier = make_supplier(session)
        scorecards.compute(session, SYSTEM)
        assert self.cards(session, supplier, 12) == []

    def test_the_same_night_again_writes_nothing_a_late_event_a_new_version(
        self, session: Session
    ) -> None:
        supplier = make_supplier(session)
        self.count(session, supplier, date(2026, 10, 1), 80)
        with clock.frozen(datetime(2026, 11, 2, tzinfo=UTC)):
            assert scorecards.compute(session, SYSTEM) == 2
            assert scorecards.compute(session, SYSTEM) == 0
            self.count(session, supplier, date(2026, 10, 1), 100)
            assert scorecards.compute(session, SYSTEM) == 2
        cards = self.cards(session, supplier, 1)
        assert [(card.version, card.raw) for card in cards] == [(1, D("80.0")), (2, D("90.0"))]

    def test_figures_are_means_and_the_counts_stand_beside_them(self, session: Session) -> None:
        supplier = make_supplier(session)
        for variance in ("0.02", "0.04"):
            kpis.add(
                session,
                (supplier.id, BUYER, date(2026, 10, 1)),
                {
                    "price_orders": 1,
                    "price_variance": D(variance),
                    "lead_time_orders": 1,
                    "lead_time_days": D(6),
                },
            )
        with clock.frozen(datetime(2026, 11, 2, tzinfo=UTC)):
            scorecards.compute(session, SYSTEM)
        [card] = self.cards(session, supplier, 1)
        assert D(card.figures["price_variance"]) == D("0.03")
        assert D(card.figures["lead_time_days"]) == 6
        assert card.figures["counts"]["price_orders"] == 2

    def test_few_observations_lean_on_the_others(self, session: Session) -> None:
        good, poor = make_supplier(session), make_supplier(session)
        self.count(session, good, date(2026, 10, 1), 100)
        self.count(session, poor, date(2026, 10, 1), 40)
        with clock.frozen(datetime(2026, 11, 2, tzinfo=UTC)):
            scorecards.compute(session, SYSTEM)
        [card] = self.cards(session, good, 1)
        # (1 x 100 + 5 x 40) / 6
        assert (card.raw, card.score) == (D("100.0"), D("50.0"))

    def test_a_buyer_sees_others_figures_only_behind_three_buyers(
        self, session: Session, api
    ) -> None:
        supplier = make_supplier(session)
        self.count(session, supplier, clock.now().date().replace(day=1), 80)
        scorecards.compute(session, SYSTEM)
        buyer = make_actor(session)
        body = api(buyer).get(f"/suppliers/{supplier.id}/scorecards").json
        assert [card["figures"] for card in body["scorecards"]] == [None, None]
        assert body["scorecards"][0]["score"] == "80"
        for _time in range(2):
            other = make_organisation(session)
            kpis.add(
                session,
                (supplier.id, other.id, clock.now().date().replace(day=1)),
                {"orders": 1, "due_quantity": D(100), "on_time_quantity": D(80)},
            )
        scorecards.compute(session, SYSTEM)
        body = api(buyer).get(f"/suppliers/{supplier.id}/scorecards").json
        assert body["scorecards"][0]["figures"]["on_time_rate"].startswith("0.8")
