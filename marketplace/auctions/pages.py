"""The live page: for bidders their standing and the next bid, for the buyer everything."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.auctions import curves, http, queries, views
from marketplace.auctions.board import Board
from marketplace.auctions.schemas import (
    AuctionBidInputSchema,
    AuctionExtensionSchema,
    AuctionLotChoiceSchema,
    AuctionProxyFormSchema,
    AuctionReasonSchema,
)
from marketplace.auctions.services import bidding, reading, steering
from marketplace.auctions.states import AuctionType
from marketplace.core.errors import Conflict, Invalid, NotFound
from marketplace.core.money import Money
from marketplace.core.text import _
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking import queries as rfq_queries
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.web import formats
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.forms import Form, flash

pages = PageBlueprint("auctions", __name__, url_prefix="/rfqs/<uuid:rfq_id>/auction")
list_pages = PageBlueprint("auction_list", __name__, url_prefix="/auctions")

SHOWN_EVENTS = 300


@list_pages.get("")
def listing() -> str:
    """Every auction that the organisation holds or takes part in."""
    session = current_session()
    page = reading.search(session, current_actor(), cursor=request.args.get("cursor"))
    rfqs = queries.rfqs_of(session, page.items)
    return render_template(
        "auctions/list.html",
        auctions=[views.summary(each, rfqs[each.rfq_id]) for each in page.items],
        page=page,
    )


@pages.get("")
def show(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    try:
        board = reading.read(session, actor, rfq_id)
    except NotFound:
        rfq = rfq_queries.get_own(session, actor, rfq_id)
        if actor.may(Permission.RFQ_PUBLISH) and rfq.opened_at is not None:
            return redirect(url_for("auction_plans.plan", rfq_id=rfq_id), 303)
        return render_template("auctions/none.html", rfq=rfq)
    return _page(board)


@pages.get("/board")
def fragment(rfq_id: UUID) -> str:
    """The moving part of the page."""
    board = reading.read(current_session(), current_actor(), rfq_id)
    return render_template("auctions/_board.html", **_context(board))


@pages.get("/events")
def events(rfq_id: UUID) -> Response:
    return http.events_response(rfq_id)


@pages.post("/bids")
def bid(rfq_id: UUID) -> ResponseReturnValue:
    """Ask once, with the amount in large; what was confirmed is bid."""
    session, actor = current_session(), current_actor()
    form = Form(AuctionBidInputSchema, request.form)
    if not form.valid:
        return _refused(rfq_id, form)
    if "confirmed" not in request.form:
        return _confirmation(rfq_id, form)
    with form.guard():
        placed = bidding.place(session, actor, service_keys(), rfq_id, **form.data)
    if not form.valid:
        return _refused(rfq_id, form)
    number, amount = placed.bid.seq, Money(placed.bid.amount, placed.board.currency)
    flash(
        _("Your bid is in: %(amount)s, number %(n)s.", amount=formats.money(amount), n=number)
        if placed.answered == 0
        else _(
            "Your bid is in: %(amount)s, number %(n)s. Another bidder’s automatic bid or your own"
            " has answered already.",
            amount=formats.money(amount),
            n=number,
        )
    )
    return _back(rfq_id)


@pages.post("/proxy")
def proxy(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    form = Form(AuctionProxyFormSchema, request.form)
    if form.valid:
        with form.guard():
            bidding.set_proxy(session, actor, service_keys(), rfq_id, **form.data)
    if not form.valid:
        return _refused(rfq_id, form)
    flash(
        _("There are no more automatic bids for you.")
        if form.data["floor"] is None
        else _("Automatic bids go down to this price. Nobody else can read it.")
    )
    return _back(rfq_id)


@pages.post("/leave")
def leave(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(AuctionLotChoiceSchema, request.form)
    if form.valid:
        with form.guard():
            bidding.leave(current_session(), current_actor(), rfq_id, form.data["lot_id"])
    if not form.valid:
        return _refused(rfq_id, form)
    flash(_("You have left the lot."))
    return _back(rfq_id)


@pages.post("/bids/<uuid:bid_id>/withdraw")
def withdraw(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    form = Form(AuctionReasonSchema, request.form)
    if form.valid:
        with form.guard():
            steering.withdraw(
                current_session(), current_actor(), rfq_id, bid_id, form.data["reason"]
            )
    if not form.valid:
        return _refused(rfq_id, form)
    flash(_("The bid is withdrawn. The bidder reads the reason."))
    return _back(rfq_id)


@pages.post("/extend")
def extend(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(AuctionExtensionSchema, request.form)
    if form.valid:
        with form.guard():
            steering.extend(current_session(), current_actor(), rfq_id, **form.data)
    return _back(rfq_id) if form.valid else _refused(rfq_id, form)


@pages.post("/<any(start, resume, close):step>")
def plain_step(rfq_id: UUID, step: str) -> ResponseReturnValue:
    """Steps without a reason."""
    steps = {"start": steering.start, "resume": steering.resume, "close": steering.close}
    return _steered(rfq_id, lambda: steps[step](current_session(), current_actor(), rfq_id))


@pages.post("/<any(pause, cancel):step>")
def reasoned_step(rfq_id: UUID, step: str) -> ResponseReturnValue:
    """Steps that bidders are told the reason of."""
    steps = {"pause": steering.pause, "cancel": steering.cancel}
    reason = request.form.get("reason", "")[:1000]
    return _steered(rfq_id, lambda: steps[step](current_session(), current_actor(), rfq_id, reason))


def _steered(rfq_id: UUID, take: Any) -> ResponseReturnValue:
    form = Form(AuctionReasonSchema)
    try:
        with undone_if_refused(), peeking_noted(rfq_id):
            take()
    except (Invalid, Conflict) as refusal:
        form.refuse("", refusal.detail)
        return _refused(rfq_id, form)
    return _back(rfq_id)


def _confirmation(rfq_id: UUID, form: Form) -> str:
    board = reading.read(current_session(), current_actor(), rfq_id)
    return render_template(
        "auctions/confirm.html",
        form=form,
        lot=board.lot(form.data["lot_id"]),
        amount=form.data["amount"],
        floor=form.data["floor"],
        rfq=board.rfq,
    )


def _refused(rfq_id: UUID, form: Form) -> ResponseReturnValue:
    """The page with what was typed, as it stands now."""
    return _page(reading.read(current_session(), current_actor(), rfq_id), form), 422


def _back(rfq_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("auctions.show", rfq_id=rfq_id), 303)


def _page(board: Board, form: Form | None = None) -> str:
    return render_template(
        "auctions/auction.html",
        form=form,
        still=form is not None or "still" in request.args,
        **_context(board),
    )


def _context(board: Board) -> dict[str, Any]:
    session, actor = current_session(), current_actor()
    reader = http.reader_of(board)
    after = max(board.auction.last_event - SHOWN_EVENTS, 0)
    _viewer, told = reading.events(session, actor, board.rfq.id, after)
    given = views.bid_views(board, reading.bids(session, actor, board), reader.names)
    return {
        "auction": views.whole(board, reader),
        "rfq": board.rfq,
        "bids": given,
        "told": [_told(board, reader, each) for each in told],
        "curves": curves.of(board, told),
        "is_english": board.auction.type is AuctionType.ENGLISH,
        "is_japanese": board.auction.type is AuctionType.JAPANESE,
    }


def _told(board: Board, reader: views.Reader, event: dict[str, Any]) -> dict[str, Any]:
    """An event in words, for the list of what has happened."""
    return {
        "number": event["number"],
        "time": curves.clock_time(curves.moment(event["at"])),
        "words": curves.words(board, event, reader.names),
    }
