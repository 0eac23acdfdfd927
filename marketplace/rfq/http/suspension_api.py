"""Suspending and resuming an RFQ over the API."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.http import views
from marketplace.rfq.http.schemas import RfqSchema
from marketplace.rfq.http.suspension_schemas import ResumeSchema, SuspendSchema
from marketplace.rfq.services import suspending
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfq-suspension",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>",
    description="Clocks of an RFQ that stand still for a while",
)


@blp.route("/suspend")
class Suspension(MethodView):
    @blp.idempotent()
    @blp.arguments(SuspendSchema)
    @blp.response(200, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Take no bids for a while; no deadline passes meanwhile."""
        suspending.suspend(current_session(), current_actor(), rfq_id, **data)
        return views.read(current_session(), current_actor(), rfq_id)


@blp.route("/resume")
class Resumption(MethodView):
    @blp.idempotent()
    @blp.arguments(ResumeSchema)
    @blp.response(200, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Go on: the deadline moves by the length of the suspension, or later."""
        suspending.resume(current_session(), current_actor(), rfq_id, **data)
        return views.read(current_session(), current_actor(), rfq_id)
