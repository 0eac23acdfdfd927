"""One search over everything that the actor may see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.catalog import queries as catalog_queries
from marketplace.core.text import Text, _
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.invoices.models import Invoice
from marketplace.orders import queries as order_queries
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq
from marketplace.suppliers.models import Supplier

MIN_LENGTH = 2
MAX_LENGTH = 100
PER_GROUP = 10
P = Permission


@dataclass(frozen=True)
class Hit:
    """One thing found."""

    title: str
    number: str
    url: str
    state: object = None


@dataclass(frozen=True)
class Found:
    """What one package found."""

    label: Text
    hits: Sequence[Hit]


def _rfqs(session: Session, actor: Actor, words: str) -> list[Hit]:
    query = rfq_queries.visible_to(actor).where(_in(words, Rfq.number, Rfq.title))
    rows = session.scalars(query.order_by(Rfq.created_at.desc()).limit(PER_GROUP))
    return [Hit(row.title, row.number, f"/rfqs/{row.id}", row.state) for row in rows]


def _orders(session: Session, actor: Actor, words: str) -> list[Hit]:
    page = order_queries.search(session, actor, containing=words, limit=PER_GROUP)
    return [Hit(row.title, row.number, f"/orders/{row.id}", row.state) for row in page.items]


def _invoices(session: Session, actor: Actor, words: str) -> list[Hit]:
    rows = session.scalars(
        select(Invoice)
        .where(
            or_(Invoice.buyer_id == actor.org_id, Invoice.supplier_id == actor.org_id),
            _in(words, Invoice.number, Invoice.order_number),
        )
        .order_by(Invoice.issued_on.desc(), Invoice.id)
        .limit(PER_GROUP)
    )
    return [
        Hit(row.order_number or "", row.number, f"/invoices/{row.id}", row.state) for row in rows
    ]


def _suppliers(session: Session, actor: Actor, words: str) -> list[Hit]:
    if actor.org_kind is OrgKind.SUPPLIER:
        return []
    query = (
        select(Organisation, Supplier.state)
        .join(Supplier, Supplier.id == Organisation.id)
        .where(
            Organisation.active,
            _in(words, Organisation.name, Organisation.siren, Organisation.vat_number),
        )
        .order_by(Organisation.name, Organisation.id)
        .limit(PER_GROUP)
    )
    return [
        Hit(row.name, row.siren or row.vat_number or "", f"/suppliers/{row.id}", state)
        for row, state in session.execute(query)
    ]


def _items(session: Session, actor: Actor, words: str) -> list[Hit]:
    rows = catalog_queries.suggestions(session, actor, words, limit=PER_GROUP)
    return [Hit(row.name, row.sku, f"/catalog/items/{row.id}") for row in rows]


def _people(session: Session, actor: Actor, words: str) -> list[Hit]:
    wanted = words.casefold()
    return [
        Hit(person.name, person.email, "/settings/members")
        for _membership, person in identity_queries.members(session, actor)
        if wanted in person.name.casefold() or wanted in person.email.casefold()
    ][:PER_GROUP]


Finder = Callable[[Session, Actor, str], list[Hit]]
FINDERS: tuple[tuple[Text, Permission, Finder], ...] = (
    (_("Sourcing events"), P.RFQ_READ, _rfqs),
    (_("Orders"), P.ORDER_READ, _orders),
    (_("Invoices"), P.INVOICE_READ, _invoices),
    (_("Suppliers"), P.SUPPLIER_READ, _suppliers),
    (_("Catalogue"), P.CATALOG_READ, _items),
    (_("People"), P.ORGANISATION_READ, _people),
)


def everything(session: Session, actor: Actor, words: str) -> list[Found]:
    """What contains the words, by kind; nothing for a single letter."""
    if len(words) < MIN_LENGTH:
        return []
    found = [
        Found(label, finder(session, actor, words))
        for label, permission, finder in FINDERS
        if actor.may(permission)
    ]
    return [group for group in found if group.hits]


def _in(words: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return or_(*(column.icontains(words, autoescape=True) for column in columns))
