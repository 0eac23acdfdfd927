"""Live auctions over the API."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from marketplace.auctions import http, queries, views
from marketplace.auctions.board import Board
from marketplace.auctions.drafts import AuctionDraft
from marketplace.auctions.schemas import (
    AuctionBidInputSchema,
    AuctionBidsSchema,
    AuctionExtensionSchema,
    AuctionInputSchema,
    AuctionLotChoiceSchema,
    AuctionProxySchema,
    AuctionReasonSchema,
    AuctionSchema,
    AuctionSummarySchema,
    PlacedBidSchema,
)
from marketplace.auctions.services import bidding, planning, reading, steering
from marketplace.core.pages import Page
from marketplace.rfq.http.bid_http import peeking_noted, service_keys
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import ListQuerySchema, PageSchema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "auctions",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>/auction",
    description="Live reverse auctions among the bidders of an opened RFQ.",
)
list_blp = ApiBlueprint("auction-list", __name__, url_prefix="/auctions")


@list_blp.route("")
class Auctions(MethodView):
    @list_blp.arguments(ListQuerySchema, location="query")
    @list_blp.response(200, PageSchema.of(AuctionSummarySchema))
    def get(self, query: dict[str, Any]) -> Page[dict[str, Any]]:
        """List the auctions that you hold or take part in, newest first."""
        session = current_session()
        page = reading.search(session, current_actor(), **query)
        rfqs = queries.rfqs_of(session, page.items)
        return Page(
            [views.summary(each, rfqs[each.rfq_id]) for each in page.items], page.next_cursor
        )


@blp.route("")
class TheAuction(MethodView):
    @blp.response(200, AuctionSchema)
    def get(self, rfq_id: UUID) -> Shown:
        """Read the auction: all of it as its buyer, your own standing as a bidder."""
        return http.read(rfq_id)

    @blp.idempotent(required=True)
    @blp.arguments(AuctionInputSchema)
    @blp.response(201, AuctionSchema)
    def post(self, data: dict[str, AuctionDraft], rfq_id: UUID) -> Shown:
        """Plan an auction among the opened bids. Its bidders are told."""
        with peeking_noted(rfq_id):
            board = planning.plan(current_session(), current_actor(), rfq_id, data["draft"])
        return http.shown(board)


@blp.route("/start")
class Start(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, AuctionSchema)
    def post(self, rfq_id: UUID) -> Shown:
        """Begin now instead of at the planned time."""
        return _shown(steering.start(current_session(), current_actor(), rfq_id))


@blp.route("/pause")
class Pause(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionReasonSchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, str], rfq_id: UUID) -> Shown:
        """Stop the clock. Bidders read the reason."""
        return _shown(steering.pause(current_session(), current_actor(), rfq_id, data["reason"]))


@blp.route("/resume")
class Resume(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, AuctionSchema)
    def post(self, rfq_id: UUID) -> Shown:
        """Go on. What was not over ends later by the length of the pause."""
        return _shown(steering.resume(current_session(), current_actor(), rfq_id))


@blp.route("/extend")
class Extend(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionExtensionSchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Move the end of an English lot by some minutes."""
        return _shown(steering.extend(current_session(), current_actor(), rfq_id, **data))


@blp.route("/close")
class Close(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, AuctionSchema)
    def post(self, rfq_id: UUID) -> Shown:
        """End it now, or take over the result when its time is up: bids get their new prices."""
        return _shown(steering.close(current_session(), current_actor(), rfq_id))


@blp.route("/cancel")
class Cancel(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionReasonSchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, str], rfq_id: UUID) -> Shown:
        """Call it off, with a reason. The opened bids count as they were."""
        return _shown(steering.cancel(current_session(), current_actor(), rfq_id, data["reason"]))


@blp.route("/bids")
class Bids(MethodView):
    @blp.response(200, AuctionBidsSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """List the newest bids: all as the buyer, your own as a bidder."""
        return {"items": http.bid_list(rfq_id)}

    @blp.idempotent(required=True)
    @blp.arguments(AuctionBidInputSchema)
    @blp.response(201, PlacedBidSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Bid for a lot: a lower price, or the one that is called."""
        placed = bidding.place(current_session(), current_actor(), service_keys(), rfq_id, **data)
        return http.placed_view(placed)


@blp.route("/bids/<uuid:bid_id>/withdraw")
class Withdrawal(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionReasonSchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, str], rfq_id: UUID, bid_id: UUID) -> Shown:
        """Take back an obviously wrong bid, as the buyer, before the auction is closed."""
        session, actor = current_session(), current_actor()
        return _shown(steering.withdraw(session, actor, rfq_id, bid_id, data["reason"]))


@blp.route("/proxy")
class Proxy(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionProxySchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Let us bid for you down to a floor that nobody else can read; null ends that."""
        session, actor = current_session(), current_actor()
        return _shown(bidding.set_proxy(session, actor, service_keys(), rfq_id, **data))


@blp.route("/leave")
class Leaving(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(AuctionLotChoiceSchema)
    @blp.response(200, AuctionSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Follow a Japanese lot no longer. There is no way back."""
        return _shown(bidding.leave(current_session(), current_actor(), rfq_id, data["lot_id"]))


@blp.route("/events")
class Events(MethodView):
    @blp.doc(
        parameters=[
            {
                "in": "header",
                "name": http.LAST_EVENT,
                "required": False,
                "schema": {"type": "string"},
                "description": "Go on after the event with this number.",
            },
            {
                "in": "query",
                "name": "after",
                "required": False,
                "schema": {"type": "integer"},
                "description": "As Last-Event-ID, for clients that cannot send it.",
            },
        ]
    )
    @blp.response(200, content_type="text/event-stream")
    def get(self, rfq_id: UUID) -> Response:
        """Watch the auction as server-sent events, with replay after a reconnect."""
        return http.events_response(rfq_id)


def _shown(board: Board) -> Shown:
    return http.shown(board)
