"""Bids that partners seal themselves, and rulings on those that cannot be read."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.bid_models import BidAttempt
from marketplace.rfq.http.bid_http import attempts_kept, peeking_noted, service_keys
from marketplace.rfq.http.receipt_schemas import BidReceiptSchema
from marketplace.rfq.http.sealed_schemas import (
    AlternativeQuerySchema,
    SealedBidInputSchema,
    SealedVersionSchema,
    SealingFactsSchema,
    UnreadableListSchema,
    UnreadableRulingInputSchema,
)
from marketplace.rfq.services import sealed_bidding, unreadable
from marketplace.rfq.services.sealed_bidding import SealedVersion, SealingFacts
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session

blp = ApiBlueprint(
    "sealed-bids", __name__, url_prefix="/rfqs", description="Bids that bidders seal themselves"
)


@blp.route("/<uuid:rfq_id>/sealing")
class Sealing(MethodView):
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, SealingFactsSchema)
    def get(self, query: dict[str, int], rfq_id: UUID) -> SealingFacts:
        """Keys and binding for the supplier's next version, where bidders seal themselves."""
        return sealed_bidding.facts(current_session(), current_actor(), rfq_id, **query)


@blp.route("/<uuid:rfq_id>/sealed-bid")
class SealedBid(MethodView):
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, SealedVersionSchema)
    def get(self, query: dict[str, int], rfq_id: UUID) -> SealedVersion:
        """The supplier's own last version as it lies sealed, to be read back with its key."""
        return sealed_bidding.sealed_version(current_session(), current_actor(), rfq_id, **query)

    @blp.idempotent(required=True)
    @blp.arguments(SealedBidInputSchema)
    @blp.response(201, BidReceiptSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> BidAttempt:
        """Submit a sealed version; the answer is its signed receipt."""
        with attempts_kept():
            stored = sealed_bidding.submit(
                current_session(),
                current_actor(),
                service_keys(),
                rfq_id,
                arrived_at(),
                **data,
            )
        return stored.receipt


@blp.route("/<uuid:rfq_id>/unreadable-bids")
class UnreadableBids(MethodView):
    @blp.response(200, UnreadableListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Bids that arrived whole and cannot be read, with the buyer's rulings."""
        with peeking_noted(rfq_id):
            return {"items": unreadable.read(current_session(), current_actor(), rfq_id)}


@blp.route("/<uuid:rfq_id>/unreadable-bids/<uuid:bid_id>/ruling")
class UnreadableRulings(MethodView):
    @blp.idempotent()
    @blp.arguments(UnreadableRulingInputSchema)
    @blp.response(201, UnreadableListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> dict[str, Any]:
        """Rule on a bid that cannot be read; before that nothing can be awarded."""
        ruled = unreadable.rule(current_session(), current_actor(), rfq_id, bid_id, **data)
        return {"items": ruled}
