"""What becomes of an auction, and what its choices are called."""

from enum import StrEnum

from marketplace.core.states import Flow
from marketplace.core.text import _, register_labels


class AuctionState(StrEnum):
    """``RUNNING`` and ``ENDED`` are never stored: a planned auction reads so by the clock."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class LotPhase(StrEnum):
    """Where a lot stands now."""

    WAITING = "waiting"
    OPEN = "open"
    OVER = "over"
    SKIPPED = "skipped"


class AuctionType(StrEnum):
    ENGLISH = "english"
    DUTCH = "dutch"
    JAPANESE = "japanese"


class LotOrder(StrEnum):
    PARALLEL = "parallel"
    SEQUENCE = "sequence"


class Display(StrEnum):
    """What bidders see of each other."""

    RANK = "rank"
    BEST = "best"
    BOTH = "both"


class Beat(StrEnum):
    """What an English bid has to improve by the decrement."""

    OWN = "own"
    BEST = "best"


class DecrementKind(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"


class EventKind(StrEnum):
    """What is noted about an auction, in order."""

    PLANNED = "planned"
    STARTED = "started"
    BID = "bid"
    WITHDRAWN = "withdrawn"
    LEFT = "left"
    EXTENDED = "extended"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Skip(StrEnum):
    """Why a lot is not auctioned."""

    NO_BIDDER = "no_bidder"
    ONE_BIDDER = "one_bidder"


S = AuctionState
AUCTION_FLOW = Flow(
    _("an auction"),
    {
        (S.PLANNED, "start"): S.RUNNING,
        (S.PLANNED, "cancel"): S.CANCELLED,
        (S.RUNNING, "bid"): S.RUNNING,
        (S.RUNNING, "pause"): S.PAUSED,
        (S.RUNNING, "extend"): S.RUNNING,
        (S.RUNNING, "withdraw"): S.RUNNING,
        (S.RUNNING, "close"): S.CLOSED,
        (S.RUNNING, "cancel"): S.CANCELLED,
        (S.PAUSED, "resume"): S.RUNNING,
        (S.PAUSED, "withdraw"): S.PAUSED,
        (S.PAUSED, "close"): S.CLOSED,
        (S.PAUSED, "cancel"): S.CANCELLED,
        (S.ENDED, "withdraw"): S.ENDED,
        (S.ENDED, "close"): S.CLOSED,
    },
)
STEERING = ("start", "pause", "resume", "extend", "close", "cancel")

register_labels(
    {
        AuctionState.PLANNED: _("Planned"),
        AuctionState.RUNNING: _("Running"),
        AuctionState.PAUSED: _("On pause"),
        AuctionState.ENDED: _("Time is up"),
        AuctionState.CLOSED: _("Closed"),
        AuctionState.CANCELLED: _("Called off"),
        LotPhase.WAITING: _("Not open yet"),
        LotPhase.OPEN: _("Bidding is open"),
        LotPhase.OVER: _("It is over"),
        LotPhase.SKIPPED: _("Not auctioned"),
        AuctionType.ENGLISH: _("English reverse: bidders underbid each other"),
        AuctionType.DUTCH: _("Dutch reverse: the price rises until somebody accepts it"),
        AuctionType.JAPANESE: _("Japanese reverse: the price falls, who does not follow is out"),
        LotOrder.PARALLEL: _("All lots at the same time"),
        LotOrder.SEQUENCE: _("One lot after another"),
        Display.RANK: _("Their own rank only"),
        Display.BEST: _("The best price only"),
        Display.BOTH: _("Their own rank and the best price"),
        DecrementKind.AMOUNT: _("Amount"),
        DecrementKind.PERCENT: _("Per cent"),
        Skip.NO_BIDDER: _("Nobody has a complete bid for this lot."),
        Skip.ONE_BIDDER: _("Only one bidder has a complete bid for this lot."),
    }
)
register_labels(
    {
        Beat.OWN: _("The bidder’s own last price"),
        Beat.BEST: _("The best price of all"),
    }
)
register_labels(
    {
        EventKind.PLANNED: _("Auction planned"),
        EventKind.STARTED: _("Auction started"),
        EventKind.BID: _("Bid"),
        EventKind.WITHDRAWN: _("Bid withdrawn by the buyer"),
        EventKind.LEFT: _("Left the lot"),
        EventKind.EXTENDED: _("End moved"),
        EventKind.PAUSED: _("Auction paused"),
        EventKind.RESUMED: _("Auction resumed"),
        EventKind.CLOSED: _("Auction closed"),
        EventKind.CANCELLED: _("Auction called off"),
    }
)
