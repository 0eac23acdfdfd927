"""Graders for partners: naming, declarations, score sheets."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from marketplace.core.shares import written
from marketplace.documents import downloads
from marketplace.rfq.evaluation.graders.rules import GivenBy
from marketplace.rfq.http import bid_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.evaluation_schemas import BidScoresSchema
from marketplace.rfq.http.grader_schemas import (
    DeclarationSchema,
    GraderInputSchema,
    GraderListSchema,
    GraderScoreListSchema,
    ScoreSheetSchema,
)
from marketplace.rfq.services import grading
from marketplace.rfq.services.grading import Overview, Sheet
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "graders", __name__, url_prefix="/rfqs", description="Several people score, each alone"
)


@blp.route("/<uuid:rfq_id>/graders")
class Graders(MethodView):
    @blp.response(200, GraderListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Who scores this RFQ, what they declared, and who is done; no scores."""
        return _overview(grading.read(current_session(), current_actor(), rfq_id))

    @blp.idempotent()
    @blp.arguments(GraderInputSchema)
    @blp.response(201, GraderListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Name a person of the organisation as a grader, before the scores are locked."""
        return _overview(grading.name(current_session(), current_actor(), rfq_id, **data))


@blp.route("/<uuid:rfq_id>/graders/<uuid:person_id>")
class OneGrader(MethodView):
    @blp.response(204)
    def delete(self, rfq_id: UUID, person_id: UUID) -> None:
        """Take back a grader who has neither scored nor declared a conflict."""
        grading.remove(current_session(), current_actor(), rfq_id, person_id)


@blp.route("/<uuid:rfq_id>/graders/me/declaration")
class Declaration(MethodView):
    @blp.idempotent()
    @blp.arguments(DeclarationSchema)
    @blp.response(200, GraderListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Declare the caller's interests; later only a conflict can be added."""
        return _overview(grading.declare(current_session(), current_actor(), rfq_id, **data))


@blp.route("/<uuid:rfq_id>/graders/me/scores")
class OwnScores(MethodView):
    @blp.response(200, ScoreSheetSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """What the caller scores, without prices, and the caller's own scores."""
        with peeking_noted(rfq_id):
            return _sheet(grading.sheet(current_session(), current_actor(), rfq_id))

    @blp.idempotent()
    @blp.arguments(BidScoresSchema)
    @blp.response(200, ScoreSheetSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Give or change the caller's own scores."""
        with peeking_noted(rfq_id):
            return _sheet(grading.give(current_session(), current_actor(), rfq_id, data["scores"]))


@blp.route("/<uuid:rfq_id>/graders/me/bids/<uuid:bid_id>/documents/<uuid:document_id>")
class SheetDocument(MethodView):
    @blp.response(200, content_type="application/octet-stream")
    def get(self, rfq_id: UUID, bid_id: UUID, document_id: UUID) -> Response:
        """The bytes of a document of a bid that the caller scores."""
        with peeking_noted(rfq_id):
            document, content = grading.document(
                current_session(), current_actor(), rfq_id, bid_id, document_id
            )
        return downloads.as_file(content, document.name, document.media_type)


@blp.route("/<uuid:rfq_id>/graders/scores")
class AllScores(MethodView):
    @blp.response(200, GraderScoreListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Sequence[GivenBy]]:
        """What every grader gave, once the scores are locked."""
        with peeking_noted(rfq_id):
            return {"items": grading.scores(current_session(), current_actor(), rfq_id)}


def _overview(found: Overview) -> dict[str, Any]:
    return {
        "rfq_id": found.rfq.id,
        "items": [
            {
                "person_id": each.grader.person_id,
                "name": each.grader.name,
                "criterion_ids": sorted(each.grader.criterion_ids),
                "named_at": each.grader.named_at,
                "interest": each.grader.interest,
                "conflict_reason": each.grader.conflict_reason,
                "declared_at": each.grader.declared_at,
                "scores_given": each.given,
                "scores_wanted": each.wanted,
                "is_done": each.is_done,
            }
            for each in found.progress
        ],
    }


def _sheet(found: Sheet) -> dict[str, Any]:
    return {
        "rfq_id": found.rfq.id,
        "missing_scores": found.missing,
        "criteria": [
            {
                "id": each.id,
                "name": each.name,
                "weight": written(each.weight),
                "max_score": each.max_score,
            }
            for each in found.criteria
        ],
        "bids": [
            {
                "bid_id": offer.bid_id,
                "supplier_id": offer.supplier_id,
                "supplier_name": found.suppliers[offer.supplier_id].name,
                "alternative": offer.alternative,
                "name": offer.name,
                "delivery_days": offer.delivery_days,
                "note": offer.note,
                "answers": offer.answers,
                "documents": bid_views.documents_of(offer),
            }
            for offer in found.offers
        ],
        "scores": found.given.values(),
    }
