"""What is read and written: sixty published RFQs of ten lines, and suppliers with API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock, tenancy
from marketplace.core.db import Database
from marketplace.core.money import Quantity
from marketplace.identity import registration
from marketplace.identity import service as identity_service
from marketplace.identity.models import Membership, Organisation, Person
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.services import drafting, publishing
from marketplace.rfq.terms.drafts import CriterionDraft, LineDraft, RfqDraft
from marketplace.rfq.terms.states import CriterionKind

RFQS = 60
LINES = 10
CRITERIA = [
    CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
    CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(40)),
]


@dataclass(frozen=True)
class World:
    """Keys and ids for the requests."""

    buyer_key: str
    supplier_keys: list[str]
    rfq_ids: list[str]
    line_ids: list[str]


@dataclass(frozen=True)
class Seller:
    """A supplier with its key."""

    id: UUID
    key: str


@dataclass(frozen=True)
class Request:
    """A published RFQ, and what a bid for it names."""

    rfq_id: str
    line_ids: list[str]
    due_at: datetime


def build(database: Database, *, suppliers: int) -> World:
    """Make it all through the use cases. The bids go to the first RFQ, whose lines are named."""
    with database.transaction() as session:
        buyer, buyer_key = _person(session, OrgKind.BUYER, "Bench buyer", Role.BUYER)
    bidders = sellers(database, suppliers)
    wanted = [request_for(database, buyer, bidders, number=number) for number in range(RFQS)]
    return World(
        buyer_key,
        [seller.key for seller in bidders],
        [each.rfq_id for each in wanted],
        wanted[0].line_ids,
    )


def buyer_of(database: Database) -> Actor:
    """A buyer's organisation with one person."""
    with database.transaction() as session:
        return _person(session, OrgKind.BUYER, "Bench buyer", Role.BUYER)[0]


def sellers(database: Database, count: int) -> list[Seller]:
    """So many suppliers, each with one person."""
    made = []
    for number in range(count):
        with database.transaction() as session:
            name = f"Bench supplier {number}"
            actor, key = _person(session, OrgKind.SUPPLIER, name, Role.SUPPLIER)
            made.append(Seller(actor.organisation_id, key))
    return made


def request_for(
    database: Database,
    buyer: Actor,
    bidders: Sequence[Seller],
    *,
    number: int = 0,
    due_in: timedelta = timedelta(days=7),
) -> Request:
    """Publish an RFQ to them."""
    with database.transaction() as session:
        tenancy.enter(session, buyer.org_id, buyer.org_kind)
        draft = _draft(number, [seller.id for seller in bidders], clock.now() + due_in)
        rfq = drafting.create(session, buyer, draft)
        publishing.publish(session, buyer, rfq.id)
        lines = [str(line.id) for line in rfq.lines]
        assert rfq.bids_due_at is not None
        return Request(str(rfq.id), lines, rfq.bids_due_at)


def _person(session: Session, kind: OrgKind, name: str, role: Role) -> tuple[Actor, str]:
    """An organisation with one person, who has a key but no password: hashing takes long."""
    org = Organisation(kind=kind, name=name, country="FR", currency="EUR")
    email = f"{name.replace(' ', '.').lower()}@bench.example"
    person = Person(email=email, name=name, password_hash="")
    session.add_all([org, person])
    session.flush()
    tenancy.enter(session, org.id, kind)
    roles = [Role.ADMIN, role]
    session.add(Membership(person_id=person.id, organisation_id=org.id, roles=roles))
    actor = registration.actor_for(org, person, roles)
    _row, key = identity_service.create_api_key(session, actor, name="benchmark")
    return actor, key


def _draft(number: int, supplier_ids: list[UUID], due_at: datetime) -> RfqDraft:
    lines = [
        LineDraft(description=f"Part {n} of request {number}", quantity=Quantity(Decimal(n), "C62"))
        for n in range(1, LINES + 1)
    ]
    return RfqDraft(
        header={
            "title": f"Benchmark request {number}",
            "currency": "EUR",
            "time_zone": "Europe/Paris",
            "bids_due_at": due_at,
        },
        lots=(),
        lines=lines,
        criteria=CRITERIA,
        supplier_ids=supplier_ids,
    )
