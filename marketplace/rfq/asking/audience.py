"""Who may be asked, and what those who are asked may read."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.core.text import _
from marketplace.documents import queries as document_queries
from marketplace.documents import service as document_service
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking import rules
from marketplace.rfq.asking.models import Rfq
from marketplace.suppliers import queries as supplier_queries


def check_invitable(session: Session, supplier_ids: Sequence[UUID]) -> None:
    """Raise SupplierNotInvitable, naming every one who does not exist or is blocked."""
    errors = list(
        rules.invitation_faults(
            supplier_ids,
            _existing(session, supplier_ids),
            supplier_queries.blocked_ids(session, supplier_ids),
        )
    )
    if errors:
        raise rules.SupplierNotInvitable(_("Not everybody can be invited."), errors=errors)


def still_invitable(session: Session, supplier_ids: Sequence[UUID]) -> list[UUID]:
    """Those of the suppliers who could be invited today."""
    existing = _existing(session, supplier_ids)
    blocked = supplier_queries.blocked_ids(session, supplier_ids)
    return [each for each in supplier_ids if each in existing and each not in blocked]


def share_documents(session: Session, actor: Actor, rfq: Rfq, supplier_ids: Sequence[UUID]) -> None:
    """Let those who are asked read the files of the RFQ; all suppliers, where it is open to all."""
    attached = document_queries.attached(session, actor, "rfq", rfq.id)
    ids = [document.id for document in attached]
    if rfq.open_to_all:
        document_service.grant_to_all(session, actor, ids)
    else:
        document_service.grant(session, actor, ids, supplier_ids)


def _existing(session: Session, supplier_ids: Sequence[UUID]) -> set[UUID]:
    found = identity_queries.organisations(session, supplier_ids)
    return {
        organisation.id
        for organisation in found.values()
        if organisation.kind is OrgKind.SUPPLIER and organisation.active
    }
