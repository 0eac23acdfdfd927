"""What happened, in order and without gaps, for the organisation that may know it.

An event is shown once every older transaction has ended: whoever reads on from a position never
misses one that was committed late. The price is a short delay behind long transactions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.outbox import OutboxMessage
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires

# Who else was asked, won or lost is the buyer's affair.
PARTNERS_ONLY_OWN = frozenset({"supplier_ids", "winner_ids", "loser_ids", "approver_ids"})
_ALL_ENDED_BEFORE = func.pg_snapshot_xmin(func.pg_current_snapshot())


@dataclass(frozen=True)
class Happening:
    """One event as a partner reads it; ``position`` is where to read on."""

    id: UUID
    name: str
    occurred_at: datetime
    position: str
    data: dict[str, Any]


@requires(Permission.EVENT_READ)
def read(
    session: Session, actor: Actor, *, after: str | None = None, limit: int = 50
) -> Sequence[Happening]:
    """The events after a position, oldest first."""
    query = select(OutboxMessage).where(
        OutboxMessage.audience.contains([actor.organisation_id]),
        OutboxMessage.tx < _ALL_ENDED_BEFORE,
    )
    if after:
        transaction, seq = _position(after)
        query = query.where(
            tuple_(OutboxMessage.tx, OutboxMessage.seq)
            > tuple_(literal_column(f"'{transaction}'::xid8"), seq)
        )
    rows = session.scalars(query.order_by(OutboxMessage.tx, OutboxMessage.seq).limit(limit))
    return [_happening(row, actor.organisation_id) for row in rows]


def _position(after: str) -> tuple[int, int]:
    transaction, _dash, seq = after.partition("-")
    if not (after.isascii() and transaction.isdecimal() and seq.isdecimal()) or len(after) > 40:
        raise Invalid(
            _("This is not a position of the feed."),
            errors=[FieldError("/after", "bad_position", _("Send the last position you read."))],
        )
    return int(transaction), int(seq)


def _happening(row: OutboxMessage, org_id: UUID) -> Happening:
    return Happening(
        id=row.id,
        name=row.name,
        occurred_at=row.occurred_at,
        position=f"{row.tx}-{row.seq}",
        data=_for_reader(row.payload, str(org_id)),
    )


def _for_reader(payload: dict[str, Any], org_id: str) -> dict[str, Any]:
    """The payload without other partners' ids, unless the reader is the buyer."""
    if payload.get("buyer_id") == org_id:
        return payload
    return {
        name: [one for one in value if one == org_id] if name in PARTNERS_ONLY_OWN else value
        for name, value in payload.items()
    }
