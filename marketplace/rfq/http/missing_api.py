"""Bids that leave lines out, for partners: the views of the comparison."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.http import missing_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.missing_schemas import MissingLinesSchema
from marketplace.rfq.services import evaluation
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "missing-lines", __name__, url_prefix="/rfqs", description="Bids that leave lines out"
)


@blp.route("/<uuid:rfq_id>/evaluation/missing-lines")
class MissingLines(MethodView):
    @blp.response(200, MissingLinesSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Lots in which bids leave lines out: as offered, common lines, and filled."""
        session = current_session()
        with peeking_noted(rfq_id):
            compared = evaluation.read_priced(session, current_actor(), rfq_id)
        return missing_views.whole(session, compared)
