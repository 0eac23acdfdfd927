"""Lots of an RFQ over the API: how they stand, and ending one of them."""

from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView

from marketplace.rfq.http import lot_views
from marketplace.rfq.http.lot_schemas import LotEndSchema, LotListSchema
from marketplace.rfq.http.turnout_schemas import LotRulingInputSchema
from marketplace.rfq.services import lots, turnout
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-lots",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>/lots",
    description="Lots of an RFQ, which end one by one",
)


@blp.route("")
class Lots(MethodView):
    @blp.response(200, LotListSchema)
    def get(self, rfq_id: UUID) -> Shown:
        """Every lot with its state, and what may be done with it."""
        return lot_views.whole(current_session(), current_actor(), rfq_id)


@blp.route("/<uuid:lot_id>/cancel")
class LotCancellation(MethodView):
    @blp.idempotent()
    @blp.arguments(LotEndSchema)
    @blp.response(200, LotListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, lot_id: UUID) -> Shown:
        """Take one lot out of a published RFQ. Bids stay valid for the others."""
        session, actor = current_session(), current_actor()
        lots.cancel(session, actor, rfq_id, lot_id, **data, expected=_seen_version())
        return lot_views.whole(session, actor, rfq_id)


@blp.route("/<uuid:lot_id>/unsuccessful")
class LotUnsuccessful(MethodView):
    @blp.idempotent()
    @blp.arguments(LotEndSchema)
    @blp.response(200, LotListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, lot_id: UUID) -> Shown:
        """End one opened lot without an award."""
        session, actor = current_session(), current_actor()
        lots.close_unsuccessful(session, actor, rfq_id, lot_id, **data, expected=_seen_version())
        return lot_views.whole(session, actor, rfq_id)


@blp.route("/<uuid:lot_id>/bid-ruling")
class LotBidRuling(MethodView):
    @blp.idempotent()
    @blp.arguments(LotRulingInputSchema)
    @blp.response(200, LotListSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, lot_id: UUID) -> Shown:
        """Rule on a lot with too few bids: go on, end it, or ask for it again in a new draft."""
        session, actor = current_session(), current_actor()
        turnout.rule(session, actor, rfq_id, lot_id, **data, expected=_seen_version())
        return lot_views.whole(session, actor, rfq_id)


def _seen_version() -> int | None:
    return expected_version() if "If-Match" in request.headers else None
