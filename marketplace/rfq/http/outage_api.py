"""Outages before a deadline over the API: the facts, and the buyer's ruling."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.http.outage_schemas import (
    OutageRulingInputSchema,
    OutageRulingSchema,
    OutagesSchema,
)
from marketplace.rfq.opening.models import RfqOutageRuling
from marketplace.rfq.opening.outage_queries import AtDeadline
from marketplace.rfq.services import outages
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session

blp = ApiBlueprint(
    "rfq-outages", __name__, url_prefix="/rfqs", description="What kept bids out, and the ruling."
)


@blp.route("/<uuid:rfq_id>/outages")
class Outages(MethodView):
    @blp.response(200, OutagesSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """When the marketplace could not be reached in the last hour before a passed deadline."""
        take_in_journal()
        found = outages.read(current_session(), current_actor(), rfq_id)
        return (
            _shown(found)
            if found
            else {"items": [], "attempts": [], "needs_ruling": False, "ruling": None}
        )


@blp.route("/<uuid:rfq_id>/outage-ruling")
class OutageRuling(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(OutageRulingInputSchema)
    @blp.response(201, OutageRulingSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> RfqOutageRuling:
        """Extend the deadline for everybody, or let it stand; bids are opened only after that."""
        take_in_journal()
        session, actor = current_session(), current_actor()
        return outages.rule(session, actor, rfq_id, **data, expected=expected_version())


def _shown(found: AtDeadline) -> dict[str, Any]:
    return {
        "items": found.outages,
        "attempts": found.attempts,
        "needs_ruling": found.needs_ruling,
        "ruling": found.ruling,
    }
