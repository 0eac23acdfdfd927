"""The supplier keeps its own file: profile, papers, figures."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core import audit, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.text import _
from marketplace.documents import service as documents_service
from marketplace.events.suppliers import SupplierRegistered
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.suppliers import queries, runs
from marketplace.suppliers.models import Certificate, Filing, Supplier
from marketplace.suppliers.states import SUPPLIER_FLOW, Trigger, Verdict

PROFILE_FIELDS = frozenset({"description", "website", "contact_email", "categories", "owners"})
# A change of these is a change of whom we deal with: the checks are made again.
CHECKED_FIELDS = frozenset({"owners"})


@requires(Permission.SUPPLIER_EDIT)
def update_profile(
    session: Session,
    actor: Actor,
    supplier_id: UUID,
    changes: dict[str, Any],
    *,
    expected_version: int | None = None,
) -> Supplier:
    """Change the profile; new owners are screened."""
    supplier = queries.get(session, actor, supplier_id, lock=True)
    check_version(supplier, expected_version)
    changed = {
        name for name in PROFILE_FIELDS & changes.keys() if getattr(supplier, name) != changes[name]
    }
    for name in changed:
        setattr(supplier, name, changes[name])
    if changed & CHECKED_FIELDS:
        runs.ask(session, actor, supplier.id, Trigger.CHANGE)
    audit.record(
        session,
        actor,
        "supplier.profile_updated",
        ("supplier", supplier.id),
        {"fields": sorted(changed)},
    )
    session.flush()
    return supplier


@requires(Permission.SUPPLIER_EDIT)
def resubmit(session: Session, actor: Actor, supplier_id: UUID) -> Supplier:
    """Send a rejected file in again: it is checked from the start."""
    supplier = queries.get(session, actor, supplier_id, lock=True)
    supplier.state = SUPPLIER_FLOW.next(supplier.state, "resubmit")
    runs.ask(session, actor, supplier.id, Trigger.CHANGE)
    audit.record(session, actor, "supplier.resubmitted", ("supplier", supplier.id))
    outbox.record(
        session,
        SupplierRegistered(supplier_id=supplier.id, registered_at=supplier.applied_at),
        audience=[supplier.id],
    )
    session.flush()
    return supplier


@requires(Permission.SUPPLIER_EDIT)
def add_certificate(
    session: Session, actor: Actor, supplier_id: UUID, values: dict[str, Any]
) -> Certificate:
    """Put a certificate on file; a reviewer verifies it."""
    supplier = queries.get(session, actor, supplier_id)
    until = values.get("valid_until")
    if until is not None and until < values["issued_on"]:
        refuse_all(
            [FieldError("/valid_until", "before_start", _("It must end after it was issued."))]
        )
    certificate = Certificate(supplier_id=supplier.id, verdict=Verdict.SUBMITTED, **values)
    session.add(certificate)
    session.flush()
    if certificate.document_id is not None:
        documents_service.attach(
            session, actor, certificate.document_id, "supplier_certificate", certificate.id
        )
        documents_service.grant_to_all(session, actor, [certificate.document_id])
    audit.record(
        session,
        actor,
        "supplier.certificate_added",
        ("supplier", supplier.id),
        {"kind": str(certificate.kind), "certificate_id": str(certificate.id)},
    )
    return certificate


@requires(Permission.SUPPLIER_EDIT)
def file_figures(
    session: Session, actor: Actor, supplier_id: UUID, year: int, values: dict[str, Any]
) -> Filing:
    """File the figures of a financial year, or correct those filed before."""
    supplier = queries.get(session, actor, supplier_id, lock=True)
    filing = next((f for f in queries.filings(session, supplier.id) if f.year == year), None)
    if filing is None:
        filing = Filing(supplier_id=supplier.id, year=year)
        session.add(filing)
    for name, value in values.items():
        setattr(filing, name, value)
    audit.record(
        session, actor, "supplier.figures_filed", ("supplier", supplier.id), {"year": year}
    )
    session.flush()
    return filing
