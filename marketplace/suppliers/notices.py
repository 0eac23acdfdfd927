"""Reactions that tell people what happened to a supplier's file, with the words for it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.events.suppliers import (
    BankAccountProposed,
    CertificateExpiring,
    DueDiligenceCompleted,
    SupplierBlocked,
    SupplierQualified,
    SupplierRejected,
    SupplierUnblocked,
)
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind, Role
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind
from marketplace.suppliers.models import Certificate, Supplier
from marketplace.suppliers.states import SupplierState

OWN_FILE = "/suppliers/me"

register_kind(
    "supplier_qualified",
    title=_("Your company is qualified"),
    body=_("Buyers can now invite you, and you can bid on events open to all qualified suppliers."),
)
register_kind(
    "supplier_rejected",
    title=_("Your supplier file was rejected"),
    body=_("The reason stands in your file. Complete it and send it in again."),
    button=_("Open my file"),
)
register_kind(
    "supplier_blocked",
    title=_("Your company is blocked"),
    body=_("You can be neither invited nor awarded at present. Please contact the operator."),
    button=_("Open my file"),
)
register_kind(
    "supplier_unblocked",
    title=_("The block of your company is lifted"),
    body=_("Your file is reviewed again before you can be invited."),
    button=_("Open my file"),
)
register_kind(
    "certificate_expiring",
    title=_("A certificate expires soon: %(reference)s"),
    body=_("It is valid until %(valid_until_on)s. Put the new one on file in time."),
    button=_("Open my file"),
)
register_kind(
    "bank_account_proposed",
    title=_("New bank details wait for confirmation"),
    body=_(
        "Somebody proposed new bank details for %(organisation)s. A second person must confirm"
        " them. If nobody of you did this, refuse them."
    ),
    button=_("Open my file"),
)
register_kind(
    "supplier_to_review",
    title=_("To review: %(supplier)s"),
    body=_("The checks of %(supplier)s have finished. Decide whether it is qualified."),
    button=_("Review"),
)


def tell_qualified(session: Session, event: SupplierQualified) -> None:
    _tell_supplier(session, event.supplier_id, "supplier_qualified", event.decided_at)


def tell_rejected(session: Session, event: SupplierRejected) -> None:
    _tell_supplier(session, event.supplier_id, "supplier_rejected", event.decided_at)


def tell_blocked(session: Session, event: SupplierBlocked) -> None:
    _tell_supplier(session, event.supplier_id, "supplier_blocked", event.decided_at)


def tell_unblocked(session: Session, event: SupplierUnblocked) -> None:
    _tell_supplier(session, event.supplier_id, "supplier_unblocked", event.decided_at)


def tell_certificate_expires(session: Session, event: CertificateExpiring) -> None:
    certificate = session.get_one(Certificate, event.certificate_id)
    notifications.notify(
        session,
        org_id=event.supplier_id,
        kind="certificate_expiring",
        url=f"{OWN_FILE}#certificates",
        roles=(Role.ADMIN, Role.SUPPLIER),
        params={"reference": certificate.reference, "valid_until_on": event.valid_until},
        dedupe_key=f"certificate_expiring:{event.certificate_id}",
    )


def tell_second_person(session: Session, event: BankAccountProposed) -> None:
    """Everybody of the supplier hears of it: an unknown change is the first sign of fraud."""
    organisation = identity_queries.organisation(session, event.supplier_id)
    notifications.notify(
        session,
        org_id=event.supplier_id,
        kind="bank_account_proposed",
        url=f"{OWN_FILE}#bank",
        roles=(Role.ADMIN, Role.SUPPLIER),
        params={"organisation": organisation.name},
        dedupe_key=f"bank_account_proposed:{event.account_id}",
    )


def tell_reviewers(session: Session, event: DueDiligenceCompleted) -> None:
    """The operator hears of a supplier that waits for its decision."""
    supplier = session.get_one(Supplier, event.supplier_id)
    if supplier.state is not SupplierState.IN_REVIEW:
        return
    organisation = identity_queries.organisation(session, supplier.id)
    operators = identity_queries.search_organisations(session, kind=OrgKind.OPERATOR)
    for operator in operators.items:
        notifications.notify(
            session,
            org_id=operator.id,
            kind="supplier_to_review",
            url=f"/suppliers/{supplier.id}",
            roles=(Role.OPERATOR,),
            params={"supplier": organisation.name},
            dedupe_key=f"supplier_to_review:{event.run_id}",
        )


def _tell_supplier(session: Session, supplier_id: UUID, kind: str, at: datetime) -> None:
    notifications.notify(
        session,
        org_id=supplier_id,
        kind=kind,
        url=OWN_FILE,
        roles=(Role.ADMIN, Role.SUPPLIER),
        occurred_at=at,
        dedupe_key=f"{kind}:{supplier_id}:{at.isoformat()}",
    )
