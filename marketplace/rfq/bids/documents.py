"""Documents of a bid, whose stored bytes are encrypted: plain values, and their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from marketplace.core.text import _, register_labels


class DocumentFault(StrEnum):
    """Why the opening could not take a document that its bidder had locked.

    All but the first two are the codes with which an upload of it would have been refused.
    """

    NOT_SUBMITTED = "not_submitted"
    DOES_NOT_OPEN = "does_not_open"
    FILE_EMPTY = "file_empty"
    FILE_TOO_LARGE = "file_too_large"
    UNSUPPORTED_TYPE = "unsupported_type"
    TYPE_MISMATCH = "type_mismatch"
    DAMAGED_FILE = "damaged_file"
    IMAGE_TOO_LARGE = "image_too_large"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    UNSAFE_ARCHIVE = "unsafe_archive"


register_labels(
    {
        DocumentFault.NOT_SUBMITTED: _("It was not among the documents of the submission."),
        DocumentFault.DOES_NOT_OPEN: _("Its key does not open it, or it holds something else."),
        DocumentFault.FILE_EMPTY: _("The file is empty."),
        DocumentFault.FILE_TOO_LARGE: _("The file is too large."),
        DocumentFault.UNSUPPORTED_TYPE: _("Files of this kind are not taken."),
        DocumentFault.TYPE_MISMATCH: _("The content is not what the name of the file says."),
        DocumentFault.DAMAGED_FILE: _("The file is damaged or incomplete."),
        DocumentFault.IMAGE_TOO_LARGE: _("The image has too many pixels."),
        DocumentFault.ARCHIVE_TOO_LARGE: _("The archive holds too much."),
        DocumentFault.UNSAFE_ARCHIVE: _("The archive points outside of itself."),
    }
)


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document of the bid; ``key`` opens its stored bytes."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    key: bytes


@dataclass(frozen=True, slots=True)
class RefusedDocument:
    """A document that its bidder had locked and that nobody can be given."""

    id: UUID
    name: str
    reason: DocumentFault

    def to_json(self) -> dict[str, str]:
        return {"id": str(self.id), "name": self.name, "reason": str(self.reason)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "RefusedDocument":
        return cls(UUID(data["id"]), data["name"], DocumentFault(data["reason"]))


def locked_place(rfq_id: UUID, supplier_id: UUID, alternative: int, document_id: UUID) -> bytes:
    """Where a document belongs that its bidder has locked, as associated data.

    It stays where it is while versions of the bid replace each other: their content, which is bound
    to its version, names the documents, with keys and digests.
    """
    which = f"|alternative-{alternative}" if alternative else ""
    return f"bid:document|{rfq_id}|{supplier_id}{which}|{document_id}".encode()


def document_to_json(document: SealedDocument) -> dict[str, Any]:
    return {
        "id": str(document.id),
        "name": document.name,
        "media_type": document.media_type,
        "size": document.size,
        "sha256": document.sha256,
        "key": document.key.hex(),
    }


def document_from_json(data: Mapping[str, Any]) -> SealedDocument:
    return SealedDocument(
        id=UUID(data["id"]),
        name=data["name"],
        media_type=data["media_type"],
        size=data["size"],
        sha256=data["sha256"],
        key=bytes.fromhex(data["key"]),
    )
