"""Tables of documents and their content."""

from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, HasCreated, HasId


class DocumentContent(HasCreated, Base):
    """Bytes by their digest. Each organisation has its own copy: none learns what others hold."""

    __tablename__ = "document_content"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Document(HasId, HasCreated, Base):
    """A file under a name. It is never changed: another content is another document.

    A document that lies elsewhere has its address as ``url`` and no content here.
    """

    __tablename__ = "document"
    __table_args__ = (
        ForeignKeyConstraint(
            ["owner_id", "sha256"], ["document_content.owner_id", "document_content.sha256"]
        ),
        CheckConstraint("(url IS NULL) = (sha256 IS NOT NULL)", name="content_or_url"),
        CheckConstraint("size >= 0", name="size_sane"),
        Index(None, "owner_id", "created_at", "id"),
        Index(None, "owner_id", "sha256"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    url: Mapped[str | None]
    filename: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    uploaded_by: Mapped[UUID | None]

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the content in hexadecimal digits, as people compare it."""
        return self.sha256.hex() if self.sha256 else None


class DocumentLink(HasId, HasCreated, Base):
    """A document stands at a subject of the business, e.g. at an order."""

    __tablename__ = "document_link"
    __table_args__ = (
        UniqueConstraint("document_id", "subject_kind", "subject_id"),
        Index(None, "subject_kind", "subject_id"),
    )

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]


class DocumentGrant(HasId, HasCreated, Base):
    """Another organisation may read the document; everybody, where no organisation is named."""

    __tablename__ = "document_grant"
    __table_args__ = (
        UniqueConstraint("document_id", "org_id", postgresql_nulls_not_distinct=True),
        Index(None, "org_id"),
    )

    document_id: Mapped[UUID] = mapped_column(ForeignKey("document.id", ondelete="CASCADE"))
    owner_id: Mapped[UUID]
    org_id: Mapped[UUID | None]
