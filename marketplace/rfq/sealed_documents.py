"""Documents of a bid, whose stored bytes are encrypted: plain values, and their JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document of the bid; ``key`` opens its stored bytes."""

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str
    key: bytes


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
