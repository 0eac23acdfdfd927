"""Invoices in the portal: two clicks for the supplier, one page to decide and pay."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.identity.permissions import Actor
from marketplace.invoices.models import Invoice
from marketplace.invoices.states import InvoiceState
from marketplace.local.stripe_server import LocalStripe
from marketplace.orders.models import Order
from marketplace.payments.models import Payment
from marketplace.payments.states import PaymentState
from tests.clients import PortalClient, words
from tests.factories import invoices as make
from tests.factories.orders import Parties

Portal = Callable[[Actor], PortalClient]
Drain = Callable[[], int]


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


@pytest.fixture
def order(session: Session, parties: Parties) -> Order:
    return make.make_received(session, parties)


def filled(order: Order, **overrides: str) -> dict[str, str]:
    """The prefilled form, sent back with a number."""
    line = make.first_line(order)
    return {
        "kind": "invoice",
        "number": "F-77",
        "order_id": str(order.id),
        "buyer_id": str(order.buyer_id),
        "currency": "EUR",
        "issued_on": "2026-01-05",
        "lines.0.order_line_id": str(line.id),
        "lines.0.description": line.description,
        "lines.0.quantity.value": "10",
        "lines.0.quantity.unit": "C62",
        "lines.0.unit_price.amount": "100.00",
        "lines.0.unit_price.currency": "EUR",
        "lines.0.base_quantity": "1",
        "lines.0.vat_rate": "20",
        "lines.0.vat_category": "S",
        "send": "1",
    } | overrides


class TestSupplier:
    def test_invoices_an_order_in_two_clicks(
        self, portal: Portal, session: Session, parties: Parties, order: Order, drain: Drain
    ) -> None:
        browser = portal(parties.supplier)
        listing = browser.get("/invoices")
        assert order.number in words(listing)
        assert f"/invoices/new?order_id={order.id}" in listing.text
        form = browser.get(f"/invoices/new?order_id={order.id}")
        assert 'value="10"' in form.text
        sent = browser.post("/invoices/new", filled(order))
        assert sent.status_code == 303
        drain()
        invoice = session.scalars(select(Invoice)).one()
        assert invoice.state is InvoiceState.MATCHED
        assert "1,200.00" in words(browser.get("/invoices"))

    def test_keeps_what_was_typed_and_points_at_the_error(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        browser = portal(parties.supplier)
        page = browser.post("/invoices/new", filled(order, number="", note="Thank you"))
        assert page.status_code == 422
        assert "Thank you" in page.text
        assert 'href="#f-number"' in page.text
        assert session.scalars(select(Invoice)).all() == []

    @pytest.mark.parametrize("kind", ["", "no such kind", "credit_note"])
    def test_a_kind_that_our_page_did_not_send_is_no_fault(
        self, portal: Portal, session: Session, parties: Parties, order: Order, kind: str
    ) -> None:
        page = portal(parties.supplier).post(
            "/invoices/new", filled(order, number="", kind=kind, corrects_id="no id")
        )
        assert page.status_code == 422
        assert session.scalars(select(Invoice)).all() == []

    @pytest.mark.parametrize("index", ["x", "9" * 5000, "-1", "²"])
    def test_names_that_no_page_of_ours_has_are_no_fault(
        self, portal: Portal, session: Session, parties: Parties, order: Order, index: str
    ) -> None:
        strange = {f"lines.{index}.quantity.value": "1", "version": "9" * 5000, "number": ""}
        page = portal(parties.supplier).post("/invoices/new", filled(order, **strange))
        assert page.status_code == 422
        assert session.scalars(select(Invoice)).all() == []

    def test_a_line_set_to_zero_is_left_out_and_nothing_is_left(
        self, portal: Portal, parties: Parties, order: Order
    ) -> None:
        page = portal(parties.supplier).post(
            "/invoices/new", filled(order, **{"lines.0.quantity.value": "0"})
        )
        assert page.status_code == 422

    def test_is_asked_before_sending_what_looks_like_a_duplicate(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        browser = portal(parties.supplier)
        browser.post("/invoices/new", filled(order))
        again = browser.post("/invoices/new", filled(order))
        assert again.status_code == 422
        assert "despite_duplicate" in again.text
        assert len(session.scalars(select(Invoice)).all()) == 1
        sent = browser.post("/invoices/new", filled(order, despite_duplicate="true"))
        assert sent.status_code == 303

    def test_drafts_edits_and_sends(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        browser = portal(parties.supplier)
        browser.post("/invoices/new", filled(order, send=""))
        invoice = session.scalars(select(Invoice)).one()
        assert invoice.state is InvoiceState.DRAFT
        page = browser.get(f"/invoices/{invoice.id}/edit")
        assert 'value="F-77"' in page.text
        changed = filled(order, number="F-78", version=str(invoice.version), send="")
        assert browser.post(f"/invoices/{invoice.id}/edit", changed).status_code == 303
        assert browser.post(f"/invoices/{invoice.id}/submit").status_code == 303
        session.refresh(invoice)
        assert (invoice.number, invoice.state) == ("F-78", InvoiceState.SUBMITTED)

    def test_writes_a_credit_note(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        browser = portal(parties.supplier)
        assert f"corrects_id={invoice.id}" in browser.get(f"/invoices/{invoice.id}").text
        page = browser.get(f"/invoices/new?corrects_id={invoice.id}")
        assert 'value="credit_note"' in page.text
        form = filled(
            order,
            kind="credit_note",
            corrects_id=str(invoice.id),
            **{"lines.0.quantity.value": "3"},
        )
        assert browser.post("/invoices/new", form).status_code == 303


class TestBuyer:
    def test_sees_order_delivery_and_invoice_side_by_side_and_decides(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        invoice = make.make_matched(session, parties, order, 10, unit_price=150)
        browser = portal(parties.approver)
        page = words(browser.get(f"/invoices/{invoice.id}"))
        assert "Dearer than ordered" in page
        assert "expected 100, invoiced 150" in page
        empty = browser.post(f"/invoices/{invoice.id}/decide", {"decision": "approve"})
        assert empty.status_code == 422
        done = browser.post(
            f"/invoices/{invoice.id}/decide",
            {"decision": "approve", "reason": "agreed", "version": str(invoice.version)},
        )
        assert done.status_code == 303
        session.refresh(invoice)
        assert invoice.state is InvoiceState.APPROVED

    def test_pays_on_the_providers_page(
        self,
        portal: Portal,
        session: Session,
        parties: Parties,
        order: Order,
        drain: Drain,
        stripe_server: LocalStripe,
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        browser = portal(parties.approver)
        answer = browser.post(f"/invoices/{invoice.id}/pay")
        payment = session.scalars(select(Payment)).one()
        assert answer.location == f"/payments/{payment.id}?go=1"
        assert "being prepared" in words(browser.get(answer.location))
        drain()
        status = browser.get(f"/payments/{payment.id}/status?go=1")
        assert status.headers["HX-Redirect"] == payment.checkout_url
        assert "Pay" in words(browser.get(f"/payments/{payment.id}"))
        stripe_server.pay(str(payment.checkout_id), number="4242424242424242")
        assert browser.get(f"/payments/{payment.id}/return").status_code == 303
        drain()
        session.refresh(payment)
        assert payment.state is PaymentState.CAPTURED
        page = words(browser.get(f"/payments/{payment.id}"))
        assert "€1,200.00 received." in page
        assert "Paid" in words(browser.get(f"/invoices/{invoice.id}"))
        assert "Purchases" in words(browser.get("/payments/ledger"))

    def test_exports_what_is_seen(
        self, portal: Portal, session: Session, parties: Parties, order: Order
    ) -> None:
        make.make_matched(session, parties, order)
        for path in ("/invoices", "/payments"):
            answer = portal(parties.approver).get(f"{path}?format=xlsx")
            assert answer.data[:2] == b"PK"

    def test_sets_tolerances(self, portal: Portal, parties: Parties) -> None:
        browser = portal(parties.approver)
        assert 'value="2"' in browser.get("/invoices/tolerances").text
        form = {"price_percent": "1", "price_amount": "0", "quantity_percent": "0", "rounding": "0"}
        assert browser.post("/invoices/tolerances", form).status_code == 303

    def test_empty_lists_say_what_will_stand_there(self, portal: Portal, parties: Parties) -> None:
        assert "No invoices yet" in words(portal(parties.approver).get("/invoices"))
        assert "No payments yet" in words(portal(parties.approver).get("/payments"))
        assert "Nothing booked yet" in words(portal(parties.approver).get("/payments/ledger"))


class TestStatements:
    def test_pages_are_made_of_few(
        self,
        portal: Portal,
        session: Session,
        parties: Parties,
        order: Order,
        statements: list[str],
    ) -> None:
        invoice = make.make_matched(session, parties, order)
        browser = portal(parties.approver)
        browser.get("/invoices")
        for path, most in (("/invoices", 7), (f"/invoices/{invoice.id}", 9), ("/payments", 4)):
            statements.clear()
            assert browser.get(path).status_code == 200
            assert len(statements) <= most, statements
