"""What a bid and the steps of an auction must be: pure decisions that raise with their reason."""

from datetime import timedelta
from decimal import Decimal

from marketplace.auctions import timing
from marketplace.auctions.board import Board
from marketplace.auctions.english import highest_allowed
from marketplace.auctions.errors import (
    BidTooHigh,
    LotNotOpen,
    OutOfLot,
    ProxyInvalid,
    WrongLevel,
)
from marketplace.auctions.models import AuctionEntry, AuctionLot
from marketplace.auctions.states import AuctionType, LotPhase
from marketplace.auctions.terms import AuctionTerms
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import Money, exponent
from marketplace.core.text import _, label

LONGEST_EXTENSION = 24 * 60


class WrongCurrency(Invalid):
    code = "wrong_currency"


class WrongType(Conflict):
    code = "wrong_auction_type"


def check_open(board: Board, lot: AuctionLot) -> None:
    """Raise LotNotOpen unless the lot takes bids now; the end itself is included."""
    phase = board.phase(lot)
    if phase is not LotPhase.OPEN:
        window = board.windows()[lot.id]
        raise LotNotOpen(
            _(
                "Lot %(number)s accepts no bids: %(phase)s.",
                number=lot.number,
                phase=label(phase),
            ),
            phase=str(phase),
            starts_at=window.starts_at.isoformat(),
            ends_at=window.ends_at.isoformat(),
            now=board.now.isoformat(),
        )


def check_type(board: Board, *wanted: AuctionType) -> None:
    """Raise WrongType for what only other auctions know."""
    if board.auction.type not in wanted:
        raise WrongType(_("This is not possible in an auction of this type."))


def check_currency(board: Board, amount: Money, pointer: str) -> None:
    """Raise WrongCurrency for a price in another currency than that of the RFQ."""
    if amount.currency != board.currency:
        detail = _("Give the price in %(currency)s.", currency=board.currency)
        raise WrongCurrency(detail, errors=[FieldError(pointer, "wrong_currency", detail)])


def check_improves(board: Board, lot: AuctionLot, own: AuctionEntry, amount: Decimal) -> None:
    """Raise BidTooHigh unless an English bid is low enough, and above zero."""
    highest = highest_allowed(board.terms, lot, own, board.entries_of[lot.id], board.currency)
    if 0 < amount <= highest:
        return
    detail = (
        _("Bid %(amount)s or less.", amount=_plain(highest, board.currency))
        if highest > 0
        else _("No lower bid is possible.")
    )
    raise BidTooHigh(
        detail,
        errors=[FieldError("/amount", "bid_too_high", detail)],
        highest=_plain(highest, board.currency),
    )


def check_floor(board: Board, floor: Money, standing: Decimal) -> None:
    """Raise ProxyInvalid unless there is something to bid down to."""
    check_type(board, AuctionType.ENGLISH)
    if not 0 < floor.amount < standing:
        detail = _("The lowest price has to be below your present one, and above zero.")
        raise ProxyInvalid(detail, errors=[FieldError("/floor", "proxy_invalid", detail)])


def check_level(board: Board, lot: AuctionLot, own: AuctionEntry, amount: Decimal) -> None:
    """Raise WrongLevel, OutOfLot or BidTooHigh unless the called price can be taken now."""
    level = timing.level_at(board.terms, board.windows()[lot.id], board.at)
    called = timing.price_of(board.auction.type, lot, level)
    if board.auction.type is AuctionType.JAPANESE:
        _check_follows(own, level)
        is_called = amount == called
    else:
        earlier = range(level + 1)
        is_called = any(timing.price_of(board.auction.type, lot, n) == amount for n in earlier)
    if not is_called:
        raise WrongLevel(
            _("The price that is called now is %(price)s.", price=_plain(called, board.currency)),
            called=_plain(called, board.currency),
        )
    if board.auction.type is AuctionType.DUTCH and amount > own.opened_total:
        detail = _("Your own bid is lower than that.")
        raise BidTooHigh(detail, errors=[FieldError("/amount", "bid_too_high", detail)])


def _check_follows(own: AuctionEntry, level: int) -> None:
    if own.left_at is not None or own.level < level:
        raise OutOfLot(_("You did not follow an earlier price, and so you are out of this lot."))
    if own.level > level:
        raise OutOfLot(_("You have accepted this price already."), accepted=True)


def overtime(terms: AuctionTerms, lot: AuctionLot, left: timedelta) -> timedelta:
    """What a bid adds to the end of an English lot with this much time left."""
    rule = terms.overtime
    if left > timedelta(seconds=rule.trigger):
        return timedelta(0)
    if rule.limit is not None and lot.overtimes >= rule.limit:
        return timedelta(0)
    return max(timedelta(seconds=rule.extension) - left, timedelta(0))


def check_minutes(minutes: int) -> None:
    """Raise Invalid for an extension that is none, or absurd."""
    if not 1 <= minutes <= LONGEST_EXTENSION:
        detail = _("Give from 1 to %(most)s minutes.", most=LONGEST_EXTENSION)
        raise Invalid(detail, errors=[FieldError("/minutes", "out_of_range", detail)])


def check_reason(reason: str) -> None:
    """Raise Invalid when a step that others must understand has no reason."""
    if not reason.strip():
        detail = _("A reason is needed.")
        raise Invalid(detail, errors=[FieldError("/reason", "required", detail)])


def _plain(amount: Decimal, currency: str) -> str:
    return f"{amount.quantize(Decimal(1).scaleb(-exponent(currency)))} {currency}"
