"""Customers are counted exactly once, net of refunds, and scored by their own seller."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.errors import Invalid, NotAllowed, NotFound
from marketplace.customers import queries, reactions, scoring, service
from marketplace.customers.models import Customer, CustomerOrder, Interaction
from marketplace.customers.states import ChurnHint, InteractionKind
from marketplace.events.invoices import InvoicePaid
from marketplace.events.payments import PaymentRefunded
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from tests.factories.customers import count_orders, make_customer, value
from tests.factories.identity import make_actor, make_organisation
from tests.factories.loyalty import EARNED, order_completed

D = Decimal
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def seller(session: Session):
    return make_actor(session, OrgKind.SUPPLIER)


def refund_of(order_id: UUID, amount: str) -> PaymentRefunded:
    return PaymentRefunded(
        payment_id=uuid4(),
        refund_id=uuid4(),
        subject_kind="invoice",
        subject_id=order_id,
        buyer_id=uuid4(),
        supplier_id=uuid4(),
        amount=D(amount),
        currency="EUR",
        refunded_at=NOW,
    )


def paid(order_id: UUID, gross: str) -> InvoicePaid:
    """An invoice that bears the id of its order, for short."""
    return InvoicePaid(order_id, order_id, uuid4(), uuid4(), "F-1", D(gross), "EUR", None, NOW)


class TestCounting:
    def test_an_order_counts_once(self, session, seller) -> None:
        buyer = make_organisation(session)
        event = order_completed(buyer.id, seller.org_id, "250.00")
        for _time in range(3):
            reactions.count_order(session, event)
        customer = session.scalars(select(Customer)).one()
        assert (customer.orders, value(customer)) == (1, D("250.00"))
        assert customer.first_order_at == customer.last_order_at == EARNED

    def test_late_events_widen_the_relation_in_both_directions(self, session, seller) -> None:
        buyer = make_organisation(session)
        customer = count_orders(
            session,
            seller.org_id,
            buyer,
            ("2026-05-01", "10"),
            ("2026-01-01", "20"),
            ("2026-09-01", "30"),
        )
        assert customer.first_order_at.date() == date(2026, 1, 1)
        assert customer.last_order_at.date() == date(2026, 9, 1)
        assert (customer.orders, value(customer)) == (3, D("60.00"))

    def test_another_currency_is_counted_apart(self, session, seller) -> None:
        event = order_completed(make_organisation(session).id, seller.org_id, currency="CHF")
        reactions.count_order(session, event)
        customer = session.scalars(select(Customer)).one()
        assert (customer.orders, customer.foreign_orders, customer.value) == (0, 1, 0)


class TestRefunds:
    """OPEN-34: value is what stays paid; the same refund or event never counts twice."""

    def test_value_is_net_of_refunds(self, session, seller) -> None:
        buyer = make_organisation(session)
        event = order_completed(buyer.id, seller.org_id, "2920.14")
        reactions.count_order(session, event)
        reactions.note_paid_invoice(session, paid(event.order_id, "2920.14"))
        refund = refund_of(event.order_id, "393.29")
        reactions.subtract_refund(session, refund)
        reactions.subtract_refund(session, refund)
        session.flush()
        assert value(session.scalars(select(Customer)).one()) == D("2526.85")

    def test_an_order_refunded_in_full_is_no_purchase_and_never_negative(
        self, session, seller
    ) -> None:
        event = order_completed(make_organisation(session).id, seller.org_id, "100.00")
        reactions.count_order(session, event)
        reactions.note_paid_invoice(session, paid(event.order_id, "120.00"))
        for _time in range(2):
            reactions.subtract_refund(session, refund_of(event.order_id, "120.00"))
        customer = session.scalars(select(Customer)).one()
        assert (customer.orders, value(customer)) == (0, D("0.00"))
        assert queries.purchases_of(session.scalars(select(CustomerOrder)).all()[:0]) is None

    def test_a_refund_of_something_else_changes_nothing(self, session, seller) -> None:
        reactions.subtract_refund(session, refund_of(uuid4(), "5.00"))
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


class TestScoring:
    def test_scores_segment_and_value_of_a_small_base(self, session, seller) -> None:
        often, once, gone = (make_organisation(session) for _time in range(3))
        count_orders(
            session,
            seller.org_id,
            often,
            *((f"2026-{month:02d}-20", "500.00") for month in range(1, 12)),
        )
        count_orders(session, seller.org_id, once, ("2026-10-01", "80.00"))
        count_orders(session, seller.org_id, gone, ("2024-01-01", "90.00"))
        with clock.frozen(NOW):
            assert scoring.rescore_all(session, SYSTEM) == 1
            assert scoring.rescore_all(session, SYSTEM) == 1
        found = {c.buyer_id: c for c in session.scalars(select(Customer))}
        best = found[often.id]
        assert (best.recency_score, best.frequency_score, best.monetary_score) == (5, 5, 5)
        assert (best.segment, best.churn) == ("champions", ChurnHint.ACTIVE)
        assert found[gone.id].recency_score == 1
        assert found[gone.id].segment == "hibernating"

    def test_the_value_follows_the_sellers_assumptions(self, session, seller) -> None:
        """50 a time, 6 times a year, 4 years, 120 to win the customer: 1,080."""
        customer = count_orders(
            session,
            seller.org_id,
            make_organisation(session),
            *((f"2026-{month:02d}-01", "50.00") for month in (6, 7, 8, 9, 10, 11)),
        )
        with clock.frozen(NOW):
            service.update_settings(session, seller, {"acquisition_cost": D(120)})
            assert customer.lifetime_value == D("1080.00")
            assert customer.low_data
            analytics = queries.analytics(session, seller, customer.id, clock.now())
            assert analytics.lifetime.value == D("1080.00")
            service.update_customer(session, seller, customer.id, {"acquisition_cost": D(0)})
            assert customer.lifetime_value == D("1200.00")

    def test_one_figure_everywhere(self, session, seller) -> None:
        """The nightly value and the one of the page are the same."""
        for place in range(4):
            count_orders(
                session,
                seller.org_id,
                make_organisation(session),
                *((f"202{4 + place % 2}-0{month}-11", f"{place}99.90") for month in (1, 3, 7)),
                (f"2026-0{place + 1}-05", "10.00"),
            )
        with clock.frozen(NOW):
            scoring.rescore(session, seller.org_id)
            for customer in session.scalars(select(Customer)).all():
                found = queries.analytics(session, seller, customer.id, clock.now())
                assert found.lifetime.value == customer.lifetime_value
                assert found.churn is customer.churn

    def test_months_show_what_was_ordered_in_them(self, session, seller) -> None:
        customer = count_orders(
            session,
            seller.org_id,
            make_organisation(session),
            ("2026-11-02", "10.00"),
            ("2026-11-03", "15.00"),
            ("2025-12-31", "7.00"),
            ("2025-11-30", "99.00"),
        )
        months = queries.analytics(session, seller, customer.id, NOW).months
        assert [m.month for m in months][::11] == [date(2025, 12, 1), date(2026, 11, 1)]
        assert [(m.orders, m.net) for m in months][::11] == [(1, D(7)), (2, D(25))]


class TestUseCases:
    def test_an_interaction_is_noted(self, session, seller) -> None:
        customer = make_customer(session, seller.org_id)
        values = {"kind": InteractionKind.CALL, "held_on": date(2026, 5, 1), "subject": "Prices"}
        made = service.log_interaction(session, seller, customer.id, values)
        assert made.person_id == seller.person_id
        with pytest.raises(Invalid) as refused:
            service.log_interaction(
                session, seller, customer.id, values | {"follow_up_on": date(2026, 4, 1)}
            )
        assert refused.value.errors[0].pointer == "/follow_up_on"
        assert session.scalar(select(func.count()).select_from(Interaction)) == 1

    def test_another_sellers_customer_does_not_exist(self, session, seller) -> None:
        customer = make_customer(session, make_organisation(session, OrgKind.SUPPLIER).id)
        with pytest.raises(NotFound):
            queries.get(session, seller, customer.id)

    def test_buyers_have_no_customers(self, session) -> None:
        with pytest.raises(NotAllowed):
            service.update_settings(session, make_actor(session), {"relation_years": D(2)})
        auditor = make_actor(session, OrgKind.SUPPLIER, Role.AUDITOR)
        with pytest.raises(NotAllowed):
            service.update_settings(session, auditor, {"relation_years": D(2)})

    def test_an_own_segment_table_and_the_way_back(self, session, seller) -> None:
        count_orders(session, seller.org_id, make_organisation(session), ("2026-11-01", "10.00"))
        everybody = {
            f"{name}_{end}": number
            for name in service.RANGES
            for end, number in (("from", 1), ("to", 5))
        }
        rows = service.replace_segments(session, seller, [{"code": "Everybody", **everybody}])
        assert [row.code for row in rows] == ["Everybody"]
        assert session.scalars(select(Customer.segment)).one() == "Everybody"
        standard = service.replace_segments(session, seller, [])
        assert len(standard) == 8
        with pytest.raises(Invalid):
            service.replace_segments(
                session, seller, [{"code": "X", **everybody, "recency_from": 5, "recency_to": 1}]
            )
