"""Use cases of readers: the auction as it stands, its bids, and what has happened."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.auctions import proxies, queries, showing
from marketplace.auctions.board import Board
from marketplace.auctions.models import Auction, AuctionBid
from marketplace.auctions.showing import Viewer
from marketplace.core.pages import Page
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.identity.queries import organisations
from marketplace.rfq.sealing.envelopes import ServiceKeys


@requires(Permission.BID_READ)
def read(session: Session, actor: Actor, rfq_id: UUID) -> Board:
    """The auction as it stands, for its buyer and its bidders; NotFound for all others."""
    return queries.board(session, actor, rfq_id)


@requires(Permission.BID_READ)
def search(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[Auction]:
    """The auctions that the organisation holds or takes part in, newest first."""
    return queries.search(session, actor, cursor=cursor, limit=limit)


@requires(Permission.BID_READ)
def bids(session: Session, actor: Actor, board: Board) -> Sequence[AuctionBid]:
    """The newest bids: all for the buyer, their own for a bidder."""
    own = None if board.is_held_by(actor) else actor.organisation_id
    return queries.bids(session, board.auction.id, supplier_id=own)


@requires(Permission.BID_READ)
def events(
    session: Session, actor: Actor, rfq_id: UUID, after: int
) -> tuple[Viewer, Sequence[dict[str, Any]]]:
    """What has happened since this number, as far as the reader may know it."""
    board = queries.board(session, actor, rfq_id)
    viewer = showing.viewer_of(board, actor)
    known = queries.events(session, board.auction.id, after=after)
    return viewer, [told for event in known if (told := showing.shown(event, viewer))]


@requires(Permission.BID_READ)
def names(session: Session, actor: Actor, board: Board) -> Mapping[UUID, str]:
    """The bidders by name: for the buyer, and nobody for bidders."""
    if not board.is_held_by(actor):
        return {}
    ids = {entry.supplier_id for entries in board.entries_of.values() for entry in entries}
    return {each.id: each.name for each in organisations(session, ids).values()}


@requires(Permission.BID_READ)
def own_floors(
    session: Session, actor: Actor, keys: ServiceKeys, board: Board
) -> Mapping[UUID, Decimal]:
    """The floors that the bidder has set, by the auction's lots."""
    if board.is_held_by(actor):
        return {}
    kept = queries.own_proxies(session, actor, board.auction.id)
    return {each.auction_lot_id: proxies.unlock(keys, each).floor for each in kept}
