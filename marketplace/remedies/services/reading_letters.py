"""Letters as both parties read them."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.documents import service as documents
from marketplace.documents.models import Document
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.remedies import queries
from marketplace.remedies.models import AwardLetter
from marketplace.rfq.asking import queries as rfq_queries


@requires(Permission.BID_READ)
def letters(session: Session, actor: Actor, rfq_id: UUID) -> Sequence[AwardLetter]:
    """The supplier's own letters, or all of the buyer's, newest first."""
    rfq_queries.get(session, actor, rfq_id)
    return queries.letters(session, actor, rfq_id)


@requires(Permission.BID_READ)
def letter(session: Session, actor: Actor, rfq_id: UUID, letter_id: UUID) -> AwardLetter:
    """One letter; NotFound for those of others."""
    return queries.letter(session, actor, rfq_id, letter_id)


@requires(Permission.BID_READ)
def paper(session: Session, actor: Actor, rfq_id: UUID, letter_id: UUID) -> tuple[Document, bytes]:
    """The letter as it was filed, with its bytes."""
    found = queries.letter(session, actor, rfq_id, letter_id)
    return documents.fetch(session, actor, found.document_id)
