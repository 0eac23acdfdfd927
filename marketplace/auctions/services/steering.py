"""Use cases of buyers: start, pause and resume, extend, withdraw a bid, close, call off."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.auctions import closing, english, noting, proxies, queries, rules
from marketplace.auctions.board import Board
from marketplace.auctions.errors import NotWithdrawable
from marketplace.auctions.models import AuctionLot
from marketplace.auctions.states import AUCTION_FLOW, AuctionState, AuctionType, EventKind, LotPhase
from marketplace.core.db import check_version
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, Permission, requires


@requires(Permission.RFQ_PUBLISH)
def start(session: Session, actor: Actor, rfq_id: UUID, *, expected: int | None = None) -> Board:
    """Begin now instead of at the planned time."""
    board = _steered(session, actor, rfq_id, "start", expected)
    _shift(board, board.now - board.auction.starts_at)
    board.auction.starts_at = board.now
    return _done(session, actor, board, EventKind.STARTED)


@requires(Permission.RFQ_PUBLISH)
def pause(
    session: Session, actor: Actor, rfq_id: UUID, reason: str = "", *, expected: int | None = None
) -> Board:
    """Stop the clock; nobody can bid until it goes on."""
    board = _steered(session, actor, rfq_id, "pause", expected)
    board.auction.state = AuctionState.PAUSED
    board.auction.paused_at = board.now
    board.auction.reason = reason.strip()
    return _done(session, actor, board, EventKind.PAUSED, reason=reason.strip())


@requires(Permission.RFQ_PUBLISH)
def resume(session: Session, actor: Actor, rfq_id: UUID, *, expected: int | None = None) -> Board:
    """Go on; what was not over moves by the length of the pause."""
    board = _steered(session, actor, rfq_id, "resume", expected)
    paused_at = board.auction.paused_at
    assert paused_at is not None  # noqa: S101 - set by every pause
    _shift(board, board.now - paused_at)
    board.auction.state = AuctionState.PLANNED
    board.auction.paused_at = None
    board.auction.reason = ""
    return _done(session, actor, board, EventKind.RESUMED)


@requires(Permission.RFQ_PUBLISH)
def extend(
    session: Session,
    actor: Actor,
    rfq_id: UUID,
    lot_id: UUID,
    minutes: int,
    *,
    expected: int | None = None,
) -> Board:
    """Move the end of an English lot that is not over."""
    board = _steered(session, actor, rfq_id, "extend", expected)
    rules.check_type(board, AuctionType.ENGLISH)
    rules.check_minutes(minutes)
    lot = board.lot(lot_id)
    if board.phase(lot) is LotPhase.OVER:
        rules.check_open(board, lot)
    lot.extra_ms += minutes * 60_000
    return _done(session, actor, board, EventKind.EXTENDED, lot, minutes=minutes)


@requires(Permission.RFQ_PUBLISH)
def withdraw(session: Session, actor: Actor, rfq_id: UUID, bid_id: UUID, reason: str) -> Board:
    """Take back an obviously wrong bid before the auction is closed, with a reason for all.

    What proxies answered to it goes too, and the bidder's own proxy, which might repeat it. The
    bidder's bid before counts again.
    """
    board = _steered(session, actor, rfq_id, "withdraw", None)
    rules.check_type(board, AuctionType.ENGLISH)
    rules.check_reason(reason)
    wrong = queries.bid(session, board.auction.id, bid_id)
    lot = next(lot for lot in board.lots if lot.id == wrong.auction_lot_id)
    given = queries.bids_of_lot(session, lot.id)
    gone = [bid for bid in given if bid is wrong or bid.answers == wrong.seq]
    if wrong.withdrawn_at is not None:
        raise NotWithdrawable(_("This bid has been withdrawn already."))
    before, best = english.ranks(board.entries_of[lot.id]), board.best(lot).amount
    for bid in gone:
        bid.withdrawn_at = board.now
        bid.withdrawn_by = actor.person
        bid.withdrawal_reason = reason.strip()
    for entry in board.entries_of[lot.id]:
        kept = {
            bid.seq: bid.amount
            for bid in given
            if bid.supplier_id == entry.supplier_id and bid.withdrawn_at is None
        }
        entry.amount, entry.seq = english.standing_after(entry, kept)
    proxies.drop(session, lot.id, wrong.supplier_id)
    return _done(
        session,
        actor,
        board,
        EventKind.WITHDRAWN,
        lot,
        reason=reason.strip(),
        numbers=[bid.seq for bid in gone],
        by=[str(bid.supplier_id) for bid in gone],
        places=noting.moved(before, english.ranks(board.entries_of[lot.id])),
        best=str(board.best(lot).amount),
        best_changed=board.best(lot).amount != best,
    )


@requires(Permission.RFQ_PUBLISH)
def close(session: Session, actor: Actor, rfq_id: UUID, *, expected: int | None = None) -> Board:
    """End the auction now, or take over the result of one whose time is up."""
    board = _steered(session, actor, rfq_id, "close", expected)
    return closing.conclude(session, actor, board)


@requires(Permission.RFQ_PUBLISH)
def cancel(
    session: Session, actor: Actor, rfq_id: UUID, reason: str, *, expected: int | None = None
) -> Board:
    """Call the auction off. The opened bids count as they were."""
    board = _steered(session, actor, rfq_id, "cancel", expected)
    rules.check_reason(reason)
    return closing.call_off(session, actor, board, reason.strip())


def _steered(
    session: Session, actor: Actor, rfq_id: UUID, action: str, expected: int | None
) -> Board:
    """The buyer's auction, held, in a state in which this may happen."""
    board = queries.board(session, actor, rfq_id, lock=True)
    if board.auction.buyer_id != actor.org_id:
        raise NotFound(_("There is no auction of this event."))
    check_version(board.auction, expected)
    AUCTION_FLOW.next(board.state, action)
    return board


def _shift(board: Board, by: timedelta) -> None:
    """Move what is not over yet."""
    windows = board.windows()
    for lot in board.lots:
        if lot.ended_at is None and windows[lot.id].ends_at >= board.at:
            lot.starts_at += by
            lot.ends_at += by
    if board.auction.starts_at > board.at:
        board.auction.starts_at += by


def _done(
    session: Session,
    actor: Actor,
    board: Board,
    kind: EventKind,
    lot: AuctionLot | None = None,
    **data: object,
) -> Board:
    session.flush()
    windows = board.windows()
    ends = {str(each.lot_id): windows[each.id].ends_at.isoformat() for each in board.lots}
    noting.happened(session, board, kind, lot, {**data, "ends": ends})
    said = {name: value for name, value in data.items() if name in _SAID}
    noting.audited(session, actor, board, str(kind), said | ({"lot": lot.number} if lot else {}))
    session.flush()
    return board


_SAID = ("reason", "minutes", "numbers")
