"""What API and portal share: reading with names and floors, and event streams in short answers."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import orjson
from flask import Response, request

from marketplace.auctions import views
from marketplace.auctions.board import Board
from marketplace.auctions.services import bidding, reading
from marketplace.auctions.views import Reader
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.rfq.http.bid_http import service_keys
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

LAST_EVENT = "Last-Event-ID"
# how long a client waits before it asks again, in milliseconds
RETRY = 2000
HIGHEST = 2**53


class BadEventId(Invalid):
    code = "bad_event_id"


def reader_of(board: Board) -> Reader:
    """The present reader, with what has to be looked up for them."""
    session, actor = current_session(), current_actor()
    return Reader(
        actor=actor,
        is_buyer=board.is_held_by(actor),
        names=reading.names(session, actor, board),
        floors=reading.own_floors(session, actor, service_keys(), board),
    )


def shown(board: Board) -> Shown:
    """The auction for the present reader."""
    return views.whole(board, reader_of(board))


def read(rfq_id: UUID) -> Shown:
    """As `shown`, of the auction as it stands now."""
    return shown(reading.read(current_session(), current_actor(), rfq_id))


def bid_list(rfq_id: UUID) -> list[Shown]:
    """The bids that the present reader may see."""
    session, actor = current_session(), current_actor()
    board = reading.read(session, actor, rfq_id)
    given = reading.bids(session, actor, board)
    return views.bid_views(board, given, reading.names(session, actor, board))


def placed_view(placed: bidding.Placed) -> dict[str, Any]:
    """A bid that was taken, as its receipt, with the lot after it."""
    lots = shown(placed.board).lots
    return {
        "bid": views.bid_view(placed.bid, placed.lot, placed.board.currency, {}),
        "lot": next((lot for lot in lots if lot["lot_id"] == placed.lot.lot_id), None),
    }


def events_response(rfq_id: UUID) -> Response:
    """Everything since the last event that the client has, as an event stream that ends there.

    The client comes again by itself, so that no watcher holds a thread in between.
    """
    _viewer, told = reading.events(
        current_session(),
        current_actor(),
        rfq_id,
        last_event(request.headers.get(LAST_EVENT), request.args),
    )
    answer = Response(stream_text(told, retry=RETRY), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def last_event(header: str | None, arguments: Mapping[str, str]) -> int:
    """The number after which to go on: the header of a reconnect, or ``?after=``; 0 is all."""
    given = header or arguments.get("after") or "0"
    if not given.isdecimal() or int(given[:20]) > HIGHEST:
        detail = _("Give the number of an event.")
        raise BadEventId(detail, errors=[FieldError("/after", "bad_event_id", detail)])
    return int(given)


def stream_text(told: Iterable[Mapping[str, Any]], *, retry: int | None = None) -> str:
    """Server-sent events: number as id, kind as name, the rest as JSON."""
    head = f"retry: {retry}\n\n" if retry is not None else ""
    return head + "".join(
        f"id: {each['number']}\nevent: {each['kind']}\ndata: {orjson.dumps(each).decode()}\n\n"
        for each in told
    )
