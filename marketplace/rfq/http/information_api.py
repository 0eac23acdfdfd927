"""Requests for information over the API: answers side by side, findings, the RFQ that follows."""

from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView

from marketplace.rfq.bids import information_rules
from marketplace.rfq.http import information_views, views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.information_schemas import AnswersSchema, FindingsSchema, FollowUpSchema
from marketplace.rfq.http.schemas import RfqSchema
from marketplace.rfq.services import evaluation, informing
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "rfis",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>",
    description="Requests for information: RFQs of kind rfi, which ask no prices",
)


@blp.route("/answers")
class Answers(MethodView):
    @blp.response(200, AnswersSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """Read the opened answers to a request for information side by side."""
        with peeking_noted(rfq_id):
            found = evaluation.read(current_session(), current_actor(), rfq_id)
        information_rules.check_is_rfi(found.rfq)
        return information_views.whole(found)


@blp.route("/findings")
class Findings(MethodView):
    @blp.idempotent()
    @blp.arguments(FindingsSchema)
    @blp.response(200, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Close an opened request for information with findings."""
        session, actor = current_session(), current_actor()
        expected = expected_version() if "If-Match" in request.headers else None
        with peeking_noted(rfq_id):
            informing.close_with_findings(session, actor, rfq_id, **data, expected=expected)
        return views.read(session, actor, rfq_id)


@blp.route("/follow-up")
class FollowUp(MethodView):
    @blp.idempotent()
    @blp.arguments(FollowUpSchema)
    @blp.response(201, RfqSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Draft an RFQ of a request for information, for chosen respondents."""
        session, actor = current_session(), current_actor()
        with peeking_noted(rfq_id):
            made = informing.follow_up(session, actor, rfq_id, **data)
        return views.read(session, actor, made.id)
