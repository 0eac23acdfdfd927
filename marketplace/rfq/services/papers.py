"""Documents that bidders read: attached to a draft, shared at its publication."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.documents import service as document_service
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.asking.editing import editable, touch
from marketplace.rfq.asking.models import Rfq


@requires(Permission.RFQ_DRAFT)
def attach(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    document_ids: Sequence[UUID],
    expected: int | None = None,
) -> Rfq:
    """Put own documents at a draft."""
    rfq = editable(session, actor, rfq_id, expected)
    for document_id in dict.fromkeys(document_ids):
        document_service.attach(session, actor, document_id, "rfq", rfq.id)
    touch(rfq)
    return rfq


@requires(Permission.RFQ_DRAFT)
def detach(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    document_id: UUID,
    expected: int | None = None,
) -> Rfq:
    """Take a document away from a draft."""
    rfq = editable(session, actor, rfq_id, expected)
    document_service.detach(session, actor, document_id, "rfq", rfq.id)
    touch(rfq)
    return rfq
