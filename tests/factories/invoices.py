"""Invoices for received goods, made through the use cases."""

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session, object_session

from marketplace.core import clock
from marketplace.identity.permissions import SYSTEM, Actor
from marketplace.invoices.models import Invoice
from marketplace.invoices.rules import InvoiceDraft, LineDraft
from marketplace.invoices.services import checking, drafting
from marketplace.invoices.states import InvoiceKind
from marketplace.orders import queries as order_queries
from marketplace.orders.models import Order, OrderLine
from tests.factories import orders
from tests.factories.orders import Parties

_numbers = itertools.count(1)


def invoice_line(**overrides: Any) -> LineDraft:
    values: dict[str, Any] = {
        "description": "Office chair",
        "quantity": Decimal(10),
        "unit": "C62",
        "unit_price": Decimal(100),
        "vat_rate": Decimal(20),
    }
    return LineDraft(**(values | overrides))


def invoice_draft(*lines: LineDraft, **overrides: Any) -> InvoiceDraft:
    values: dict[str, Any] = {
        "number": f"F-{next(_numbers)}",
        "currency": "EUR",
        "issued_on": clock.now().date(),
    }
    return InvoiceDraft(**(values | overrides), lines=lines or (invoice_line(),))


def order_line_draft(order: Order, quantity: Any, line_no: int = 1, **overrides: Any) -> LineDraft:
    """An invoice line for so much of an order line, at its price."""
    [line] = [each for each in order.lines if each.line_no == line_no]
    values: dict[str, Any] = {
        "description": line.description,
        "quantity": Decimal(quantity),
        "unit": line.unit,
        "unit_price": line.unit_price,
        "base_quantity": line.base_quantity,
        "vat_rate": line.tax_rate,
        "order_line_id": line.id,
    }
    return LineDraft(**(values | overrides))


def first_line(order: Order) -> OrderLine:
    """The order's first line, read afresh."""
    session = object_session(order)
    assert session is not None
    return order_queries.get(session, SYSTEM, order.id).lines[0]


def make_received(session: Session, parties: Parties, accepted: Any = 10) -> Order:
    """An order of 10 chairs at 100.00, of which so many were accepted."""
    order = orders.make_issued(session, parties)
    orders.receive(session, parties, order, accepted)
    return order


def make_submitted(
    session: Session, supplier: Actor, order: Order, quantity: Any = 10, **overrides: Any
) -> Invoice:
    """An invoice for so many chairs, sent and not yet matched."""
    order = order_queries.get(session, SYSTEM, order.id)
    line = {k: overrides.pop(k) for k in ("unit_price", "unit", "net") if k in overrides}
    draft = invoice_draft(order_line_draft(order, quantity, **line), order_id=order.id, **overrides)
    invoice = drafting.create(session, supplier, draft)
    return drafting.submit(session, supplier, invoice.id)


def make_matched(
    session: Session, parties: Parties, order: Order, quantity: Any = 10, **overrides: Any
) -> Invoice:
    """Sent and matched; in variance when it differs."""
    invoice = make_submitted(session, parties.supplier, order, quantity, **overrides)
    return checking.match(session, SYSTEM, invoice.id)


def make_credit_note(
    session: Session, parties: Parties, invoice: Invoice, order: Order, quantity: Any
) -> Invoice:
    """A credit note for so many chairs of an invoice, sent and matched."""
    order = order_queries.get(session, SYSTEM, order.id)
    draft = invoice_draft(
        order_line_draft(order, quantity),
        kind=InvoiceKind.CREDIT_NOTE,
        order_id=order.id,
        corrects_id=invoice.id,
        issued_on=date(2026, 1, 15),
    )
    credit = drafting.create(session, parties.supplier, draft)
    drafting.submit(session, parties.supplier, credit.id)
    return checking.match(session, SYSTEM, credit.id)
