"""Award scenarios over the API."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.core.pages import Page
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.scenarios import views
from marketplace.scenarios.rules import ScenarioDraft
from marketplace.scenarios.schemas import (
    PresetSchema,
    ProposalSchema,
    ScenarioInputSchema,
    ScenarioSchema,
    ScenarioSummarySchema,
)
from marketplace.scenarios.services import planning
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import ListQuerySchema, PageSchema
from marketplace.web.shown import Shown

blp = ApiBlueprint(
    "scenarios",
    __name__,
    url_prefix="/rfqs/<uuid:rfq_id>/scenarios",
    description="Who should get what, and what each rule costs.",
)


@blp.route("")
class Scenarios(MethodView):
    @blp.arguments(ListQuerySchema, location="query")
    @blp.response(200, PageSchema.of(ScenarioSummarySchema))
    def get(self, query: dict[str, Any], rfq_id: UUID) -> Page[Shown]:
        """List the award scenarios of an RFQ, oldest first."""
        with peeking_noted(rfq_id):
            found = planning.compare(current_session(), current_actor(), rfq_id, **query)
        page = found.scenarios
        return Page(
            [views.summary(each, found.evaluation) for each in page.items], page.next_cursor
        )

    @blp.idempotent(required=True)
    @blp.arguments(ScenarioInputSchema)
    @blp.response(201, ScenarioSchema)
    def post(self, data: dict[str, ScenarioDraft], rfq_id: UUID) -> Shown:
        """Write a scenario: what to aim at, under which constraints."""
        return _created(rfq_id, data["draft"])


@blp.route("/presets")
class Presets(MethodView):
    @blp.idempotent(required=True)
    @blp.arguments(PresetSchema)
    @blp.response(201, ScenarioSchema)
    def post(self, data: dict[str, ScenarioDraft], rfq_id: UUID) -> Shown:
        """Write one of the scenarios that every buyer wants to see first."""
        return _created(rfq_id, data["draft"])


@blp.route("/<uuid:scenario_id>")
class OneScenario(MethodView):
    @blp.response(200, ScenarioSchema)
    def get(self, rfq_id: UUID, scenario_id: UUID) -> Shown:
        """Read a scenario with its award, its bound, and the cost of each constraint."""
        return _read(rfq_id, scenario_id)

    @blp.response(204)
    def delete(self, rfq_id: UUID, scenario_id: UUID) -> None:
        """Remove a scenario."""
        session, actor = current_session(), current_actor()
        planning.delete(session, actor, rfq_id, scenario_id, expected_version())


@blp.route("/<uuid:scenario_id>/solve")
class Solving(MethodView):
    @blp.idempotent(required=True)
    @blp.response(202, ScenarioSchema)
    def post(self, rfq_id: UUID, scenario_id: UUID) -> Shown:
        """Have it solved. Read it again for its progress and its answer."""
        planning.solve(current_session(), current_actor(), rfq_id, scenario_id)
        return _read(rfq_id, scenario_id)


@blp.route("/<uuid:scenario_id>/propose")
class Proposal(MethodView):
    @blp.idempotent(required=True)
    @blp.response(200, ProposalSchema)
    def post(self, rfq_id: UUID, scenario_id: UUID) -> dict[str, Any]:
        """Take a solved scenario as the draft of the award. Nothing is awarded yet."""
        session, actor = current_session(), current_actor()
        return {"choices": planning.propose(session, actor, rfq_id, scenario_id)}


def _created(rfq_id: UUID, draft: ScenarioDraft) -> Shown:
    with peeking_noted(rfq_id):
        made = planning.create(current_session(), current_actor(), rfq_id, draft)
    return _read(rfq_id, made.id)


def _read(rfq_id: UUID, scenario_id: UUID) -> Shown:
    with peeking_noted(rfq_id):
        found, compared = planning.read(current_session(), current_actor(), rfq_id, scenario_id)
    return views.whole(found, compared)
