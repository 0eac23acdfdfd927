"""From the supplier's invoice to the money: what passes, what is held, what is due."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core.errors import NotAllowed, NotFound
from marketplace.core.money import Money
from marketplace.core.outbox import OutboxMessage
from marketplace.core.states import IllegalTransition
from marketplace.identity.permissions import SYSTEM, OrgKind, Role
from marketplace.invoices import queries, rules
from marketplace.invoices.services import checking, drafting, settling
from marketplace.invoices.states import FindingCode, InvoiceKind, InvoiceState, PaymentStatus
from marketplace.local.stripe_server import LocalStripe
from marketplace.local.stripe_store import StripeFault
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from marketplace.payments import queries as payment_queries
from marketplace.payments.models import PaymentIssue
from marketplace.payments.rules import RefundTooLarge
from marketplace.payments.services import paying
from marketplace.payments.states import Account, IssueCode, PaymentState
from tests.factories import invoices as make
from tests.factories.identity import make_actor
from tests.factories.orders import Parties, receive

VISA = "4242424242424242"
DECLINED = "4000000000000002"
Drain = Callable[[], int]


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


@pytest.fixture
def order(session: Session, parties: Parties) -> Order:
    """10 chairs at 100.00, all accepted."""
    return make.make_received(session, parties)


def names(session: Session) -> list[str]:
    found = session.scalars(select(OutboxMessage.name).order_by(OutboxMessage.seq))
    return [name for name in found if name.startswith("invoices.")]


class TestDraft:
    def test_is_prefilled_with_what_was_accepted_and_not_invoiced(
        self, session: Session, parties: Parties
    ) -> None:
        order = make.make_received(session, parties, 6)
        make.make_matched(session, parties, order, 4)
        draft = drafting.prefilled(session, parties.supplier, order.id)
        assert [(line.quantity, line.unit_price) for line in draft.lines] == [(2, 100)]
        assert draft.buyer_id == parties.company.id

    def test_the_buyer_does_not_see_it(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        draft = make.invoice_draft(make.order_line_draft(order, 1), order_id=order.id)
        invoice = drafting.create(session, parties.supplier, draft)
        with pytest.raises(NotFound):
            queries.get(session, parties.buyer, invoice.id)

    def test_a_buyer_may_not_write_one(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        with pytest.raises(NotAllowed):
            drafting.prefilled(session, parties.buyer, order.id)

    def test_another_supplier_cannot_invoice_the_order(
        self, session: Session, order: Order
    ) -> None:
        stranger = make_actor(session, OrgKind.SUPPLIER, Role.SUPPLIER)
        with pytest.raises(NotFound):
            drafting.prefilled(session, stranger, order.id)

    def test_free_input_needs_a_buyer(self, session: Session, parties: Parties) -> None:
        with pytest.raises(Exception, match="which buyer"):
            drafting.create(session, parties.supplier, make.invoice_draft())

    def test_what_was_sent_is_not_edited(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_submitted(session, parties.supplier, order)
        with pytest.raises(IllegalTransition):
            drafting.update(session, parties.supplier, invoice.id, make.invoice_draft())


class TestMatch:
    def test_follows_the_submission_by_itself(
        self, session: Session, parties: Parties, order: Order, drain: Drain
    ) -> None:
        invoice = make.make_submitted(session, parties.supplier, order)
        drain()
        assert invoice.state is InvoiceState.MATCHED
        assert (invoice.net, invoice.vat, invoice.gross) == (1000, 200, 1200)
        assert names(session) == ["invoices.submitted", "invoices.matched"]
        assert order_queries.get(session, SYSTEM, order.id).lines[0].invoiced == 10

    def test_is_booked_once_and_adds_up(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        checking.match(session, SYSTEM, invoice.id)
        assert payment_queries.balances(session, parties.company.id) == {
            ("EUR", Account.EXPENSE): Decimal(1000),
            ("EUR", Account.VAT): Decimal(200),
            ("EUR", Account.PAYABLES): Decimal(-1200),
        }

    def test_of_two_invoices_for_the_same_goods_the_second_is_held(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        """C-15: receipt 10, invoices 6 and 6."""
        first = make.make_submitted(session, parties.supplier, order, 6)
        second = make.make_submitted(session, parties.supplier, order, 6)
        checking.match(session, SYSTEM, first.id)
        checking.match(session, SYSTEM, second.id)
        assert (first.state, second.state) == (InvoiceState.MATCHED, InvoiceState.IN_VARIANCE)
        assert [f.code for f in second.findings] == [FindingCode.QUANTITY_EXCEEDED]
        assert order.lines[0].invoiced == 6

    def test_an_invoice_ahead_of_its_goods_passes_when_they_arrive(
        self, session: Session, parties: Parties, drain: Drain
    ) -> None:
        order = make.make_received(session, parties, 4)
        invoice = make.make_matched(session, parties, order, 10)
        assert invoice.state is InvoiceState.IN_VARIANCE
        receive(session, parties, order, 6)
        drain()
        assert invoice.state is InvoiceState.MATCHED

    def test_a_difference_is_accepted_with_a_reason_by_those_who_may(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal("110"))
        assert invoice.state is InvoiceState.IN_VARIANCE
        with pytest.raises(NotAllowed):
            checking.approve(session, parties.receiver, invoice.id, "agreed by phone")
        checking.approve(session, parties.approver, invoice.id, "agreed by phone")
        assert (invoice.state, invoice.reason) == (InvoiceState.APPROVED, "agreed by phone")
        assert order.lines[0].invoiced == 10

    def test_whoever_booked_the_goods_may_not_approve(
        self, session: Session, parties: Parties
    ) -> None:
        both = make_actor(
            session, OrgKind.BUYER, Role.RECEIVER, Role.APPROVER, organisation=parties.company
        )
        parties.receiver = both
        order = make.make_received(session, parties)
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal(150))
        with pytest.raises(rules.FourEyes):
            checking.approve(session, both, invoice.id, "mine")
        assert invoice.state is InvoiceState.IN_VARIANCE

    def test_sent_back_it_does_not_count(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal(150))
        checking.reject(session, parties.approver, invoice.id, "Price as ordered, please.")
        assert invoice.state is InvoiceState.REJECTED
        assert order.lines[0].invoiced == 0
        assert names(session)[-1] == "invoices.rejected"

    def test_the_buyers_own_tolerance_counts(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        checking.set_tolerance(
            session,
            parties.approver,
            price_percent=Decimal(0),
            price_amount=Decimal(0),
            quantity_percent=Decimal(0),
            rounding=Decimal(0),
        )
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal("100.01"))
        assert invoice.state is InvoiceState.IN_VARIANCE


class TestDuplicates:
    def test_the_same_number_of_another_year_is_another_invoice(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        """OPEN-17: accepted, with a notice."""
        first = make.make_matched(
            session, parties, order, 3, number="1", issued_on=date(2019, 1, 5)
        )
        second = make.make_matched(
            session, parties, order, 4, number="1", issued_on=date(2020, 1, 5)
        )
        assert (first.state, second.state) == (InvoiceState.MATCHED, InvoiceState.MATCHED)
        assert [(f.code, f.tolerated) for f in second.findings] == [
            (FindingCode.NUMBER_USED_BEFORE, True)
        ]

    def test_the_same_again_is_refused_with_the_first_one_named(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        """C-16."""
        first = make.make_matched(session, parties, order, 2, number="INV-001")
        draft = make.invoice_draft(
            make.order_line_draft(order, 2), order_id=order.id, number=" inv-001 "
        )
        again = drafting.create(session, parties.supplier, draft)
        with pytest.raises(rules.DuplicateInvoice) as refusal:
            drafting.submit(session, parties.supplier, again.id)
        assert refusal.value.data["invoice_id"] == str(first.id)

    def test_sent_all_the_same_it_is_held_until_released_with_a_reason(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        """OPEN-17: cannot be paid before that."""
        make.make_matched(session, parties, order, 2, number="INV-001")
        draft = make.invoice_draft(
            make.order_line_draft(order, 2), order_id=order.id, number=" inv-001 "
        )
        again = drafting.create(session, parties.supplier, draft)
        drafting.submit(session, parties.supplier, again.id, despite_duplicate=True)
        checking.match(session, SYSTEM, again.id)
        assert again.number == "inv-001"
        assert [f.code for f in again.findings] == [FindingCode.DUPLICATE]
        with pytest.raises(rules.NotPayable):
            settling.pay(session, parties.approver, again.id)
        checking.approve(session, parties.approver, again.id, "two deliveries, same number")
        assert settling.pay(session, parties.approver, again.id).amount == 240

    def test_a_credit_note_with_the_same_number_is_none(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 2, number="7")
        draft = make.invoice_draft(
            make.order_line_draft(order, 1),
            kind=InvoiceKind.CREDIT_NOTE,
            order_id=order.id,
            corrects_id=invoice.id,
            number="7",
        )
        credit = drafting.create(session, parties.supplier, draft)
        drafting.submit(session, parties.supplier, credit.id)
        assert credit.duplicate_of_id is None


class TestCreditNote:
    def test_brings_invoiced_and_due_down(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        """OPEN-25: invoiced 10, credit note for 3: due for 7."""
        invoice = make.make_matched(session, parties, order)
        credit = make.make_credit_note(session, parties, invoice, order, 3)
        assert credit.state is InvoiceState.MATCHED
        assert order.lines[0].invoiced == 7
        assert (invoice.credited, invoice.due, invoice.open_amount) == (360, 840, 840)
        balances = payment_queries.balances(session, parties.company.id)
        assert balances["EUR", Account.PAYABLES] == -840

    def test_more_than_was_invoiced_is_refused(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 5)
        with pytest.raises(rules.CreditTooLarge) as refusal:
            make.make_credit_note(session, parties, invoice, order, 6)
        assert refusal.value.data["remaining"] == "600.00"

    def test_of_the_whole_leaves_nothing_to_pay(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        make.make_credit_note(session, parties, invoice, order, 10)
        assert (invoice.state, invoice.open_amount) == (InvoiceState.PAID, 0)
        with pytest.raises(rules.NotPayable):
            settling.pay(session, parties.approver, invoice.id)


class TestPay:
    def test_paid_exactly_completes_the_order(
        self,
        session: Session,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        payment = settling.pay(session, parties.approver, invoice.id)
        drain()
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, parties.approver, payment.id)
        drain()
        assert (invoice.state, invoice.payment_status) == (
            InvoiceState.PAID,
            PaymentStatus.FULLY_PAID,
        )
        assert names(session)[-1] == "invoices.paid"
        assert order.state is OrderState.COMPLETED
        balances = payment_queries.balances(session, parties.company.id)
        assert balances["EUR", Account.PAYABLES] == 0
        assert balances["EUR", Account.BANK] == -1200

    def test_two_buyers_pay_one_payment(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        first = settling.pay(session, parties.approver, invoice.id)
        second = settling.pay(session, parties.buyer, invoice.id)
        assert first.id == second.id

    def test_declined_then_lowered_charges_exactly_what_is_left(
        self,
        session: Session,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        """OPEN-04 with a credit note in between."""
        invoice = make.make_matched(session, parties, order)
        first = settling.pay(session, parties.approver, invoice.id)
        drain()
        with pytest.raises(StripeFault):
            stripe_server.pay(str(first.checkout_id), number=DECLINED)
        make.make_credit_note(session, parties, invoice, order, 4)
        assert first.state is PaymentState.CANCELLING
        second = settling.pay(session, parties.approver, invoice.id)
        drain()
        with pytest.raises(StripeFault):
            stripe_server.pay(str(first.checkout_id), number=VISA)
        stripe_server.pay(str(second.checkout_id), number=VISA)
        paying.check_again(session, parties.approver, second.id)
        drain()
        charges = [c["amount"] for c in stripe_server.store.tables["charge"].values()]
        assert charges == [72000]
        assert invoice.state is InvoiceState.PAID

    def test_another_amount_never_sets_paid(
        self,
        session: Session,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        payment = settling.pay(session, parties.approver, invoice.id)
        drain()
        page = stripe_server.store.get("checkout.session", str(payment.checkout_id))
        page["amount_total"] = 100000
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, parties.approver, payment.id)
        drain()
        assert (invoice.state, invoice.payment_status) == (
            InvoiceState.MATCHED,
            PaymentStatus.PARTLY_PAID,
        )
        assert session.scalars(select(PaymentIssue.code)).all() == [IssueCode.AMOUNT]
        rest = settling.pay(session, parties.approver, invoice.id)
        assert rest.amount == 200

    def test_an_overpayment_is_seen_and_taken_back(
        self,
        session: Session,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        payment = settling.pay(session, parties.approver, invoice.id)
        drain()
        stripe_server.pay(str(payment.checkout_id), number=VISA)
        paying.check_again(session, parties.approver, payment.id)
        drain()
        make.make_credit_note(session, parties, invoice, order, 3)
        assert invoice.payment_status is PaymentStatus.OVERPAID
        assert invoice.state is InvoiceState.APPROVED
        assert session.scalars(select(PaymentIssue.code)).all() == [IssueCode.OVERPAID]

        with pytest.raises(RefundTooLarge) as refusal:
            settling.refund(
                session, parties.approver, payment.id, Money(Decimal("360.01"), "EUR"), "too much"
            )
        assert refusal.value.data["remaining"] == "360.00"
        settling.refund_overpayment(session, parties.approver, invoice.id, "credit note")
        drain()
        assert (invoice.paid, invoice.state) == (840, InvoiceState.PAID)
        balances = payment_queries.balances(session, parties.company.id)
        assert balances["EUR", Account.PAYABLES] == 0

    def test_an_invoice_in_variance_is_not_paid(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal(150))
        with pytest.raises(rules.NotPayable):
            settling.pay(session, parties.approver, invoice.id)
        assert payment_queries.of_subject(session, "invoice", invoice.id) == []


class TestWaiting:
    def test_the_supplier_sees_what_to_invoice_and_what_will_come(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        supplier = parties.supplier
        assert [o.id for o in queries.orders_to_invoice(session, supplier)] == [order.id]
        invoice = make.make_matched(session, parties, order)
        assert queries.orders_to_invoice(session, supplier) == []
        assert [i.id for i in queries.waiting_for_payment(session, supplier)] == [invoice.id]
        [sum_] = queries.outstanding(session, supplier, date(2099, 1, 1))
        assert (sum_.currency, sum_.count, sum_.amount, sum_.late) == ("EUR", 1, 1200, 1200)

    def test_the_buyer_sees_what_to_decide(
        self, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 10, unit_price=Decimal(150))
        assert [i.id for i in queries.waiting_for_decision(session, parties.buyer)] == [invoice.id]
        stranger = make_actor(session, OrgKind.BUYER, Role.BUYER)
        assert queries.waiting_for_decision(session, stranger) == []
