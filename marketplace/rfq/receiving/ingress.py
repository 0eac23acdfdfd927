"""The ingress journal: submissions that arrived while the service could not take them.

A file beside the process, so that it needs no database: one signed line for each attempt, flushed
to the disk before the sender is told. It has no content of a bid, only a salted digest of the
request, and of the sender's credential the hash that the database knows as well.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.orm import Session

from marketplace.core.clock import instant
from marketplace.core.ids import uuid7
from marketplace.rfq.sealing.envelopes import ServiceKeys, canonical, is_signed

FILE = "ingress-journal.jsonl"
KIND = "ingress-attempt"
_TAKE_IN = text(
    "SELECT take_in_ingress(:id, :rfq_id, CAST(:credential AS bytea), :arrived_at, :digest,"
    " :statement, CAST(:signature AS bytea))"
).bindparams(bindparam("id", type_=Uuid()), bindparam("rfq_id", type_=Uuid()))


@dataclass(frozen=True)
class Noted:
    """What the sender is told. Only with the salt can anybody tell what the digest is of."""

    attempt_id: UUID
    salt: str
    statement: str
    signature: bytes


@dataclass(frozen=True)
class Journal:
    """The file of this installation, in its local folder."""

    folder: Path
    keys: ServiceKeys

    def note(self, rfq_id: UUID, arrived_at: datetime, credential: bytes, body: bytes) -> Noted:
        """Write down an attempt; it is on the disk when this returns."""
        attempt_id, salt = uuid7(), secrets.token_bytes(16)
        statement = canonical(
            {
                "kind": KIND,
                "attempt_id": str(attempt_id),
                "rfq_id": str(rfq_id),
                "arrived_at": instant(arrived_at),
                "credential": credential.hex(),
                "digest": hashlib.sha256(salt + body).hexdigest(),
            }
        )
        signature = self.keys.sign(statement)
        line = canonical({"statement": statement.decode(), "signature": signature.hex()})
        self._append(line + b"\n")
        return Noted(attempt_id, salt.hex(), statement.decode(), signature)

    def entries(self) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
        """Every genuine line; one that was cut off by a crash was promised to nobody."""
        try:
            content = (self.folder / FILE).read_bytes()
        except FileNotFoundError:
            return
        public_key = self.keys.public_key()
        for line in content.splitlines():
            try:
                data = json.loads(line)
                statement, signature = data["statement"], bytes.fromhex(data["signature"])
            except (ValueError, TypeError, KeyError):
                continue
            if is_signed(statement.encode(), signature, public_key):
                yield statement, signature, json.loads(statement)

    def take_in(self, session: Session) -> None:
        """Bring every line into the database, once however often this is done."""
        noted = [
            {
                "id": UUID(said["attempt_id"]),
                "rfq_id": UUID(said["rfq_id"]),
                "credential": bytes.fromhex(said["credential"]),
                "arrived_at": datetime.fromisoformat(said["arrived_at"]),
                "digest": said["digest"],
                "statement": statement,
                "signature": signature,
            }
            for statement, signature, said in self.entries()
        ]
        if noted:
            session.execute(_TAKE_IN, noted)

    def _append(self, line: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        file = os.open(self.folder / FILE, flags, 0o600)
        try:
            os.write(file, line)
            os.fsync(file)
        finally:
            os.close(file)
