"""Debriefs and challenges over the API."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.remedies import case_acting, case_views
from marketplace.remedies.case_schemas import (
    CaseEntryInputSchema,
    CaseInputSchema,
    CaseListSchema,
    CaseSchema,
)
from marketplace.remedies.casework import Words
from marketplace.remedies.services import reading_cases
from marketplace.web.blueprints import ApiBlueprint
from marketplace.web.context import arrived_at, current_actor, current_session
from marketplace.web.shown import Shown

of_rfq = ApiBlueprint(
    "rfq_cases",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>/cases",
    description="Debriefs and challenges about the awards of an RFQ",
)
blp = ApiBlueprint(
    "cases", __name__, url_prefix="/cases/<uuid:case_id>", description="One debrief or challenge"
)


@of_rfq.route("")
class Cases(MethodView):
    @of_rfq.response(200, CaseListSchema)
    def get(self, rfq_id: UUID) -> dict[str, Any]:
        """The supplier's own cases, or all for the buyer, newest first."""
        session, actor = current_session(), current_actor()
        found = reading_cases.cases(session, actor, rfq_id)
        return {"items": case_views.shown(session, actor, found)}

    @of_rfq.idempotent(required=True)
    @of_rfq.arguments(CaseInputSchema)
    @of_rfq.response(201, CaseSchema)
    def post(self, data: dict[str, Any], rfq_id: UUID) -> Shown:
        """Ask for a debrief, or challenge an award during its standstill."""
        session, actor = current_session(), current_actor()
        words = Words(data["body"], data["document_ids"])
        opened = case_acting.begin(
            session, actor, rfq_id, data["award_id"], data["kind"], words, arrived_at()
        )
        return case_views.read(session, actor, opened.id)


@blp.route("")
class OneCase(MethodView):
    @blp.response(200, CaseSchema)
    def get(self, case_id: UUID) -> Shown:
        """The whole file: everything that both parties said and did."""
        session, actor = current_session(), current_actor()
        return case_views.read(session, actor, reading_cases.case(session, actor, case_id).id)


@blp.route("/entries")
class Entries(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(CaseEntryInputSchema)
    @blp.response(201, CaseSchema)
    def post(self, data: dict[str, Any], case_id: UUID) -> Shown:
        """Say or decide something. Who took the decision does not rule on its challenge."""
        session, actor = current_session(), current_actor()
        words = Words(data["body"], data["document_ids"])
        case_acting.act(session, actor, case_id, data["action"], words, arrived_at())
        return case_views.read(session, actor, case_id)
