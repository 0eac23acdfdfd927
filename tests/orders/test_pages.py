"""Orders in the portal: each role does its job through the forms."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from uuid import UUID

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalog import service as catalog
from marketplace.core import clock
from marketplace.core.money import Money
from marketplace.identity.permissions import SYSTEM, Actor, OrgKind, Role
from marketplace.orders import queries
from marketplace.orders.models import Order
from marketplace.orders.states import OrderState
from tests.clients import PortalClient, words
from tests.factories.identity import make_actor
from tests.factories.orders import (
    Parties,
    line,
    make_issued,
    make_order,
    make_submitted,
    receive,
)

Portal = Callable[[Actor], PortalClient]


@pytest.fixture
def parties(session: Session) -> Parties:
    return Parties(session)


def again(session: Session, order: Order) -> Order:
    session.expire_all()
    return queries.get(session, SYSTEM, order.id)


def header(parties: Parties, **more: str) -> dict[str, str]:
    return {
        "supplier_id": str(parties.vendor.id),
        "currency": "EUR",
        "title": "Desks",
        "issue_when_approved": "true",
        **more,
    }


def typed_line(number: int, **more: str) -> dict[str, str]:
    values = {
        "description": "Desk",
        "quantity.value": "2",
        "quantity.unit": "C62",
        "unit_price.amount": "1,250.50",
        "tax_rate": "20",
        "base_quantity": "1",
        **more,
    }
    return {f"lines.{number}.{name}": value for name, value in values.items()}


class TestEditor:
    def test_a_buyer_writes_an_order(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        browser = portal(parties.buyer)
        assert parties.vendor.name in words(browser.get("/orders/new"))
        answer = browser.post("/orders/new", {**header(parties), **typed_line(0)})
        assert answer.status_code == 303
        order = session.scalars(select(Order)).one()
        assert (order.net, order.gross) == (Decimal("2501.00"), Decimal("3001.20"))
        assert answer.headers["Location"].endswith(f"/orders/{order.id}")

    def test_blank_lines_are_left_out(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        blank = typed_line(0, description="", **{"quantity.value": "", "unit_price.amount": ""})
        data = {**header(parties), **blank, **typed_line(3)}
        assert portal(parties.buyer).post("/orders/new", data).status_code == 303
        order = queries.get(session, SYSTEM, session.scalars(select(Order.id)).one())
        assert [each.description for each in order.lines] == ["Desk"]

    def test_errors_keep_what_was_typed_and_point_at_the_field(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        data = {**header(parties), **typed_line(0, **{"quantity.value": "many"})}
        answer = portal(parties.buyer).post("/orders/new", data)
        assert answer.status_code == 422
        assert 'value="many"' in answer.text
        assert 'href="#f-lines-0-quantity"' in answer.text
        assert session.scalars(select(Order)).all() == []

    def test_an_item_is_added_by_its_code(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        purchaser = make_actor(session, organisation=parties.company)
        catalog.create(
            session,
            purchaser,
            {"sku": "DSK-1", "name": "Standing desk", "unit": "C62",
             "price": Money(Decimal("499.90"), "EUR")},
        )  # fmt: skip
        data = {**header(parties), "item_code": "dsk-1", "add_row": "1"}
        answer = portal(parties.buyer).post("/orders/new", data)
        assert answer.status_code == 200
        assert 'value="Standing desk"' in answer.text
        assert 'value="499.9"' in answer.text

    def test_an_unknown_code_is_said(self, portal: Portal, parties: Parties) -> None:
        data = {**header(parties), "item_code": "nothing", "add_row": "1"}
        answer = portal(parties.buyer).post("/orders/new", data)
        assert "no item with this code" in words(answer)

    def test_another_blank_line_can_be_had(self, portal: Portal, parties: Parties) -> None:
        data = {**header(parties), **typed_line(0), "add_row": "1"}
        answer = portal(parties.buyer).post("/orders/new", data)
        assert 'name="lines.1.description"' in answer.text
        assert 'value="Desk"' in answer.text

    def test_editing_starts_from_what_is_stored(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_order(session, parties)
        browser = portal(parties.buyer)
        page = browser.get(f"/orders/{order.id}/edit")
        assert 'value="Office chair"' in page.text
        data = {
            **header(parties), "version": str(order.version),
            **typed_line(0, description="Better chair", line_no="1"),
        }  # fmt: skip
        assert browser.post(f"/orders/{order.id}/edit", data).status_code == 303
        assert again(session, order).lines[0].description == "Better chair"

    def test_a_stale_form_is_refused_with_its_words(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_order(session, parties)
        data = {**header(parties), "version": "99", **typed_line(0, line_no="1")}
        answer = portal(parties.buyer).post(f"/orders/{order.id}/edit", data)
        assert answer.status_code == 422
        assert "changed this in the meantime" in words(answer)

    def test_a_receiver_writes_no_orders(self, portal: Portal, parties: Parties) -> None:
        data = {**header(parties), **typed_line(0)}
        assert portal(parties.receiver).post("/orders/new", data).status_code == 403


class TestOrderPage:
    def test_a_draft_names_who_will_approve(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_order(session, parties)
        page = words(portal(parties.buyer).get(f"/orders/{order.id}"))
        assert parties.approver.name in page
        assert "Submit for approval" in page

    def test_submit_and_withdraw(self, session: Session, portal: Portal, parties: Parties) -> None:
        order = make_order(session, parties)
        browser = portal(parties.buyer)
        answer = browser.post(f"/orders/{order.id}/submit", {"version": str(order.version)})
        assert answer.status_code == 303
        assert again(session, order).state is OrderState.AWAITING_APPROVAL
        assert "Waits for approval" in words(browser.get(f"/orders/{order.id}"))
        browser.post(f"/orders/{order.id}/withdraw")
        assert again(session, order).state is OrderState.DRAFT

    def test_the_supplier_confirms_with_other_days(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        day = clock.now().date() + timedelta(days=20)
        order = make_issued(session, parties, line(due_on=day))
        browser = portal(parties.supplier)
        assert "Confirm the order" in words(browser.get(f"/orders/{order.id}"))
        assert browser.get(f"/orders/{order.id}/acknowledge").status_code == 200
        later = day + timedelta(days=3)
        data = {
            "supplier_reference": "AB-77", "version": str(order.version),
            "lines.0.line_no": "1", "lines.0.confirmed_on": later.isoformat(),
        }  # fmt: skip
        assert browser.post(f"/orders/{order.id}/acknowledge", data).status_code == 303
        order = again(session, order)
        assert order.state is OrderState.ACKNOWLEDGED
        assert (order.supplier_reference, order.lines[0].promised_on) == ("AB-77", later)

    def test_refusing_needs_a_reason(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        browser = portal(parties.supplier)
        assert browser.get(f"/orders/{order.id}/refuse").status_code == 200
        assert browser.post(f"/orders/{order.id}/refuse", {"reason": " "}).status_code == 422
        browser.post(f"/orders/{order.id}/refuse", {"reason": "Out of stock"})
        assert again(session, order).state is OrderState.REFUSED
        assert "Out of stock" in words(portal(parties.buyer).get(f"/orders/{order.id}"))

    def test_copy_and_revise(self, session: Session, portal: Portal, parties: Parties) -> None:
        order = make_issued(session, parties)
        browser = portal(parties.buyer)
        answer = browser.post(f"/orders/{order.id}/copy")
        made = UUID(re.sub(r".*/orders/", "", answer.headers["Location"]))
        assert queries.get(session, SYSTEM, made).state is OrderState.DRAFT
        answer = browser.post(f"/orders/{order.id}/revise")
        assert answer.headers["Location"].endswith("/edit")
        assert "Revision 2" in words(browser.get(f"/orders/{order.id}"))

    def test_the_supplier_sees_no_internal_figures(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties, cost_centre="SECRET-9")
        assert "SECRET-9" in portal(parties.buyer).get(f"/orders/{order.id}").text
        assert "SECRET-9" not in portal(parties.supplier).get(f"/orders/{order.id}").text

    def test_strangers_find_nothing(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        for kind in (OrgKind.BUYER, OrgKind.SUPPLIER):
            assert portal(make_actor(session, kind)).get(f"/orders/{order.id}").status_code == 404

    def test_a_supplier_invoices_what_was_kept(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        browser = portal(parties.supplier)
        assert "Invoice this order" not in words(browser.get(f"/orders/{order.id}"))
        receive(session, parties, again(session, order), 4)
        assert f"/invoices/new?order_id={order.id}" in browser.get(f"/orders/{order.id}").text

    def test_the_page_takes_few_statements(
        self, session: Session, portal: Portal, parties: Parties, statements: list[str]
    ) -> None:
        order = make_issued(session, parties, *[line(description=str(n)) for n in range(8)])
        receive(session, parties, order, 1)
        path = f"/orders/{order.id}"
        for actor in (parties.approver, parties.buyer, parties.receiver, parties.supplier):
            browser = portal(actor)
            statements.clear()
            assert browser.get(path).status_code == 200
            assert len(statements) <= 10, statements

    def test_it_speaks_french(self, session: Session, portal: Portal, parties: Parties) -> None:
        order = make_order(session, parties)
        reader = make_actor(
            session, OrgKind.BUYER, Role.BUYER, organisation=parties.company, locale="fr"
        )
        page = words(portal(reader).get(f"/orders/{order.id}"))
        for expected in ("Soumettre pour approbation", "Total TTC", "Brouillon", "Qui approuvera"):
            assert expected in page
        data = {**header(parties), **typed_line(0, **{"unit_price.amount": "1 250,50"})}
        assert portal(reader).post("/orders/new", data).status_code == 303
        [made] = session.scalars(select(Order).where(Order.id != order.id)).all()
        assert made.net == Decimal("2501.00")

    def test_the_pdf_is_a_download(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        answer = portal(parties.supplier).get(f"/orders/{order.id}/pdf")
        assert answer.data.startswith(b"%PDF")
        assert order.number in answer.headers["Content-Disposition"]


class TestReceiving:
    def test_a_delivery_is_booked_in_two_clicks(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        browser = portal(parties.receiver)
        listed = browser.get("/receipts")
        assert f"/orders/{order.id}/receipts/new" in listed.text
        form = browser.get(f"/orders/{order.id}/receipts/new").text
        typed = dict(re.findall(r'name="((?:lines|received|version)[^"]*)" value="([^"]*)"', form))
        assert typed["lines.0.accepted"] == "10"
        assert browser.post(f"/orders/{order.id}/receipts/new", typed).status_code == 303
        assert again(session, order).state is OrderState.RECEIVED
        assert "GR-" in words(browser.get("/receipts?show=booked"))

    def test_too_much_is_said_at_the_field(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        data = {
            "received_on": clock.now().date().isoformat(),
            "lines.0.order_line_id": str(order.lines[0].id), "lines.0.accepted": "10.001",
        }  # fmt: skip
        answer = portal(parties.receiver).post(f"/orders/{order.id}/receipts/new", data)
        assert answer.status_code == 422
        assert "At most 10 more" in words(answer)
        assert 'value="10.001"' in answer.text

    def test_rejected_goods_go_back(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        received = str(receive(session, parties, order, 6, 2).lines[0].id)
        browser = portal(parties.receiver)
        path = f"/orders/{order.id}/returns/new"
        assert "Rejected goods" in words(browser.get(path))
        data = {
            "reason": "Damaged",
            "lines.0.receipt_line_id": received,
            "lines.0.bucket": "rejected", "lines.0.quantity": "",
            "lines.1.receipt_line_id": received,
            "lines.1.bucket": "accepted", "lines.1.quantity": "7",
        }  # fmt: skip
        refused = browser.post(path, data)
        assert refused.status_code == 422
        assert "At most 6 can go back" in words(refused)
        data |= {"lines.0.quantity": "2", "lines.1.quantity": ""}
        assert browser.post(path, data).status_code == 303
        assert again(session, order).lines[0].returned_rejected == 2

    def test_arrivals_are_grouped_by_urgency(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        today = clock.now().date()
        make_issued(session, parties, line(due_on=today))
        make_issued(session, parties, line(due_on=today + timedelta(days=30)))
        page = words(portal(parties.receiver).get("/receipts"))
        assert page.index("Today") < page.index("Later")
        with clock.frozen(clock.now() + timedelta(days=2)):
            assert "Late" in words(portal(parties.receiver).get("/receipts"))

    def test_others_see_but_do_not_book(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        order = make_issued(session, parties)
        data = {"lines.0.order_line_id": str(order.lines[0].id), "lines.0.accepted": "1"}
        browser = portal(parties.buyer)
        assert "Book a delivery" not in words(browser.get("/receipts"))
        assert browser.post(f"/orders/{order.id}/receipts/new", data).status_code == 403


class TestList:
    def test_filters_and_export(self, session: Session, portal: Portal, parties: Parties) -> None:
        chairs = make_issued(session, parties)
        desks = make_submitted(session, parties, title="Desks")
        browser = portal(parties.buyer)
        both = words(browser.get("/orders"))
        assert chairs.number in both
        assert desks.number in both
        some = words(browser.get("/orders?state=awaiting_approval"))
        assert desks.number in some
        assert chairs.number not in some
        sheet = load_workbook(BytesIO(browser.get("/orders?q=Chairs&format=xlsx").data)).active
        assert sheet is not None
        rows = list(sheet.iter_rows(values_only=True))
        assert [row[0] for row in rows[1:]] == [chairs.number]
        assert rows[1][7] == 1200

    def test_suppliers_see_issued_orders_only(
        self, session: Session, portal: Portal, parties: Parties
    ) -> None:
        issued = make_issued(session, parties)
        draft = make_order(session, parties)
        page = words(portal(parties.supplier).get("/orders"))
        assert issued.number in page
        assert draft.number not in page
        assert parties.company.name in page

    def test_empty_lists_say_what_to_do(self, portal: Portal, parties: Parties) -> None:
        assert "Write an order" in words(portal(parties.buyer).get("/orders"))
        assert "No orders yet" in words(portal(parties.supplier).get("/orders"))
        assert "Nothing is on its way" in words(portal(parties.receiver).get("/receipts"))
