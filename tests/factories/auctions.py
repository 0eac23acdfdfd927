"""Auctions in every stage. Time passes by moving all that they have stored into the past."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.auctions.board import Board
from marketplace.auctions.drafts import AuctionDraft, LotDraft
from marketplace.auctions.models import AuctionBid
from marketplace.auctions.services import bidding, planning, reading
from marketplace.auctions.services.bidding import Placed
from marketplace.auctions.states import AuctionType
from marketplace.auctions.terms import AuctionTerms, Decrement, DecrementKind
from marketplace.core import clock
from marketplace.core.money import Money
from marketplace.identity.permissions import Actor
from tests.factories.bids import KEYS, Sourcing, make_opened

ONE = Decrement(DecrementKind.AMOUNT, Decimal("1.00"))
HOUR = timedelta(hours=1)


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


@dataclass
class Hammer:
    """An auction with its RFQ; bidders are numbered as the bids were."""

    sourcing: Sourcing

    @property
    def session(self) -> Session:
        return self.sourcing.session

    @property
    def buyer(self) -> Actor:
        return self.sourcing.buyer

    @property
    def rfq_id(self) -> Any:
        return self.sourcing.rfq.id

    @property
    def lot_id(self) -> Any:
        return self.sourcing.lots[0].id

    def bidder(self, number: int) -> Actor:
        return self.sourcing.suppliers[number]

    def bid(self, number: int, amount: str, *, floor: str | None = None, lot: int = 0) -> Placed:
        return bidding.place(
            self.session,
            self.bidder(number),
            KEYS,
            self.rfq_id,
            self.sourcing.lots[lot].id,
            eur(amount),
            None if floor is None else eur(floor),
        )

    def proxy(self, number: int, floor: str | None) -> Board:
        money = None if floor is None else eur(floor)
        return bidding.set_proxy(
            self.session, self.bidder(number), KEYS, self.rfq_id, self.lot_id, money
        )

    def board(self, actor: Actor | None = None) -> Board:
        return reading.read(self.session, actor or self.buyer, self.rfq_id)

    def standing(self, lot: int = 0) -> list[tuple[int, str]]:
        """Bidders with what they ask, the first one first."""
        board = self.board()
        numbers = {actor.org_id: n for n, actor in enumerate(self.sourcing.suppliers)}
        entries = sorted(
            board.entries_of[board.lots[lot].id], key=lambda each: (each.amount, each.seq)
        )
        return [(numbers[each.supplier_id], f"{each.amount:.2f}") for each in entries]

    def bids(self) -> Sequence[AuctionBid]:
        return list(reversed(reading.bids(self.session, self.buyer, self.board())))

    def ends_at(self, lot: int = 0) -> datetime:
        board = self.board()
        return board.windows()[board.lots[lot].id].ends_at

    def pass_time(self, by: timedelta) -> None:
        """Let the auction be as it will be after this time."""
        pass_time(self.session, self.board().auction.id, by)

    def begin(self) -> None:
        """Let it have started a moment ago."""
        board = self.board()
        self.pass_time(board.auction.starts_at - board.now + timedelta(milliseconds=1))


def pass_time(session: Session, auction_id: Any, by: timedelta) -> None:
    session.flush()
    for table, key, columns in (
        ("auction", "id", ("starts_at", "paused_at")),
        ("auction_lot", "auction_id", ("starts_at", "ends_at", "ended_at")),
    ):
        moves = ", ".join(f"{name} = {name} - :by" for name in columns)
        session.execute(
            text(f"UPDATE {table} SET {moves} WHERE {key} = :auction_id"),
            {"by": by, "auction_id": auction_id},
        )


def make_auction(
    session: Session,
    *bids: Sequence[str | None],
    started: bool = True,
    lots: Sequence[LotDraft] = (),
    type: AuctionType = AuctionType.ENGLISH,
    excluded: Sequence[int] = (),
    sourcing: Sourcing | None = None,
    **terms: Any,
) -> Hammer:
    """An auction of an opened RFQ with these bids, which has just started."""
    sourcing = sourcing or make_opened(session, *(bids or PRICES))
    rules = replace(AuctionTerms(decrement=ONE), **terms)
    planning.plan(
        session,
        sourcing.buyer,
        sourcing.rfq.id,
        AuctionDraft(
            type=type,
            starts_at=clock.now() + HOUR,
            terms=rules,
            lots=tuple(lots),
            excluded=tuple(sourcing.suppliers[n].organisation_id for n in excluded),
        ),
    )
    hammer = Hammer(sourcing)
    if started:
        hammer.begin()
    return hammer


PRICES = (("10", "20"), ("11", "20"), ("12", "20"))


def dutch(session, *bids, **more):
    sourcing = make_opened(session, *(bids or (("10", "20"), ("11", "20"), ("12", "20"))))
    prices = LotDraft(sourcing.lots[0].id, eur("2000.00"), eur("100.00"), eur("2950.00"))
    return make_auction(session, sourcing=sourcing, type=AuctionType.DUTCH, lots=[prices], **more)


def japanese(session, *bids, last="2000.00", **more):
    sourcing = make_opened(session, *(bids or (("10", "20"), ("11", "20"), ("12", "20"))))
    prices = LotDraft(sourcing.lots[0].id, eur("2900.00"), eur("100.00"), eur(last))
    return make_auction(
        session, sourcing=sourcing, type=AuctionType.JAPANESE, lots=[prices], **more
    )
