"""Use cases of documents. Other packages attach and grant; partners upload and download."""

import hashlib
from collections.abc import Iterable
from typing import IO
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from marketplace.core import audit
from marketplace.core.ids import uuid7
from marketplace.documents import queries, rules
from marketplace.documents.models import Document, DocumentContent, DocumentGrant, DocumentLink
from marketplace.identity.permissions import Actor, Permission, requires


@requires(Permission.FILE_UPLOAD)
def store(
    session: Session,
    actor: Actor,
    filename: str,
    content_type: str | None,
    content: bytes | IO[bytes],
) -> Document:
    """Keep a file for the actor's organisation.

    content_type: what the sender declares; the content decides and must agree. Raises FileRefused
    or QuotaExceeded.
    """
    data = content if isinstance(content, bytes) else _read(content)
    name = rules.clean_name(filename)
    kind = rules.checked_type(name, content_type, data)
    owner_id = actor.organisation_id
    rules.check_quota(queries.space_used(session, owner_id), len(data))
    digest = hashlib.sha256(data).digest()
    session.execute(
        insert(DocumentContent)
        .values(owner_id=owner_id, sha256=digest, content=data)
        .on_conflict_do_nothing()
    )
    document = Document(
        owner_id=owner_id,
        sha256=digest,
        filename=name,
        content_type=kind,
        size=len(data),
        uploaded_by=actor.person_id,
    )
    session.add(document)
    session.flush()
    audit.record(
        session, actor, "document.stored", ("document", document.id), {"sha256": document.digest}
    )
    return document


@requires(Permission.FILE_UPLOAD)
def refer(session: Session, actor: Actor, title: str, url: str, content_type: str = "") -> Document:
    """Note a document that lies elsewhere; it is never fetched from there.

    content_type: as its publisher names it. Raises FileRefused for anything but a web address.
    """
    document = Document(
        owner_id=actor.organisation_id,
        url=rules.checked_url(url),
        filename=rules.clean_name(title),
        content_type=content_type or "text/html",
        size=0,
        uploaded_by=actor.person_id,
    )
    session.add(document)
    session.flush()
    audit.record(session, actor, "document.referred", ("document", document.id), {"url": url})
    return document


@requires(Permission.FILE_UPLOAD)
def attach(
    session: Session, actor: Actor, document_id: UUID, subject_kind: str, subject_id: UUID
) -> Document:
    """Put an own document at a subject; the caller has checked that the actor may change it."""
    [document] = queries.own(session, actor, [document_id])
    session.execute(
        insert(DocumentLink)
        .values(
            id=uuid7(), document_id=document.id, subject_kind=subject_kind, subject_id=subject_id
        )
        .on_conflict_do_nothing()
    )
    audit.record(
        session,
        actor,
        "document.attached",
        (subject_kind, subject_id),
        {"document_id": str(document.id), "sha256": document.digest},
    )
    return document


@requires(Permission.FILE_UPLOAD)
def detach(
    session: Session, actor: Actor, document_id: UUID, subject_kind: str, subject_id: UUID
) -> None:
    """Take an own document away from a subject; the document itself stays."""
    [document] = queries.own(session, actor, [document_id])
    session.execute(
        delete(DocumentLink).where(
            DocumentLink.document_id == document.id,
            DocumentLink.subject_kind == subject_kind,
            DocumentLink.subject_id == subject_id,
        )
    )
    audit.record(
        session,
        actor,
        "document.detached",
        (subject_kind, subject_id),
        {"document_id": str(document.id)},
    )


@requires(Permission.FILE_UPLOAD)
def grant(
    session: Session, actor: Actor, document_ids: Iterable[UUID], org_ids: Iterable[UUID]
) -> None:
    """Let these organisations read own documents. Granting again changes nothing."""
    _grant(session, queries.own(session, actor, document_ids), set(org_ids))


@requires(Permission.FILE_UPLOAD)
def grant_to_all(session: Session, actor: Actor, document_ids: Iterable[UUID]) -> None:
    """Let every organisation of the marketplace read own documents."""
    _grant(session, queries.own(session, actor, document_ids), {None})


@requires(Permission.FILE_UPLOAD)
def fetch(session: Session, actor: Actor, document_id: UUID) -> tuple[Document, bytes]:
    """A document with its bytes, or NotFound; rights are checked at every download.

    Raises DocumentElsewhere for one that is only referred to.
    """
    document = queries.get(session, actor, document_id)
    rules.check_here(document.url)
    return document, queries.content_of(session, document)


def _grant(session: Session, documents: Iterable[Document], readers: Iterable[UUID | None]) -> None:
    rows = [
        {"id": uuid7(), "document_id": d.id, "owner_id": d.owner_id, "org_id": reader}
        for d in documents
        for reader in readers
    ]
    if rows:
        session.execute(insert(DocumentGrant).values(rows).on_conflict_do_nothing())


def _read(stream: IO[bytes]) -> bytes:
    """At most one byte more than is taken, so that a huge upload is refused without reading it."""
    return stream.read(rules.MAX_BYTES + 1)
