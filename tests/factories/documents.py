"""Documents."""

import itertools
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.documents import service
from marketplace.documents.models import Document
from marketplace.identity.permissions import Actor

_numbers = itertools.count(1)


def make_document(
    session: Session,
    actor: Actor,
    filename: str = "notes.txt",
    content: bytes | None = None,
    *,
    subject: tuple[str, UUID] | None = None,
) -> Document:
    """A document of the actor's organisation, optionally at a subject (kind, id)."""
    content = f"Note {next(_numbers)}".encode() if content is None else content
    document = service.store(session, actor, filename, None, content)
    if subject is not None:
        service.attach(session, actor, document.id, *subject)
    return document
