"""An auction as one reader gets it: all for the buyer, for a bidder what the display shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.auctions import english, timing
from marketplace.auctions.board import Board
from marketplace.auctions.models import Auction, AuctionBid, AuctionEntry, AuctionLot
from marketplace.auctions.states import AUCTION_FLOW, STEERING, AuctionType, LotPhase
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor, Permission
from marketplace.rfq.asking.models import Rfq
from marketplace.web.shown import Shown


@dataclass(frozen=True)
class Reader:
    """Who reads: their names and proxies were looked up before."""

    actor: Actor
    is_buyer: bool
    names: Mapping[UUID, str]
    floors: Mapping[UUID, Decimal]


@dataclass(frozen=True, slots=True)
class Call:
    """The price that is called now, and until when."""

    level: int
    price: Money
    until: datetime


def whole(board: Board, reader: Reader) -> Shown:
    """The auction with its lots."""
    return Shown(
        board.auction,
        actions_of(board, reader),
        state=board.state,
        server_time=board.now,
        is_buyer=reader.is_buyer,
        rules=rules_of(board),
        lots=[_lot(board, reader, lot) for lot in board.lots if _sees(board, reader, lot)],
    )


def summary(auction: Auction, rfq: Rfq) -> dict[str, Any]:
    """The auction in a list."""
    return {
        "id": auction.id,
        "rfq_id": auction.rfq_id,
        "rfq_number": rfq.number,
        "rfq_title": rfq.title,
        "type": auction.type,
        "state": auction.state,
        "starts_at": auction.starts_at,
        "closed_at": auction.closed_at,
    }


def rules_of(board: Board) -> dict[str, Any]:
    """The terms by the names of the API."""
    terms = board.terms
    return {
        "lot_order": terms.lot_order,
        "display": terms.display,
        "beat": terms.beat,
        "decrement": {
            "kind": terms.decrement.kind,
            "value": terms.decrement.value,
            "bands": [
                {"from_price": band.start, "value": band.value} for band in terms.decrement.bands
            ],
        },
        "overtime": {
            "trigger_seconds": terms.overtime.trigger,
            "extension_seconds": terms.overtime.extension,
            "limit": terms.overtime.limit,
        },
        "length_seconds": terms.length,
        "interval_seconds": terms.interval,
        "pause_between_seconds": terms.pause_between,
    }


def actions_of(board: Board, reader: Reader) -> list[str]:
    """What this reader may do with the auction now."""
    state = board.state
    if reader.is_buyer:
        if not reader.actor.may(Permission.RFQ_PUBLISH):
            return []
        wanted = [*STEERING, "withdraw"]
        if board.auction.type is not AuctionType.ENGLISH:
            wanted = [each for each in wanted if each not in ("extend", "withdraw")]
        return [action for action in wanted if AUCTION_FLOW.may(state, action)]
    may_bid = reader.actor.may(Permission.BID_SUBMIT) and AUCTION_FLOW.may(state, "bid")
    return ["bid"] if may_bid else []


def call_of(board: Board, lot: AuctionLot) -> Call | None:
    """The called price of an open Dutch or Japanese lot."""
    if board.auction.type is AuctionType.ENGLISH or board.phase(lot) is not LotPhase.OPEN:
        return None
    window = board.windows()[lot.id]
    level = timing.level_at(board.terms, window, board.at)
    price = timing.price_of(board.auction.type, lot, level)
    until = window.starts_at + board.terms.level_time * (level + 1)
    return Call(level, Money(price, board.currency), until)


def bid_view(bid: AuctionBid, lot: AuctionLot, currency: str, names: Mapping[UUID, str]) -> Shown:
    """A bid with its lot and, where the reader may know it, whose it is."""
    return Shown(
        bid,
        (),
        lot_id=lot.lot_id,
        lot_number=lot.number,
        amount=Money(bid.amount, currency),
        supplier_name=names.get(bid.supplier_id),
        is_withdrawn=bid.withdrawn_at is not None,
    )


def bid_views(board: Board, bids: Sequence[AuctionBid], names: Mapping[UUID, str]) -> list[Shown]:
    """Several of them."""
    lots = {lot.id: lot for lot in board.lots}
    return [bid_view(bid, lots[bid.auction_lot_id], board.currency, names) for bid in bids]


def _sees(board: Board, reader: Reader, lot: AuctionLot) -> bool:
    """A bidder sees the lots they take part in."""
    return reader.is_buyer or board.entry(lot, reader.actor.org_id) is not None


def _lot(board: Board, reader: Reader, lot: AuctionLot) -> dict[str, Any]:
    window, called = board.windows()[lot.id], call_of(board, lot)
    follows = board.auction.type is AuctionType.JAPANESE and not reader.is_buyer
    ends_at = called.until if called and follows else window.ends_at
    secret = not reader.is_buyer and board.auction.type is not AuctionType.ENGLISH
    return {
        "lot_id": lot.lot_id,
        "number": lot.number,
        "title": lot.title,
        "phase": board.phase(lot),
        "skipped": lot.skipped,
        "starts_at": window.starts_at,
        "ends_at": ends_at,
        "first_price": _money(lot.first_price, board),
        "step": _money(lot.step, board),
        "last_price": None if secret else _money(lot.last_price, board),
        "called": called,
        "overtimes": lot.overtimes,
        **(_all(board, reader, lot) if reader.is_buyer else _own(board, reader, lot)),
    }


def _all(board: Board, reader: Reader, lot: AuctionLot) -> dict[str, Any]:
    entries = board.entries_of[lot.id]
    places = english.ranks(entries)
    return {
        "bid_count": lot.bid_count,
        "best": _money(board.best(lot).amount, board) if entries else None,
        "own": None,
        "entries": [
            {
                **_entry(board, entry),
                "rank": places[entry.supplier_id],
                "supplier_id": entry.supplier_id,
                "supplier_name": reader.names.get(entry.supplier_id),
                "is_in": _is_in(board, lot, entry),
            }
            for entry in english.ranked(entries)
        ],
    }


def _own(board: Board, reader: Reader, lot: AuctionLot) -> dict[str, Any]:
    entries = board.entries_of[lot.id]
    own = next(entry for entry in entries if entry.supplier_id == reader.actor.org_id)
    hidden = board.auction.type is AuctionType.JAPANESE
    shows_rank = board.terms.shows_rank and not hidden
    highest = None
    if board.auction.type is AuctionType.ENGLISH:
        highest = english.highest_allowed(board.terms, lot, own, entries, board.currency)
    return {
        "bid_count": None,
        "best": _money(board.best(lot).amount, board)
        if board.terms.shows_best and not hidden
        else None,
        "entries": None,
        "own": {
            **_entry(board, own),
            "rank": english.ranks(entries)[own.supplier_id] if shows_rank else None,
            "is_in": _is_in(board, lot, own),
            "highest_allowed": _money(highest, board) if highest and highest > 0 else None,
            "floor": _money(reader.floors.get(lot.id), board),
        },
    }


def _entry(board: Board, entry: AuctionEntry) -> dict[str, Any]:
    return {
        "label": entry.label,
        "opened_total": _money(entry.opened_total, board),
        "amount": _money(entry.amount, board),
        "seq": entry.seq if entry.seq > 0 else None,
        "level": entry.level,
    }


def _is_in(board: Board, lot: AuctionLot, entry: AuctionEntry) -> bool:
    """Whether a bidder of a Japanese lot still follows; of others everybody does."""
    if board.auction.type is not AuctionType.JAPANESE:
        return True
    level = timing.level_at(board.terms, board.windows()[lot.id], board.at)
    return entry.left_at is None and entry.level >= level


def _money(amount: Decimal | None, board: Board) -> Money | None:
    return None if amount is None else Money(amount, board.currency)
