"""Payments through the official SDK against the local Stripe server."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import jobs
from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.jobs import Job
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind, Role
from marketplace.local.stripe_api import Fault
from marketplace.local.stripe_server import LocalStripe
from marketplace.local.stripe_store import StripeFault
from marketplace.payments import queries
from marketplace.payments.models import LedgerEntry, Payment, PaymentIssue
from marketplace.payments.rules import NothingDue, PaymentInProcess, RefundTooLarge
from marketplace.payments.services import paying, refunding
from marketplace.payments.states import Account, IssueCode, PaymentState, RefundState
from tests.clients import ApiClient
from tests.factories.identity import make_actor, make_organisation
from tests.factories.payments import deliver, make_payment, make_subject

VISA = "4242424242424242"
DECLINED = "4000000000000002"
SEPA = "FR1420041010050500013M02606"
SEPA_FAILS = "FR8420041010050500013M02607"
Drain = Callable[[], int]


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@pytest.fixture
def buyer(session: Session) -> Actor:
    return make_actor(session, OrgKind.BUYER, Role.BUYER)


@pytest.fixture
def payment(session: Session, buyer: Actor, drain: Drain) -> Payment:
    """An open payment of 1,740.55 EUR with its page."""
    supplier = make_organisation(session, OrgKind.SUPPLIER)
    payment = make_payment(session, buyer, supplier.id, euros("1740.55"))
    drain()
    return payment


def events(session: Session) -> list[str]:
    names = session.scalars(select(OutboxMessage.name).order_by(OutboxMessage.seq))
    return [name for name in names if name.startswith("payments.")]


def charged(server: LocalStripe) -> list[int]:
    """What the provider took in, in cents."""
    return [item["amount"] for item in server.store.tables.get("charge", {}).values()]


class TestRequest:
    def test_opens_a_page_for_exactly_the_amount(
        self, session: Session, payment: Payment, stripe_server: LocalStripe
    ) -> None:
        assert payment.state is PaymentState.OPEN
        page = stripe_server.store.get("checkout.session", str(payment.checkout_id))
        assert (page["amount_total"], page["currency"]) == (174055, "eur")
        assert page["payment_method_types"] == ["card", "sepa_debit"]
        assert payment.checkout_url == page["url"]
        assert events(session) == ["payments.requested"]

    def test_two_clicks_and_two_buyers_get_one_page(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        subject = make_subject(buyer.organisation_id, make_organisation(session).id)
        first = paying.request(session, buyer, subject, euros("10"))
        drain()
        again = paying.request(session, buyer, subject, euros("10.00"))
        drain()
        assert again.id == first.id
        assert len(stripe_server.store.tables["checkout.session"]) == 1

    def test_nothing_due_is_refused_before_anything_is_written(
        self, session: Session, buyer: Actor
    ) -> None:
        subject = make_subject(buyer.organisation_id, make_organisation(session).id)
        with pytest.raises(NothingDue):
            paying.request(session, buyer, subject, euros("0"))
        assert session.scalars(select(Payment)).all() == []
        assert events(session) == []

    def test_a_receiver_may_not_pay(self, session: Session) -> None:
        receiver = make_actor(session, OrgKind.BUYER, Role.RECEIVER)
        subject = make_subject(receiver.organisation_id, make_organisation(session).id)
        with pytest.raises(NotAllowed):
            paying.request(session, receiver, subject, euros("5"))

    def test_another_company_sees_nothing(self, session: Session, payment: Payment) -> None:
        stranger = make_actor(session, OrgKind.BUYER, Role.BUYER)
        with pytest.raises(NotFound):
            queries.get(session, stranger, payment.id)

    def test_yen_are_sent_and_booked_as_yen(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        """OPEN-32: no minor unit, nothing multiplied."""
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        payment = make_payment(session, buyer, supplier.id, Money(Decimal(80), "JPY"))
        drain()
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, buyer, payment.id)
        drain()
        assert charged(stripe_server) == [80]
        assert (payment.received, payment.currency) == (Decimal(80), "JPY")


class TestLoweredAmount:
    def test_a_declined_18_then_lowered_to_10_charges_exactly_10(
        self,
        session: Session,
        buyer: Actor,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        """OPEN-04."""
        subject = make_subject(buyer.organisation_id, make_organisation(session).id)
        first = paying.request(session, buyer, subject, euros("18.00"))
        drain()
        with pytest.raises(StripeFault):
            stripe_server.pay(str(first.checkout_id), number=DECLINED)
        deliver(stripe_server, client)
        drain()
        assert (first.state, first.failure_code) == (PaymentState.OPEN, "generic_decline")

        second = paying.request(session, buyer, subject, euros("10.00"))
        drain()
        old_page = stripe_server.store.get("checkout.session", str(first.checkout_id))
        assert (first.state, old_page["status"]) == (PaymentState.CANCELLED, "expired")
        with pytest.raises(StripeFault):
            stripe_server.pay(str(first.checkout_id), number=VISA)

        stripe_server.pay(str(second.checkout_id), number=VISA)
        deliver(stripe_server, client)
        drain()
        assert charged(stripe_server) == [1000]
        assert (second.state, second.received) == (PaymentState.CAPTURED, Decimal(10))
        assert len(stripe_server.store.tables["idempotency"]) == 3  # two pages, one expiry

    def test_an_old_page_paid_in_the_last_moment_is_booked_and_the_new_one_given_up(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        subject = make_subject(buyer.organisation_id, make_organisation(session).id)
        first = paying.request(session, buyer, subject, euros("18"))
        drain()
        second = paying.request(session, buyer, subject, euros("10"))
        stripe_server.pay(str(first.checkout_id), number=VISA)
        drain()
        assert (first.state, first.received) == (PaymentState.CAPTURED, Decimal(18))
        assert (second.state, second.received) == (PaymentState.CANCELLED, 0)
        assert charged(stripe_server) == [1800]

    def test_nothing_new_while_a_debit_is_in_process(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        subject = make_subject(buyer.organisation_id, make_organisation(session).id)
        first = paying.request(session, buyer, subject, euros("18"))
        drain()
        stripe_server.pay(str(first.checkout_id), iban=SEPA)
        paying.check_again(session, buyer, first.id)
        drain()
        with pytest.raises(PaymentInProcess):
            paying.request(session, buyer, subject, euros("10"))


class TestCapture:
    def test_books_once_for_any_number_of_notices(
        self,
        session: Session,
        payment: Payment,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        """OPEN-22: the same event three times, and the browser's return besides."""
        stripe_server.deliveries.copies = 3
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        assert deliver(stripe_server, client) >= 9
        drain()
        assert (payment.state, payment.received) == (PaymentState.CAPTURED, Decimal("1740.55"))
        assert events(session).count("payments.captured") == 1
        entries = session.scalars(select(LedgerEntry)).all()
        assert len(entries) == 1
        assert queries.balances(session, payment.buyer_id) == {
            ("EUR", Account.PAYABLES): Decimal("1740.55"),
            ("EUR", Account.BANK): Decimal("-1740.55"),
        }

    def test_every_order_of_the_notices_ends_alike(
        self,
        session: Session,
        buyer: Actor,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        """P-05: refunded before succeeded before created."""
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        for order in itertools.islice(itertools.permutations(range(5)), 0, 120, 17):
            payment = make_payment(session, buyer, supplier.id, euros("30"))
            drain()
            stripe_server.pay(str(payment.checkout_id), number=VISA)
            intent = stripe_server.store.get("checkout.session", str(payment.checkout_id))
            with stripe_server.store.lock:
                stripe_server.api.handle(
                    "POST",
                    "/v1/refunds",
                    f"payment_intent={intent['payment_intent']}&amount=500",
                    None,
                )
            waiting = stripe_server.deliveries._waiting
            waiting[:] = [waiting[i] for i in order if i < len(waiting)] + waiting[5:]
            deliver(stripe_server, client)
            drain()
            assert payment.state is PaymentState.CAPTURED
            assert (payment.received, payment.refunded) == (Decimal(30), Decimal(5))

    def test_another_amount_is_booked_as_received_and_raises_a_task(
        self, session: Session, payment: Payment, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        page = stripe_server.store.get("checkout.session", str(payment.checkout_id))
        page["amount_total"] = 174000
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, SYSTEM, payment.id)
        drain()
        assert payment.received == Decimal("1740.00")
        issue = session.scalars(select(PaymentIssue)).one()
        assert (issue.code, issue.expected, issue.received) == (
            IssueCode.AMOUNT,
            Decimal("1740.55"),
            Decimal("1740.00"),
        )
        assert "payments.mismatched" in events(session)

    def test_another_currency_is_quarantined(
        self, session: Session, payment: Payment, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        page = stripe_server.store.get("checkout.session", str(payment.checkout_id))
        page["currency"] = "usd"
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, SYSTEM, payment.id)
        drain()
        assert payment.state is PaymentState.OPEN
        assert session.scalars(select(PaymentIssue)).one().code is IssueCode.CURRENCY
        assert "payments.captured" not in events(session)

    def test_a_debit_is_in_process_then_received(
        self,
        session: Session,
        payment: Payment,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        stripe_server.pay(str(payment.checkout_id), iban=SEPA)
        deliver(stripe_server, client)
        drain()
        assert payment.state is PaymentState.PROCESSING
        stripe_server.settle(at=float("inf"))
        deliver(stripe_server, client)
        drain()
        assert (payment.state, payment.method) == (PaymentState.CAPTURED, "sepa_debit")

    def test_a_debit_that_the_bank_sends_back_fails(
        self,
        session: Session,
        payment: Payment,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        stripe_server.pay(str(payment.checkout_id), iban=SEPA_FAILS)
        deliver(stripe_server, client)
        stripe_server.settle(at=float("inf"))
        deliver(stripe_server, client)
        drain()
        assert (payment.state, payment.received) == (PaymentState.FAILED, 0)
        assert events(session)[-1] == "payments.failed"


class TestLostAnswers:
    def test_a_lost_answer_is_repeated_under_the_same_key(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        """P-01: the page was made, its answer got lost."""
        stripe_server.plan(Fault("drop", "/v1/checkout/sessions"))
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        payment = make_payment(session, buyer, supplier.id, euros("25"))
        drain()
        assert payment.state is PaymentState.OPEN
        assert len(stripe_server.store.tables["checkout.session"]) == 1

    def test_a_stored_500_is_searched_after_three_answers_and_the_page_adopted(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        """P-02."""
        stripe_server.plan(Fault("error", "/v1/checkout/sessions"))
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        payment = make_payment(session, buyer, supplier.id, euros("25"))
        _drain_patiently(session, drain)
        assert payment.state is PaymentState.OPEN
        assert payment.failures == 3
        assert list(stripe_server.store.tables["checkout.session"]) == [payment.checkout_id]

    def test_a_stored_500_without_effect_gets_a_new_key(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        stripe_server.plan(Fault("refuse", "/v1/checkout/sessions"))
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        payment = make_payment(session, buyer, supplier.id, euros("25"))
        _drain_patiently(session, drain)
        assert payment.state is PaymentState.OPEN
        assert [key[-2:] for key in stripe_server.store.tables["idempotency"]] == [":1", ":2"]

    def test_reconciliation_finds_what_no_notice_told(
        self, session: Session, payment: Payment, drain: Drain, stripe_server: LocalStripe
    ) -> None:
        """P-08: the webhook address was down."""
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        jobs.enqueue(session, "payments.reconcile", {}, queue="calls")
        drain()
        assert payment.state is PaymentState.CAPTURED


class TestRefund:
    @pytest.fixture
    def paid(
        self, session: Session, buyer: Actor, drain: Drain, stripe_server: LocalStripe
    ) -> Payment:
        supplier = make_organisation(session, OrgKind.SUPPLIER)
        payment = make_payment(session, buyer, supplier.id, euros("100"))
        drain()
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, buyer, payment.id)
        drain()
        return payment

    def test_zero_is_refused_and_the_provider_not_called(
        self, session: Session, buyer: Actor, paid: Payment, stripe_server: LocalStripe
    ) -> None:
        """OPEN-21."""
        with pytest.raises(Exception, match="above zero"):
            refunding.refund(session, buyer, paid.id, euros("0"), "nothing")
        assert not any(
            "refunds" in path and verb == "POST" for verb, path in stripe_server.api.calls
        )

    def test_never_more_than_is_left(
        self, session: Session, buyer: Actor, paid: Payment, drain: Drain
    ) -> None:
        """OPEN-35: 100 charged, 99 refunded, then 50."""
        refund = refunding.refund(session, buyer, paid.id, euros("99"), "overpaid")
        drain()
        assert (refund.state, paid.refunded) == (RefundState.SUCCEEDED, Decimal(99))
        with pytest.raises(RefundTooLarge) as refusal:
            refunding.refund(session, buyer, paid.id, euros("50"), "again")
        assert refusal.value.data["remaining"] == "1.00"

    def test_refunds_under_way_count(self, session: Session, buyer: Actor, paid: Payment) -> None:
        refunding.refund(session, buyer, paid.id, euros("60"), "first")
        with pytest.raises(RefundTooLarge):
            refunding.refund(session, buyer, paid.id, euros("60"), "second")

    def test_a_refund_at_the_provider_is_imported_and_counts(
        self,
        session: Session,
        buyer: Actor,
        paid: Payment,
        drain: Drain,
        stripe_server: LocalStripe,
        client: ApiClient,
    ) -> None:
        stripe_server.api.handle(
            "POST", "/v1/refunds", f"payment_intent={paid.intent_id}&amount=4000", None
        )
        deliver(stripe_server, client)
        drain()
        assert paid.refunded == Decimal(40)
        with pytest.raises(RefundTooLarge):
            refunding.refund(session, buyer, paid.id, euros("60.01"), "too much")

    def test_a_lost_answer_refunds_once(
        self,
        session: Session,
        buyer: Actor,
        paid: Payment,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        stripe_server.plan(Fault("drop", "/v1/refunds"))
        refunding.refund(session, buyer, paid.id, euros("10"), "overpaid")
        drain()
        assert [item["amount"] for item in stripe_server.store.tables["refund"].values()] == [1000]
        assert queries.balances(session, paid.buyer_id)["EUR", Account.BANK] == Decimal(-90)


def _drain_patiently(session: Session, drain: Drain) -> None:
    """Drain again after moving planned tries to now."""
    for _ in range(6):
        drain()
        session.execute(Job.__table__.update().values(run_at=Job.__table__.c.created_at))
