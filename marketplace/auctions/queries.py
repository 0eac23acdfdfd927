"""Reads of auctions. Who takes part reads through `board`, which shows rivals to nobody itself."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, bindparam, select, text
from sqlalchemy.orm import Session

from marketplace.auctions.board import Board
from marketplace.auctions.models import (
    Auction,
    AuctionBid,
    AuctionEntry,
    AuctionEvent,
    AuctionLot,
    AuctionProxy,
)
from marketplace.auctions.states import AuctionState
from marketplace.core.db import shared_time
from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.asking.models import Rfq

_ENTER = text("SELECT set_config('app.auction', :auction_id, true)")
_FRESH = {"populate_existing": True}
_LOTS = (
    select(AuctionLot)
    .where(AuctionLot.auction_id.in_(bindparam("auction_ids", expanding=True)))
    .order_by(AuctionLot.auction_id, AuctionLot.number)
)
_ENTRIES = (
    select(AuctionEntry)
    .where(AuctionEntry.auction_id.in_(bindparam("auction_ids", expanding=True)))
    .order_by(AuctionEntry.auction_lot_id, AuctionEntry.label)
)


def visible_to(actor: Actor) -> Select[Auction]:
    """Auctions of the buyer, or those that the supplier takes part in; the system sees all."""
    found = select(Auction)
    if actor.is_system:
        return found
    if actor.org_kind is OrgKind.BUYER:
        return found.where(Auction.buyer_id == actor.org_id)
    return found.where(
        select(AuctionEntry.supplier_id)
        .where(AuctionEntry.auction_id == Auction.id, AuctionEntry.supplier_id == actor.org_id)
        .exists()
    )


def find(session: Session, actor: Actor, rfq_id: UUID, *, lock: bool = False) -> Auction | None:
    """The auction of the RFQ that counts: one that was called off only when there is no other."""
    query = (
        visible_to(actor)
        .where(Auction.rfq_id == rfq_id)
        .order_by(Auction.state == AuctionState.CANCELLED, Auction.created_at.desc())
        .limit(1)
    )
    return session.scalar(query.with_for_update() if lock else query, execution_options=_FRESH)


def board(session: Session, actor: Actor, rfq_id: UUID, *, lock: bool = False) -> Board:
    """The auction as it stands, or NotFound.

    lock: hold it, so that nobody else decides anything about it before this transaction ends. The
    time is read after the wait: what counts is when a bid's turn has come.
    """
    auction = find(session, actor, rfq_id, lock=lock)
    if auction is None:
        raise no_such_auction()
    rfq = rfq_queries.get(session, actor, rfq_id)
    return board_of(session, rfq, auction)


def board_of(session: Session, rfq: Rfq, auction: Auction) -> Board:
    """The board of an auction that the caller has found."""
    session.execute(_ENTER, {"auction_id": str(auction.id)})
    return boards_of(session, {rfq.id: rfq}, [auction])[0]


def boards_of(
    session: Session, rfqs: Mapping[UUID, Rfq], auctions: Sequence[Auction]
) -> list[Board]:
    """Several of them in three statements, for who sees all of their rows."""
    wanted = {"auction_ids": [auction.id for auction in auctions]}
    lots: dict[UUID, list[AuctionLot]] = {auction.id: [] for auction in auctions}
    entries: dict[UUID, list[AuctionEntry]] = {}
    for lot in session.scalars(_LOTS, wanted, execution_options=_FRESH):
        lots[lot.auction_id].append(lot)
        entries[lot.id] = []
    for entry in session.scalars(_ENTRIES, wanted, execution_options=_FRESH):
        entries[entry.auction_lot_id].append(entry)
    now = shared_time(session)
    return [
        Board(
            rfqs[auction.rfq_id],
            auction,
            lots[auction.id],
            {lot.id: entries[lot.id] for lot in lots[auction.id]},
            now,
        )
        for auction in auctions
    ]


def no_such_auction() -> NotFound:
    """The refusal that does not tell whether there is one for others."""
    return NotFound(_("There is no auction of this event."))


def search(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 50
) -> Page[Auction]:
    """The auctions of this organisation, newest first."""
    return paginate(
        session,
        visible_to(actor),
        order=(Auction.created_at.desc(), Auction.id.desc()),
        cursor=cursor,
        limit=limit,
    )


def rfqs_of(session: Session, auctions: Sequence[Auction]) -> dict[UUID, Rfq]:
    """Their RFQs, by id."""
    wanted = {auction.rfq_id for auction in auctions}
    return {rfq.id: rfq for rfq in session.scalars(select(Rfq).where(Rfq.id.in_(wanted)))}


def bids(
    session: Session, auction_id: UUID, *, supplier_id: UUID | None = None, limit: int = 500
) -> Sequence[AuctionBid]:
    """The newest bids, of all or of one bidder. The caller has found the auction."""
    query = select(AuctionBid).where(AuctionBid.auction_id == auction_id)
    if supplier_id is not None:
        query = query.where(AuctionBid.supplier_id == supplier_id)
    query = query.order_by(AuctionBid.placed_at.desc(), AuctionBid.seq.desc())
    return session.scalars(query.limit(limit)).all()


def bid(session: Session, auction_id: UUID, bid_id: UUID) -> AuctionBid:
    """One bid, or NotFound. The caller has found the auction."""
    found = session.scalar(
        select(AuctionBid).where(AuctionBid.id == bid_id, AuctionBid.auction_id == auction_id)
    )
    if found is None:
        raise NotFound(_("There is no such bid."))
    return found


def bids_of_lot(session: Session, auction_lot_id: UUID) -> Sequence[AuctionBid]:
    """All bids of one lot, in their order."""
    return session.scalars(
        select(AuctionBid)
        .where(AuctionBid.auction_lot_id == auction_lot_id)
        .order_by(AuctionBid.seq)
    ).all()


def proxies(session: Session, auction_lot_id: UUID) -> Sequence[AuctionProxy]:
    """The locked proxies of a lot: for the decision over a bid alone."""
    return session.scalars(
        select(AuctionProxy).where(AuctionProxy.auction_lot_id == auction_lot_id)
    ).all()


def own_proxies(session: Session, actor: Actor, auction_id: UUID) -> Sequence[AuctionProxy]:
    """The bidder's own."""
    return session.scalars(
        select(AuctionProxy).where(
            AuctionProxy.auction_id == auction_id, AuctionProxy.supplier_id == actor.org_id
        )
    ).all()


def events(
    session: Session, auction_id: UUID, *, after: int = 0, limit: int | None = None
) -> Sequence[AuctionEvent]:
    """What happened since this number. The caller has found the auction and entered it."""
    return session.scalars(
        select(AuctionEvent)
        .where(AuctionEvent.auction_id == auction_id, AuctionEvent.number > after)
        .order_by(AuctionEvent.number)
        .limit(limit)
    ).all()
