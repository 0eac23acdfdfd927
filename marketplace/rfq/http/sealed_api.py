"""Bids that partners seal themselves, and rulings on those that cannot be read."""

from typing import Any
from uuid import UUID

from flask import Response, request
from flask.views import MethodView

from marketplace.documents import downloads
from marketplace.rfq.bids.models import BidAttempt
from marketplace.rfq.http.bid_http import attempts_kept, peeking_noted, service_keys
from marketplace.rfq.http.receipt_schemas import BidReceiptSchema
from marketplace.rfq.http.sealed_schemas import (
    AlternativeQuerySchema,
    LockedDocumentListSchema,
    LockedDocumentSchema,
    SealedBidInputSchema,
    SealedVersionSchema,
    SealingFactsSchema,
    UnreadableListSchema,
    UnreadableRulingInputSchema,
)
from marketplace.rfq.services import locked_documents, sealed_bidding, unreadable
from marketplace.rfq.services.locked_documents import LockedDocument
from marketplace.rfq.services.sealed_bidding import SealedVersion, SealingFacts
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session

LOCKED_BYTES = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

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


@blp.route("/<uuid:rfq_id>/sealed-documents")
class SealedDocuments(MethodView):
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, LockedDocumentListSchema)
    def get(self, query: dict[str, int], rfq_id: UUID) -> dict[str, Any]:
        """The locked documents that are kept for the supplier's own bid."""
        found = locked_documents.listed(current_session(), current_actor(), rfq_id, **query)
        return {"items": found}


@blp.route("/<uuid:rfq_id>/sealed-documents/<uuid:document_id>")
class OneSealedDocument(MethodView):
    @blp.doc(requestBody=LOCKED_BYTES)
    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, LockedDocumentSchema)
    def put(self, query: dict[str, int], rfq_id: UUID, document_id: UUID) -> LockedDocument:
        """Keep a document, locked by the caller under an id of their choice, for a submission.

        The same bytes again are no fault.
        """
        return locked_documents.stage(
            current_session(),
            current_actor(),
            rfq_id,
            document_id,
            request.get_data(cache=False),
            **query,
        )

    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(200, content_type="application/octet-stream")
    def get(self, query: dict[str, int], rfq_id: UUID, document_id: UUID) -> Response:
        """The locked bytes of a document of the supplier's own bid."""
        session, actor = current_session(), current_actor()
        locked = locked_documents.locked_bytes(session, actor, rfq_id, document_id, **query)
        return downloads.as_file(locked, f"{document_id}.locked", "application/octet-stream")

    @blp.arguments(AlternativeQuerySchema, location="query")
    @blp.response(204)
    def delete(self, query: dict[str, int], rfq_id: UUID, document_id: UUID) -> None:
        """Remove a document that the submitted version does not have."""
        locked_documents.drop(current_session(), current_actor(), rfq_id, document_id, **query)


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
