"""Quality before price, for partners: lock and unlock scores, exclude and readmit bids."""

from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView

from marketplace.rfq.evaluation.models import BidExclusion
from marketplace.rfq.http import evaluation_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.quality_schemas import (
    ExcludedSchema,
    ExclusionInputSchema,
    LockQualitySchema,
    QualitySchema,
    ReadmissionSchema,
    UnlockQualitySchema,
)
from marketplace.rfq.services import excluding, quality
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "quality", __name__, url_prefix="/rfqs", description="Lock of the scores, excluded bids"
)


@blp.route("/<uuid:rfq_id>/evaluation/lock-quality")
class LockQuality(MethodView):
    @blp.idempotent()
    @blp.arguments(LockQualitySchema)
    @blp.response(200, QualitySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Fix all scores; hidden prices may be seen from then on."""
        session, actor = current_session(), current_actor()
        with peeking_noted(rfq_id):
            rfq = quality.lock_quality(session, actor, rfq_id, **data, expected=_seen_version())
        return evaluation_views.quality(rfq)


@blp.route("/<uuid:rfq_id>/evaluation/unlock-quality")
class UnlockQuality(MethodView):
    @blp.idempotent()
    @blp.arguments(UnlockQualitySchema)
    @blp.response(200, QualitySchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> dict[str, Any]:
        """Let scores change again; under blind scoring only while nobody has seen a price."""
        session, actor = current_session(), current_actor()
        with peeking_noted(rfq_id):
            rfq = quality.unlock_quality(session, actor, rfq_id, **data, expected=_seen_version())
        return evaluation_views.quality(rfq)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/exclude")
class Exclusion(MethodView):
    @blp.idempotent()
    @blp.arguments(ExclusionInputSchema)
    @blp.response(201, ExcludedSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> BidExclusion:
        """Take a bid out of ranking, comparison and award."""
        with peeking_noted(rfq_id):
            return excluding.exclude(current_session(), current_actor(), rfq_id, bid_id, **data)


@blp.route("/<uuid:rfq_id>/bids/<uuid:bid_id>/readmit")
class Readmission(MethodView):
    @blp.idempotent()
    @blp.arguments(ReadmissionSchema)
    @blp.response(204)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> None:
        """Take an excluded bid back into the race."""
        with peeking_noted(rfq_id):
            excluding.readmit(current_session(), current_actor(), rfq_id, bid_id, **data)


def _seen_version() -> int | None:
    return expected_version() if "If-Match" in request.headers else None
