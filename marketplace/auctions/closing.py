"""The end of an auction: its result becomes the prices of the bids, or it is called off."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from marketplace.auctions import noting, queries
from marketplace.auctions.board import Board
from marketplace.auctions.models import Auction
from marketplace.auctions.states import AuctionState, EventKind
from marketplace.core import audit, clock, outbox
from marketplace.events.auctions import AuctionCancelled, AuctionClosed
from marketplace.events.rfq import RfqCancelled, RfqUnsuccessful
from marketplace.identity.permissions import SYSTEM, Actor
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.bids.repricing import LotPlace, LotTotal, RoundResult
from marketplace.rfq.services import repricing

AT_ONCE = 200


def conclude(session: Session, actor: Actor, board: Board) -> Board:
    """Close an auction that the caller holds. Who bid in it gets the new price, others keep theirs.

    An opened bid is never replaced by a higher price.
    """
    conclude_all(session, actor, [board])
    return board


def conclude_all(session: Session, actor: Actor, boards: Sequence[Board]) -> None:
    """As `conclude`, for several auctions in as many statements as for one."""
    results = [_result(board) for board in boards]
    _end_all(session, boards)
    repricing.take_over(session, actor, results)
    for board in boards:
        _tell_closed(session, board)
    audit.record_many(
        session,
        [
            noting.entry(actor, board, "closed", {"prices": len(result.totals)})
            for board, result in zip(boards, results, strict=True)
        ],
    )
    session.flush()


def _result(board: Board) -> RoundResult:
    """The new totals of those who went down, and the places of all."""
    totals = [
        LotTotal(entry.bid_id, lot.lot_id, entry.amount)
        for lot in board.lots
        for entry in board.entries_of[lot.id]
        if entry.seq > 0 and entry.amount < entry.opened_total
    ]
    places = [
        LotPlace(entry.bid_id, lot.lot_id, place, entry.amount)
        for lot in board.lots
        for place, entry in enumerate(board.ranked(lot), start=1)
    ]
    return RoundResult(board.auction.rfq_id, board.auction.id, totals, places)


def _end_all(session: Session, boards: Sequence[Board]) -> None:
    """Stop their lots and count the event that says so."""
    for board in boards:
        windows = board.windows()
        for lot in board.lots:
            if not lot.skipped and lot.ended_at is None:
                lot.ended_at = min(windows[lot.id].ends_at, board.at)
    session.flush()
    now = boards[0].now
    session.execute(
        update(Auction)
        .where(Auction.id.in_([board.auction.id for board in boards]))
        .values(
            state=AuctionState.CLOSED,
            closed_at=now,
            last_event=Auction.last_event + 1,
            version=Auction.version + 1,
        ),
        execution_options={"synchronize_session": "fetch"},
    )


def _tell_closed(session: Session, board: Board) -> None:
    auction = board.auction
    noting.numbered(session, board, EventKind.CLOSED)
    outbox.record(
        session,
        AuctionClosed(
            auction_id=auction.id,
            rfq_id=auction.rfq_id,
            buyer_id=auction.buyer_id,
            closed_at=board.now,
        ),
        audience=[auction.buyer_id],
    )


def call_off(session: Session, actor: Actor, board: Board, reason: str) -> Board:
    """End an auction that the caller holds without a result."""
    auction = board.auction
    auction.state = AuctionState.CANCELLED
    auction.reason = reason
    auction.closed_at = board.now
    session.flush()
    repricing.release(session, actor, auction.rfq_id, auction.id)
    noting.happened(session, board, EventKind.CANCELLED, data={"reason": reason})
    noting.audited(session, actor, board, "cancelled", {"reason": reason})
    outbox.record(
        session,
        AuctionCancelled(
            auction_id=auction.id,
            rfq_id=auction.rfq_id,
            buyer_id=auction.buyer_id,
            cancelled_at=board.now,
        ),
        audience=[auction.buyer_id],
    )
    session.flush()
    return board


def close_ended(session: Session, actor: Actor) -> None:
    """Take over the results of auctions whose time is up. Late or twice does no harm.

    For who sees all auctions; the number of statements is the same however many have ended.
    """
    waiting = session.scalars(
        select(Auction)
        .where(Auction.state == AuctionState.PLANNED, Auction.starts_at < clock.now())
        .order_by(Auction.starts_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    if not waiting:
        return
    boards = queries.boards_of(session, queries.rfqs_of(session, waiting), waiting)
    ended = [board for board in boards if board.state is AuctionState.ENDED]
    if ended:
        conclude_all(session, actor, ended)


def follow_end_of_rfq(session: Session, event: RfqCancelled | RfqUnsuccessful) -> None:
    """An RFQ that has ended takes its auction with it. Drafts have none, and only their buyer."""
    auction = queries.find(session, SYSTEM, event.rfq_id, lock=True)
    if auction is None or auction.state in (AuctionState.CLOSED, AuctionState.CANCELLED):
        return
    rfq = rfq_queries.get(session, SYSTEM, event.rfq_id)
    call_off(session, SYSTEM, queries.board_of(session, rfq, auction), rfq.end_reason or "")
