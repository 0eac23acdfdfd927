"""Keeping what happened: the numbered event for who watches, the entry in the history."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.auctions.board import Board
from marketplace.auctions.models import AuctionEvent, AuctionLot
from marketplace.auctions.states import EventKind
from marketplace.core import audit
from marketplace.core.audit import AuditEvent
from marketplace.identity.permissions import Actor

SUBJECT = "auction"
CHANNEL = "auction_events"
_WAKE = text("SELECT pg_notify(:channel, id) FROM unnest(CAST(:auction_ids AS text[])) AS id")


def happened(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """The next event of an auction that is locked; its watchers wake when this is committed."""
    note(session, board, kind, lot, data)
    wake(session, [board])


def note(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuctionEvent:
    """As `happened`, without waking anybody yet.

    Numbers follow the order of commits, because the auction is locked until then: who has seen a
    number will never meet a smaller one later.
    """
    board.auction.last_event += 1
    return numbered(session, board, kind, lot, data)


def numbered(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuctionEvent:
    """The event that ``last_event`` has been counted up for already."""
    event = AuctionEvent(
        auction_id=board.auction.id,
        number=board.auction.last_event,
        buyer_id=board.auction.buyer_id,
        kind=kind,
        auction_lot_id=lot.id if lot else None,
        at=board.now,
        data=dict(data or {}),
    )
    session.add(event)
    return event


def wake(session: Session, boards: Iterable[Board]) -> None:
    """Let the watchers of these auctions know when this is committed."""
    session.flush()
    auction_ids = [str(board.auction.id) for board in boards]
    session.execute(_WAKE, {"channel": CHANNEL, "auction_ids": auction_ids})


def audited(
    session: Session, actor: Actor, board: Board, deed: str, data: Mapping[str, Any]
) -> None:
    """The entry in the history of the auction, which is the buyer's document."""
    session.add(entry(actor, board, deed, data))


def entry(actor: Actor, board: Board, deed: str, data: Mapping[str, Any]) -> AuditEvent:
    """As `audited`, for who keeps many of them in one statement."""
    return audit.event(
        actor,
        f"auctions.{deed}",
        (SUBJECT, board.auction.id),
        {"rfq_id": str(board.auction.rfq_id), **data},
        owner_id=board.auction.buyer_id,
    )


def moved(before: Mapping[UUID, int], after: Mapping[UUID, int]) -> dict[str, int]:
    """The new places of those whose place has changed."""
    return {str(each): place for each, place in after.items() if before.get(each) != place}
