"""Reads of documents."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, func, or_, select, true
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.documents.models import Document, DocumentContent, DocumentGrant, DocumentLink
from marketplace.identity.permissions import Actor


def visible_to(actor: Actor) -> Select[Document]:
    """Own documents, and those that their owner lets this organisation or everybody read."""
    if actor.is_system:
        return select(Document).where(true())
    granted = (
        select(DocumentGrant.id)
        .where(
            DocumentGrant.document_id == Document.id,
            DocumentGrant.owner_id == Document.owner_id,
            or_(DocumentGrant.org_id == actor.org_id, DocumentGrant.org_id.is_(None)),
        )
        .exists()
    )
    return select(Document).where(or_(Document.owner_id == actor.org_id, granted))


def get(session: Session, actor: Actor, document_id: UUID) -> Document:
    """The document, or NotFound."""
    found = session.scalar(visible_to(actor).where(Document.id == document_id))
    if found is None:
        raise NotFound(_("There is no such document."))
    return found


def own(session: Session, actor: Actor, ids: Iterable[UUID]) -> list[Document]:
    """The actor's own documents with these ids, in their order; NotFound if one is missing."""
    wanted = list(dict.fromkeys(ids))
    rows = session.scalars(
        select(Document).where(Document.id.in_(wanted), Document.owner_id == actor.org_id)
    )
    found = {row.id: row for row in rows}
    if len(found) != len(wanted):
        raise NotFound(_("There is no such document."))
    return [found[document_id] for document_id in wanted]


def by_ids(session: Session, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, Document]:
    """Those of these documents that the actor may read, by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.scalars(visible_to(actor).where(Document.id.in_(wanted)))
    return {row.id: row for row in rows}


def attached(session: Session, actor: Actor, kind: str, subject_id: UUID) -> Sequence[Document]:
    """The documents at a subject that the actor may read, in the order of attaching."""
    return session.scalars(
        visible_to(actor)
        .join(DocumentLink, DocumentLink.document_id == Document.id)
        .where(DocumentLink.subject_kind == kind, DocumentLink.subject_id == subject_id)
        .order_by(DocumentLink.created_at, DocumentLink.id)
    ).all()


def search(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[Document]:
    """A page of the organisation's own documents, newest first."""
    return paginate(
        session,
        select(Document).where(Document.owner_id == actor.org_id),
        order=(Document.created_at.desc(), Document.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def content_of(session: Session, document: Document) -> bytes:
    """The bytes of a document that the actor was found to see."""
    return session.execute(
        select(DocumentContent.content).where(
            DocumentContent.owner_id == document.owner_id,
            DocumentContent.sha256 == document.sha256,
        )
    ).scalar_one()


def space_used(session: Session, org_id: UUID) -> int:
    """Bytes of all documents of the organisation."""
    used = session.scalar(
        select(func.coalesce(func.sum(Document.size), 0)).where(Document.owner_id == org_id)
    )
    return int(used or 0)
