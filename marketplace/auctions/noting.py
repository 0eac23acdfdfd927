"""Keeping what happened: the numbered event for who watches, the entry in the history."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.auctions.board import Board
from marketplace.auctions.models import AuctionEvent, AuctionLot
from marketplace.auctions.states import EventKind
from marketplace.core import audit
from marketplace.core.audit import AuditEvent
from marketplace.identity.permissions import Actor

SUBJECT = "auction"


def happened(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """The next event of an auction that is locked.

    Numbers follow the order of commits, because the auction is locked until then: who has seen a
    number will never meet a smaller one later.
    """
    board.auction.last_event += 1
    numbered(session, board, kind, lot, data)
    session.flush()


def numbered(
    session: Session,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """The event that ``last_event`` has been counted up for already."""
    session.add(
        AuctionEvent(
            auction_id=board.auction.id,
            number=board.auction.last_event,
            buyer_id=board.auction.buyer_id,
            kind=kind,
            auction_lot_id=lot.id if lot else None,
            at=board.now,
            data=dict(data or {}),
        )
    )


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
