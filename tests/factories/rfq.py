"""RFQs, made by the use cases themselves."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.money import Quantity
from marketplace.identity.models import Organisation
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.services import drafting, publishing
from marketplace.rfq.services.publishing import Published
from marketplace.rfq.terms.cost_terms import NO_COSTS, Costs
from marketplace.rfq.terms.criteria_tree import Section
from marketplace.rfq.terms.drafts import CriterionDraft, Header, LineDraft, LotDraft, RfqDraft
from marketplace.rfq.terms.states import CriterionKind
from tests.factories.identity import make_actor, make_organisation

PASSPHRASE = "correct horse battery"


def a_line(**overrides: Any) -> LineDraft:
    values: dict[str, Any] = {
        "description": "Steel bolt M8 x 40",
        "quantity": Quantity(Decimal(100), "C62"),
    }
    return LineDraft(**(values | overrides))


def usual_criteria() -> list[CriterionDraft]:
    return [
        CriterionDraft("Price", CriterionKind.PRICE, Decimal(60)),
        CriterionDraft("Quality", CriterionKind.QUALITY, Decimal(40)),
    ]


def make_supplier(session: Session, **overrides: Any) -> Organisation:
    return make_organisation(session, OrgKind.SUPPLIER, **overrides)


def make_rfq(
    session: Session,
    buyer: Actor | None = None,
    *,
    supplier_ids: Sequence[UUID] = (),
    lots: Sequence[LotDraft] = (),
    lines: Sequence[LineDraft] | None = None,
    criteria: Sequence[CriterionDraft] | None = None,
    sections: Sequence[Section] = (),
    costs: Costs = NO_COSTS,
    **header: Any,
) -> Rfq:
    """A draft of two lines that is ready to be published once somebody is invited."""
    usual: Header = {
        "title": "Fasteners for spring",
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "bids_due_at": clock.now() + timedelta(days=7),
    }
    draft = RfqDraft(
        header={**usual, **header},  # type: ignore[typeddict-item]
        lots=lots,
        lines=[a_line(), a_line(description="Washer M8")] if lines is None else lines,
        criteria=usual_criteria() if criteria is None else criteria,
        sections=sections,
        costs=costs,
        supplier_ids=supplier_ids,
    )
    return drafting.create(session, buyer or make_actor(session), draft)


def make_published(
    session: Session,
    buyer: Actor | None = None,
    *,
    supplier_ids: Sequence[UUID] = (),
    passphrase: str = PASSPHRASE,
    **overrides: Any,
) -> Published:
    """A published RFQ; without named suppliers it asks a new one."""
    buyer = buyer or make_actor(session)
    asked = supplier_ids or [make_supplier(session).id]
    rfq = make_rfq(session, buyer, supplier_ids=asked, **overrides)
    published = publishing.publish(session, buyer, rfq.id, passphrase)
    session.flush()
    return published
