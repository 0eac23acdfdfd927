"""A company asks to become a supplier: the only way in without an actor."""

from typing import Any

from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.events.suppliers import SupplierRegistered
from marketplace.identity import registration as identity_registration
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.suppliers import rules, runs
from marketplace.suppliers.models import Supplier
from marketplace.suppliers.states import Trigger

NUMBERS = ("siren", "siret", "vat_number", "lei")


def apply(
    session: Session,
    *,
    organisation: dict[str, Any],
    person: dict[str, str],
    profile: dict[str, Any] | None = None,
) -> tuple[Actor, Supplier]:
    """Create organisation, first person and supplier file; the checks follow as a job.

    organisation: columns of Organisation. person: name, email, password. profile: columns of the
    file. Raises Invalid with every number whose check digits are wrong.
    """
    numbers = rules.check_numbers(
        {name: organisation.get(name) for name in NUMBERS}, prefix="/organisation"
    )
    actor = identity_registration.register(
        session,
        kind=OrgKind.SUPPLIER,
        organisation=organisation | numbers,
        roles=(Role.ADMIN, Role.SUPPLIER),
        **person,
    )
    return actor, enrol(session, actor, profile)


def enrol(session: Session, actor: Actor, profile: dict[str, Any] | None = None) -> Supplier:
    """Open the supplier file of the actor's organisation and have it checked."""
    now = clock.now()
    supplier = Supplier(id=actor.organisation_id, applied_at=now, **(profile or {}))
    session.add(supplier)
    session.flush()
    audit.record(session, actor, "supplier.registered", ("supplier", supplier.id))
    outbox.record(
        session,
        SupplierRegistered(supplier_id=supplier.id, registered_at=now),
        audience=[supplier.id],
    )
    runs.ask(session, actor, supplier.id, Trigger.REGISTRATION)
    return supplier
