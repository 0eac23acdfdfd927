"""What has happened, for people: in words, and as the curve of the prices of each lot."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from marketplace.auctions.board import Board
from marketplace.auctions.states import EventKind
from marketplace.core.money import Money
from marketplace.core.text import _, label
from marketplace.web import formats
from marketplace.web.context import find_actor

Row = tuple[str, Decimal, str]


@dataclass(frozen=True)
class Curve:
    """The prices of one lot in their order: the best ones, and a bidder's own."""

    lot_id: UUID
    best: list[Row]
    own: list[Row]


def of(board: Board, told: Iterable[Mapping[str, Any]]) -> list[Curve]:
    """From the events as the reader may see them."""
    found = {lot.lot_id: Curve(lot.lot_id, [], []) for lot in board.lots if not lot.skipped}
    for event in told:
        if event["kind"] not in (EventKind.BID, EventKind.WITHDRAWN):
            continue
        curve, time = found[UUID(event["lot_id"])], clock_time(moment(event["at"]))
        if event.get("best") is not None:
            curve.best.append(_row(board, time, event["best"]))
        if event.get("own") and event.get("amount") is not None:
            curve.own.append(_row(board, time, event["amount"]))
    return [curve for curve in found.values() if curve.best or curve.own]


def words(board: Board, event: Mapping[str, Any], names: Mapping[UUID, str]) -> str:
    """One event in short, with what the reader may know of it."""
    return " · ".join(
        [
            label(EventKind(event["kind"])),
            *_where_and_who(board, event, names),
            *_what(board, event),
        ]
    )


def _where_and_who(
    board: Board, event: Mapping[str, Any], names: Mapping[UUID, str]
) -> Iterator[str]:
    if event.get("lot_id"):
        number = board.lot(UUID(event["lot_id"])).number
        yield str(_("lot %(number)s", number=number))
    if isinstance(event.get("by"), str) and UUID(event["by"]) in names:
        yield names[UUID(event["by"])]
    if event.get("own"):
        yield str(_("yours"))


def _what(board: Board, event: Mapping[str, Any]) -> Iterator[str]:
    if event.get("amount") is not None:
        yield _money(board, event["amount"])
    if event.get("automatic"):
        yield str(_("automatic"))
    if event.get("rank") is not None:
        yield str(_("your rank: %(rank)s", rank=event["rank"]))
    if event.get("best") is not None:
        yield str(_("best price: %(price)s", price=_money(board, event["best"])))
    if event.get("reason"):
        yield event["reason"]


def moment(written: str) -> datetime:
    """An instant as events keep it."""
    return datetime.fromisoformat(written)


def clock_time(at: datetime) -> str:
    """Hours, minutes and seconds in the reader's zone."""
    actor = find_actor()
    return f"{at.astimezone(ZoneInfo(actor.time_zone if actor else 'UTC')):%H:%M:%S}"


def _row(board: Board, time: str, amount: str) -> Row:
    return time, Decimal(amount), _money(board, amount)


def _money(board: Board, amount: str) -> str:
    return formats.money(Money(Decimal(amount), board.currency))
