"""How auctions refuse."""

from marketplace.core.errors import Conflict, Invalid


class AuctionInvalid(Invalid):
    code = "auction_invalid"


class NoCompetition(Invalid):
    code = "no_competition"


class MixedCurrencies(Conflict):
    """Who would take part has bid in several currencies."""

    code = "mixed_currencies"


class AuctionExists(Conflict):
    code = "auction_exists"


class LotNotOpen(Conflict):
    code = "lot_not_open"


class BidTooHigh(Invalid):
    """``highest`` says what would be taken."""

    code = "bid_too_high"


class ProxyInvalid(Invalid):
    code = "proxy_invalid"


class WrongLevel(Conflict):
    """The price is not one that is called now."""

    code = "wrong_level"


class OutOfLot(Conflict):
    """The bidder has left, or did not follow in time."""

    code = "out_of_lot"


class NotWithdrawable(Conflict):
    code = "not_withdrawable"
