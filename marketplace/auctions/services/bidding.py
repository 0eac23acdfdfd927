"""Use cases of bidders: bid, follow a called price, let us bid for them, leave."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.auctions import english, noting, proxies, queries, rules, timing
from marketplace.auctions.board import Board
from marketplace.auctions.errors import OutOfLot
from marketplace.auctions.models import AuctionBid, AuctionEntry, AuctionLot
from marketplace.auctions.states import AUCTION_FLOW, AuctionType, EventKind
from marketplace.core import outbox
from marketplace.core.ids import uuid7
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.events.auctions import AuctionBidPlaced
from marketplace.identity.permissions import Actor, Permission, requires
from marketplace.rfq.sealing.envelopes import ServiceKeys


@dataclass(frozen=True)
class Placed:
    """A bid that was taken, with the auction after it; ``answered``: how many proxies replied."""

    bid: AuctionBid
    board: Board
    lot: AuctionLot
    answered: int


@dataclass(frozen=True, slots=True)
class _Offer:
    entry: AuctionEntry
    amount: Decimal
    answers: int | None = None
    automatic: bool = False


@requires(Permission.BID_SUBMIT)
def place(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    lot_id: UUID,
    amount: Money,
    floor: Money | None = None,
) -> Placed:
    """Bid for a lot. The database's clock and the lock on the auction decide about it.

    English: the amount has to improve by the decrement; floor: how low proxies may go for the
    bidder. Dutch and Japanese: the amount is the price that was called. Raises LotNotOpen,
    BidTooHigh, WrongLevel, OutOfLot or ProxyInvalid.
    """
    board = queries.board(session, actor, rfq_id, lock=True)
    lot, entry = _own(board, actor, lot_id)
    rules.check_currency(board, amount, "/amount")
    _check(board, lot, entry, amount.amount)
    if floor is not None:
        rules.check_floor(board, floor, amount.amount)
        proxies.keep(session, keys, entry, floor.amount, board.now)
    given = _take(session, actor, board, lot, _Offer(entry, amount.amount))
    answered = _answer(session, actor, keys, board, lot, given.seq)
    noting.audited(
        session,
        actor,
        board,
        "bid_placed",
        {"lot": lot.number, "number": given.seq, "amount": str(amount.amount)},
    )
    session.flush()
    return Placed(given, board, lot, answered)


@requires(Permission.BID_SUBMIT)
def set_proxy(
    session: Session,
    actor: Actor,
    keys: ServiceKeys,
    rfq_id: UUID,
    lot_id: UUID,
    floor: Money | None,
) -> Board:
    """Let us bid down to this floor, or no longer (None). Nobody else can read it.

    It bids at once where that takes the lead. Raises LotNotOpen or ProxyInvalid.
    """
    board = queries.board(session, actor, rfq_id, lock=True)
    lot, entry = _own(board, actor, lot_id)
    _check_open(board, lot)
    if floor is None:
        proxies.drop(session, lot.id, entry.supplier_id)
    else:
        rules.check_currency(board, floor, "/floor")
        rules.check_floor(board, floor, entry.amount)
        proxies.keep(session, keys, entry, floor.amount, board.now)
        _answer(session, actor, keys, board, lot, None)
    deed = "proxy_removed" if floor is None else "proxy_set"
    noting.audited(session, actor, board, deed, {"lot": lot.number})
    session.flush()
    return board


@requires(Permission.BID_SUBMIT)
def leave(session: Session, actor: Actor, rfq_id: UUID, lot_id: UUID) -> Board:
    """Follow a Japanese lot no longer. There is no way back."""
    board = queries.board(session, actor, rfq_id, lock=True)
    lot, entry = _own(board, actor, lot_id)
    rules.check_type(board, AuctionType.JAPANESE)
    _check_open(board, lot)
    if entry.left_at is not None:
        raise OutOfLot(_("You have left this lot."))
    entry.left_at = board.now
    noting.happened(session, board, EventKind.LEFT, lot, {"by": str(entry.supplier_id)})
    noting.audited(session, actor, board, "lot_left", {"lot": lot.number})
    session.flush()
    return board


def _own(board: Board, actor: Actor, lot_id: UUID) -> tuple[AuctionLot, AuctionEntry]:
    lot = board.lot(lot_id)
    entry = board.entry(lot, actor.organisation_id)
    if entry is None:
        raise queries.no_such_auction()
    return lot, entry


def _check_open(board: Board, lot: AuctionLot) -> None:
    """The lot is open, and the auction does not stand still."""
    rules.check_open(board, lot)
    AUCTION_FLOW.next(board.state, "bid")


def _check(board: Board, lot: AuctionLot, entry: AuctionEntry, amount: Decimal) -> None:
    _check_open(board, lot)
    if board.auction.type is AuctionType.ENGLISH:
        rules.check_improves(board, lot, entry, amount)
    else:
        rules.check_level(board, lot, entry, amount)


def _take(
    session: Session, actor: Actor, board: Board, lot: AuctionLot, offer: _Offer
) -> AuctionBid:
    """Write one bid, and what follows for places and time."""
    entries = board.entries_of[lot.id]
    before, best = english.ranks(entries), board.best(lot).amount
    lot.bid_count += 1
    entry = offer.entry
    given = AuctionBid(
        id=uuid7(),
        auction_id=board.auction.id,
        auction_lot_id=lot.id,
        buyer_id=board.auction.buyer_id,
        supplier_id=entry.supplier_id,
        seq=lot.bid_count,
        amount=offer.amount,
        automatic=offer.automatic,
        answers=offer.answers,
        placed_at=board.now,
        placed_by=None if offer.automatic else actor.person,
    )
    session.add(given)
    takes_lot = board.auction.type is AuctionType.DUTCH
    if offer.amount < entry.amount or takes_lot:
        entry.amount, entry.seq = offer.amount, given.seq
    extended = _move_time(board, lot, entry)
    noting.happened(
        session,
        board,
        EventKind.BID,
        lot,
        {
            "by": str(entry.supplier_id),
            "bid_id": str(given.id),
            "label": entry.label,
            "amount": str(offer.amount),
            "seq": given.seq,
            "automatic": offer.automatic,
            "places": noting.moved(before, english.ranks(entries)),
            "best": str(board.best(lot).amount),
            "best_changed": board.best(lot).amount != best,
            "ends_at": board.windows()[lot.id].ends_at.isoformat(),
            "extended": extended,
            "over": lot.ended_at is not None,
        },
    )
    _announce(session, board, lot, given)
    return given


def _move_time(board: Board, lot: AuctionLot, entry: AuctionEntry) -> bool:
    """Overtime of an English lot, the end of a Dutch one, the next level of a Japanese one."""
    if board.auction.type is AuctionType.DUTCH:
        lot.ended_at = board.at
    elif board.auction.type is AuctionType.JAPANESE:
        entry.level = timing.level_at(board.terms, board.windows()[lot.id], board.at) + 1
    else:
        more = rules.overtime(board.terms, lot, board.windows()[lot.id].ends_at - board.at)
        lot.extra_ms += more // timedelta(milliseconds=1)
        lot.overtimes += 1 if more else 0
        return bool(more)
    return False


def _answer(
    session: Session, actor: Actor, keys: ServiceKeys, board: Board, lot: AuctionLot, to: int | None
) -> int:
    """Let proxies reply to what has just happened; returns how many bids that made."""
    if board.auction.type is not AuctionType.ENGLISH:
        return 0
    entries = board.entries_of[lot.id]
    known = proxies.unlock_all(keys, queries.proxies(session, lot.id))
    counters = english.answers(board.terms, lot, entries, known, board.currency)
    by_supplier = {entry.supplier_id: entry for entry in entries}
    for counter in counters:
        offer = _Offer(by_supplier[counter.supplier_id], counter.amount, to, automatic=True)
        _take(session, actor, board, lot, offer)
    return len(counters)


def _announce(session: Session, board: Board, lot: AuctionLot, given: AuctionBid) -> None:
    outbox.record(
        session,
        AuctionBidPlaced(
            auction_id=board.auction.id,
            rfq_id=board.auction.rfq_id,
            buyer_id=given.buyer_id,
            supplier_id=given.supplier_id,
            lot_id=lot.lot_id,
            bid_id=given.id,
            seq=given.seq,
            placed_at=given.placed_at,
        ),
        audience=[given.buyer_id, given.supplier_id],
    )
