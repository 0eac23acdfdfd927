"""Signed statements about attempts and openings: what was received, when, and what became of it.

A statement is canonical JSON; its signature verifies with the public key of the service alone.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marketplace.core.clock import instant
from marketplace.core.ids import uuid7
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.sealing.envelopes import ServiceKeys, canonical, is_signed
from marketplace.rfq.terms.bid_states import AttemptOutcome


@dataclass(frozen=True, slots=True)
class Passage:
    """An attempt at the door of an RFQ: whose, and when its last byte arrived."""

    rfq_id: UUID
    buyer_id: UUID
    supplier_id: UUID
    arrived_at: datetime
    due_at: datetime
    time_zone: str
    alternative: int = 0


def attempt(
    keys: ServiceKeys,
    passage: Passage,
    outcome: AttemptOutcome,
    *,
    bid_id: UUID | None = None,
    number: int | None = None,
    digest: str | None = None,
    code: str | None = None,
    terms_number: int | None = None,
    envelopes: Mapping[str, str] | None = None,
    confirmed_lines: Iterable[str] | None = None,
    documents: Mapping[str, str] | None = None,
) -> BidAttempt:
    """The row of an attempt with its signed statement; not yet added to a session.

    terms_number: the version of the terms that it answers. envelopes: the digest of each of two
    envelopes, of which ``digest`` is made. confirmed_lines: ids of the lines that it
    stands by, where it does nothing else. documents: the digests, by id, of those that the bidder
    has locked.
    """
    lines = {} if confirmed_lines is None else {"lines": sorted(confirmed_lines)}
    attempt_id = uuid7()
    statement = canonical(
        {
            "kind": "bid-attempt",
            "attempt_id": str(attempt_id),
            "rfq_id": str(passage.rfq_id),
            "buyer_id": str(passage.buyer_id),
            "supplier_id": str(passage.supplier_id),
            "arrived_at": instant(passage.arrived_at),
            "bids_due_at": instant(passage.due_at),
            "time_zone": passage.time_zone,
            "outcome": str(outcome),
            "bid_id": str(bid_id) if bid_id else None,
            "number": number,
            "digest": digest,
            "code": code,
            "terms_number": terms_number,
            **({"envelopes": dict(envelopes)} if envelopes else {}),
            **({"alternative": passage.alternative} if passage.alternative else {}),
            **({"documents": dict(documents)} if documents else {}),
            **lines,
        }
    )
    return from_statement(statement.decode(), keys.sign(statement))


def from_statement(statement: str, signature: bytes) -> BidAttempt:
    """The row that this statement describes."""
    said = json.loads(statement)
    return BidAttempt(
        id=UUID(said["attempt_id"]),
        rfq_id=UUID(said["rfq_id"]),
        buyer_id=UUID(said["buyer_id"]),
        supplier_id=UUID(said["supplier_id"]),
        bid_id=UUID(said["bid_id"]) if said["bid_id"] else None,
        number=said["number"],
        outcome=AttemptOutcome(said["outcome"]),
        code=said["code"],
        digest=said["digest"],
        arrived_at=datetime.fromisoformat(said["arrived_at"]),
        statement=statement,
        signature=signature,
    )


def is_genuine(attempt: BidAttempt, public_key: bytes) -> bool:
    """Whether the service signed this statement and the row still says the same."""
    if not is_signed(attempt.statement.encode(), attempt.signature, public_key):
        return False
    said = from_statement(attempt.statement, attempt.signature)
    return _essence(said) == _essence(attempt)


def _essence(attempt: BidAttempt) -> tuple[Any, ...]:
    return (
        attempt.id,
        attempt.rfq_id,
        attempt.supplier_id,
        attempt.bid_id,
        attempt.number,
        attempt.outcome,
        attempt.digest,
        attempt.arrived_at,
    )
