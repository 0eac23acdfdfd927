"""Costs beside the price for partners: named in a draft, entered for opened bids."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.http import evaluation_views, views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.cost_schemas import CostsInputSchema, EnteredCostsSchema
from marketplace.rfq.http.evaluation_schemas import EvaluationSchema
from marketplace.rfq.http.schemas import RfqSchema
from marketplace.rfq.services import costing, evaluation
from marketplace.rfq.terms.cost_terms import Costs
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-costs", __name__, url_prefix="/rfqs/<uuid:rfq_id>", description="Costs beside the price"
)


@blp.route("/costs")
class DraftCosts(MethodView):
    @blp.arguments(CostsInputSchema)
    @blp.response(200, RfqSchema)
    def put(self, costs: Costs, rfq_id: UUID) -> Shown:
        """Replace the costs of a draft, and what its price is measured by."""
        session, actor = current_session(), current_actor()
        costing.set_costs(session, actor, rfq_id, costs, expected_version())
        return views.read(session, actor, rfq_id)


@blp.route("/bids/<uuid:bid_id>/costs")
class BidCosts(MethodView):
    @blp.idempotent()
    @blp.arguments(EnteredCostsSchema)
    @blp.response(200, EvaluationSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID, bid_id: UUID) -> dict[str, Any]:
        """Enter or change costs of an opened bid that its supplier has not answered."""
        session, actor = current_session(), current_actor()
        with peeking_noted(rfq_id):
            costing.enter(session, actor, rfq_id, bid_id, data["costs"])
            return evaluation_views.whole(evaluation.read(session, actor, rfq_id))
