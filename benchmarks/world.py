"""What is read and written: sixty published RFQs of ten lines, and suppliers with API keys."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock, tenancy
from marketplace.core.db import Database
from marketplace.core.money import Quantity
from marketplace.identity import registration
from marketplace.identity import service as identity_service
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.rfq.drafts import CriterionDraft, LineDraft, RfqDraft
from marketplace.rfq.services import drafting, publishing
from marketplace.rfq.states import CriterionKind

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


def build(database: Database, *, suppliers: int) -> World:
    """Make it all through the use cases. The bids go to the first RFQ, whose lines are named."""
    with database.transaction() as session:
        buyer, buyer_key = _person(session, OrgKind.BUYER, "Bench buyer", Role.BUYER)
    sellers = []
    for number in range(suppliers):
        with database.transaction() as session:
            name = f"Bench supplier {number}"
            sellers.append(_person(session, OrgKind.SUPPLIER, name, Role.SUPPLIER))
    ids, lines = [], []
    for number in range(RFQS):
        with database.transaction() as session:
            tenancy.enter(session, buyer.org_id, buyer.org_kind)
            rfq = drafting.create(
                session, buyer, _draft(number, [s.organisation_id for s, _key in sellers])
            )
            publishing.publish(session, buyer, rfq.id)
            ids.append(str(rfq.id))
            if number == 0:
                lines = [str(line.id) for line in rfq.lines]
    return World(buyer_key, [key for _seller, key in sellers], ids, lines)


def _person(session: Session, kind: OrgKind, name: str, role: Role) -> tuple[Actor, str]:
    actor = registration.register(
        session,
        kind=kind,
        organisation={"name": name, "country": "FR", "currency": "EUR"},
        email=f"{name.replace(' ', '.').lower()}@bench.example",
        name=name,
        password="a password for benchmarks",
        roles=[Role.ADMIN, role],
    )
    _row, key = identity_service.create_api_key(session, actor, name="benchmark")
    return actor, key


def _draft(number: int, supplier_ids: list[UUID]) -> RfqDraft:
    lines = [
        LineDraft(description=f"Part {n} of request {number}", quantity=Quantity(Decimal(n), "C62"))
        for n in range(1, LINES + 1)
    ]
    return RfqDraft(
        header={
            "title": f"Benchmark request {number}",
            "currency": "EUR",
            "time_zone": "Europe/Paris",
            "bids_due_at": clock.now() + timedelta(days=7),
        },
        lots=(),
        lines=lines,
        criteria=CRITERIA,
        supplier_ids=supplier_ids,
    )
