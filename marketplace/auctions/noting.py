"""Keeping what happened: the numbered event for who watches, the entry in the history."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.auctions.board import Board
from marketplace.auctions.models import AuctionEvent, AuctionLot
from marketplace.auctions.states import EventKind
from marketplace.core import audit
from marketplace.identity.permissions import Actor

SUBJECT = "auction"
CHANNEL = "auction_events"
_WAKE = text("SELECT pg_notify(:channel, :auction_id)")


def happened(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> AuctionEvent:
    """The next event of an auction that is locked; its watchers wake when this is committed.

    Numbers follow the order of commits, because the auction is locked until then: who has seen a
    number will never meet a smaller one later.
    """
    board.auction.last_event += 1
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
    session.flush()
    session.execute(_WAKE, {"channel": CHANNEL, "auction_id": str(board.auction.id)})
    return event


def audited(
    session: Session, actor: Actor, board: Board, deed: str, data: Mapping[str, Any]
) -> None:
    """The entry in the history of the auction, which is the buyer's document."""
    audit.record(
        session,
        actor,
        f"auctions.{deed}",
        (SUBJECT, board.auction.id),
        {"rfq_id": str(board.auction.rfq_id), **data},
        owner_id=board.auction.buyer_id,
    )


def moved(before: Mapping[UUID, int], after: Mapping[UUID, int]) -> dict[str, int]:
    """The new places of those whose place has changed."""
    return {str(each): place for each, place in after.items() if before.get(each) != place}
