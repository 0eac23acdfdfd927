"""What each of those who watch an auction may see of what happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from marketplace.auctions.board import Board
from marketplace.auctions.models import AuctionEvent
from marketplace.auctions.states import AuctionType, EventKind
from marketplace.auctions.terms import AuctionTerms
from marketplace.identity.permissions import Actor


@dataclass(frozen=True)
class Viewer:
    """Somebody who watches: the buyer's side (no supplier), or one bidder."""

    supplier_id: UUID | None
    type: AuctionType
    terms: AuctionTerms
    lot_ids: Mapping[UUID, UUID]

    @property
    def is_buyer(self) -> bool:
        return self.supplier_id is None


def viewer_of(board: Board, actor: Actor) -> Viewer:
    """The actor as one who watches; they have found the auction."""
    return Viewer(
        supplier_id=None if board.is_held_by(actor) else actor.organisation_id,
        type=board.auction.type,
        terms=board.terms,
        lot_ids={lot.id: lot.lot_id for lot in board.lots},
    )


def shown(event: AuctionEvent, viewer: Viewer) -> dict[str, Any] | None:
    """The event as this viewer gets it; None when it would tell more than they may know."""
    lot_id = viewer.lot_ids.get(event.auction_lot_id) if event.auction_lot_id else None
    base = {
        "number": event.number,
        "kind": str(event.kind),
        "at": event.at.isoformat(),
        "lot_id": str(lot_id) if lot_id else None,
    }
    if viewer.is_buyer:
        return base | event.data
    if event.kind is EventKind.BID:
        told = _bid_for_bidder(event.data, viewer)
    elif event.kind is EventKind.WITHDRAWN:
        told = _withdrawal_for_bidder(event.data, viewer)
    elif event.kind is EventKind.LEFT:
        told = {"own": True} if event.data["by"] == str(viewer.supplier_id) else None
    else:
        told = dict(event.data)
    return None if told is None else base | told


def _bid_for_bidder(data: Mapping[str, Any], viewer: Viewer) -> dict[str, Any] | None:
    """Their own bid whole; of others' no more than place, best price and the end of time."""
    if data["by"] == str(viewer.supplier_id):
        own = {name: data[name] for name in ("bid_id", "amount", "seq", "automatic")}
        return {"own": True, **own, **_standing(data, viewer), **_end(data, viewer)}
    standing = _standing(data, viewer)
    moves_time = data["extended"] or data["over"]
    if not standing and not moves_time:
        return None
    return {"own": False, **standing, **_end(data, viewer)}


def _withdrawal_for_bidder(data: Mapping[str, Any], viewer: Viewer) -> dict[str, Any] | None:
    standing = _standing(data, viewer)
    if str(viewer.supplier_id) in data["by"]:
        return {"own": True, "reason": data["reason"], **standing}
    return {"own": False, **standing} if standing else None


def _standing(data: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """What has changed of what the display shows."""
    found: dict[str, Any] = {}
    if viewer.type is AuctionType.JAPANESE:
        return found
    place = data["places"].get(str(viewer.supplier_id))
    if place is not None and viewer.terms.shows_rank:
        found["rank"] = place
    if data["best_changed"] and viewer.terms.shows_best:
        found["best"] = data["best"]
    return found


def _end(data: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """When the lot ends; of a Japanese one that would tell how many still follow."""
    if viewer.type is AuctionType.JAPANESE:
        return {}
    return {name: data[name] for name in ("ends_at", "extended", "over")}
