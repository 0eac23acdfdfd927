"""The RFQ in one statement is the RFQ that the ORM reads, attribute by attribute."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.gathering import detached
from marketplace.core.money import Money, Quantity
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.asking import queries, reading
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.terms.drafts import LotDraft
from marketplace.rfq.terms.states import CriterionKind, RfqState
from tests.factories.identity import make_actor
from tests.factories.rfq import a_line, make_published, make_rfq, make_supplier


def attributes(document):
    names = [attribute.key for attribute in inspect(type(document)).column_attrs]
    return {name: getattr(document, name) for name in names}


def test_it_equals_what_the_orm_reads(session: Session):
    buyer = make_actor(session)
    lines = [
        a_line(
            description='Câble « U-1000 »\n3G2,5 \\ "noir"',
            quantity=Quantity(Decimal("0.000001"), "MTR"),
            delivery_on=date(2027, 2, 28),
            reference_price=Money(Decimal("1234567890.123456"), "EUR"),
        ),
        *(a_line(description=f"Line {number}", lot=2) for number in range(2, 13)),
    ]
    lots = [LotDraft("Paris", estimate=Money(Decimal("12000.50"), "EUR")), LotDraft("Lyon")]
    rfq_id = make_rfq(session, buyer, lots=lots, lines=lines).id
    session.flush()

    read, stored = (
        reading.get(session, buyer, rfq_id),
        queries.get_with_content(session, buyer, rfq_id),
    )

    assert attributes(read) == attributes(stored)
    for below in ("lots", "lines", "criteria"):
        assert [attributes(row) for row in getattr(read, below)] == [
            attributes(row) for row in getattr(stored, below)
        ]
    assert [line.number for line in read.lines] == list(range(1, 13))
    assert read.lines[0].quantity == Quantity(Decimal("0.000001"), "MTR")
    assert read.criteria[0].kind is CriterionKind.PRICE
    assert read.state is RfqState.DRAFT


def test_it_belongs_to_no_session(session: Session):
    buyer = make_actor(session)
    rfq_id = make_rfq(session, buyer).id
    read = reading.get(session, buyer, rfq_id)

    read.title = "Changed in passing"
    read.lines[0].description = "Changed in passing"
    session.flush()

    assert read not in session
    again = reading.get(session, buyer, rfq_id)
    assert (again.title, again.lines[0].description) == (
        "Fasteners for spring",
        "Steel bolt M8 x 40",
    )


def test_a_draft_without_lines_has_an_empty_list(session: Session):
    buyer = make_actor(session)
    rfq = make_rfq(session, buyer, lines=[])
    read = reading.get(session, buyer, rfq.id)
    assert (read.lines, len(read.lots)) == ([], 1)


@pytest.mark.parametrize("kind", [OrgKind.BUYER, OrgKind.SUPPLIER])
def test_what_one_may_not_see_does_not_exist(session: Session, kind: OrgKind):
    rfq_id = make_published(session).rfq.id
    role = Role.BUYER if kind is OrgKind.BUYER else Role.SUPPLIER
    stranger = make_actor(session, kind, role)
    with pytest.raises(NotFound):
        reading.get(session, stranger, rfq_id)


def test_the_invited_read_it(session: Session):
    supplier = make_supplier(session)
    rfq_id = make_published(session, supplier_ids=[supplier.id]).rfq.id
    invited = make_actor(session, OrgKind.SUPPLIER, Role.SUPPLIER, organisation=supplier)
    assert reading.get(session, invited, rfq_id).title == "Fasteners for spring"


def test_attributes_that_were_not_given_are_not_guessed():
    made = detached(Rfq, {"title": "Bolts", "state": RfqState.DRAFT})
    assert (made.title, made.number) == ("Bolts", None)
