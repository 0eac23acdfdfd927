"""Approvals over the API: policies, requests, decisions, previews."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.approvals import queries, rules, service
from marketplace.approvals.models import ApprovalPolicy, ApprovalRequest
from marketplace.approvals.reading import actions_of, policy_draft, preview_of
from marketplace.approvals.schemas import (
    ApprovalDecisionInputSchema,
    ApprovalPolicyInputSchema,
    ApprovalPolicyListSchema,
    ApprovalPolicySchema,
    ApprovalPreviewInputSchema,
    ApprovalPreviewSchema,
    ApprovalRequestQuerySchema,
    ApprovalRequestSchema,
)
from marketplace.core.ids import uuid7
from marketplace.core.pages import Page
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema
from marketplace.web.shown import Shown

policies = ApiBlueprint(
    "approval-policies",
    __name__,
    url_prefix="/approval-policies",
    description="Who has to approve what.",
)
requests = ApiBlueprint(
    "approval-requests",
    __name__,
    url_prefix="/approval-requests",
    description="What waits for a decision, and what was decided.",
)
previews = ApiBlueprint(
    "approval-previews",
    __name__,
    url_prefix="/approval-previews",
    description="Who would have to approve, before anything is submitted.",
)


def shown(*found: ApprovalRequest) -> list[Shown]:
    """The requests with what the caller may do with each."""
    session, actor = current_session(), current_actor()
    away = queries.delegators(session, actor)
    return [Shown(request, actions_of(actor, request, away)) for request in found]


@policies.route("")
class Policies(MethodView):
    @policies.response(200, ApprovalPolicyListSchema)
    def get(self) -> Page[ApprovalPolicy]:
        """List the organisation's policies in the order in which they are tried."""
        return Page(service.list_policies(current_session(), current_actor()), None)

    @policies.idempotent(required=True)
    @policies.arguments(ApprovalPolicyInputSchema)
    @policies.response(201, ApprovalPolicySchema)
    def post(self, data: dict[str, Any]) -> ApprovalPolicy:
        """Add a policy."""
        return service.create_policy(current_session(), current_actor(), policy_draft(data))


@policies.route("/<uuid:policy_id>")
class OnePolicy(MethodView):
    @policies.response(200, ApprovalPolicySchema)
    def get(self, policy_id: UUID) -> ApprovalPolicy:
        """Read a policy."""
        return service.read_policy(current_session(), current_actor(), policy_id)

    @policies.arguments(ApprovalPolicyInputSchema)
    @policies.response(200, ApprovalPolicySchema)
    def put(self, data: dict[str, Any], policy_id: UUID) -> ApprovalPolicy:
        """Rewrite a policy. Requests that already wait keep their steps."""
        return service.update_policy(
            current_session(), current_actor(), policy_id, policy_draft(data), expected_version()
        )

    @policies.response(204)
    def delete(self, policy_id: UUID) -> None:
        """Remove a policy."""
        service.delete_policy(current_session(), current_actor(), policy_id, expected_version())


@requests.route("")
class Requests(MethodView):
    @requests.arguments(ApprovalRequestQuerySchema, location="query")
    @requests.response(200, PageSchema.of(ApprovalRequestSchema))
    def get(self, query: dict[str, Any]) -> Page[Shown]:
        """List requests; with waiting_for_me what the caller can decide now, oldest first."""
        actor = current_actor()
        mine = query.pop("waiting_for_me")
        if mine:
            page = queries.waiting_for(
                current_session(), actor, cursor=query["cursor"], limit=query["limit"]
            )
        else:
            page = queries.search(current_session(), actor, **query)
        return Page(shown(*page.items), page.next_cursor)


@requests.route("/<uuid:request_id>")
class OneRequest(MethodView):
    @requests.response(200, ApprovalRequestSchema)
    def get(self, request_id: UUID) -> Shown:
        """Read a request with its steps and decisions."""
        return shown(queries.get(current_session(), current_actor(), request_id))[0]


@requests.route("/<uuid:request_id>/decisions")
class Decisions(MethodView):
    @requests.idempotent(required=True)
    @requests.arguments(ApprovalDecisionInputSchema)
    @requests.response(201, ApprovalRequestSchema)
    def post(self, data: dict[str, Any], request_id: UUID) -> Shown:
        """Approve, reject or ask back at the open step."""
        return shown(service.decide(current_session(), current_actor(), request_id, **data))[0]


@previews.route("")
class Previews(MethodView):
    @previews.arguments(ApprovalPreviewInputSchema)
    @previews.response(200, ApprovalPreviewSchema)
    def post(self, data: dict[str, Any]) -> dict[str, Any]:
        """Say who would have to approve; nothing is stored."""
        subject = rules.Subject(
            kind=data["subject_kind"],
            id=uuid7(),
            title="",
            url="",
            amount=data["amount"],
            fingerprint="",
            category=data["category"],
            cost_centre=data["cost_centre"],
        )
        session, actor = current_session(), current_actor()
        route, candidates = service.preview(session, actor, subject)
        return preview_of(route, candidates, queries.deciders(session, actor.organisation_id))
