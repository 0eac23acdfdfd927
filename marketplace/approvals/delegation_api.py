"""Delegations of approvals over the API."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.approvals.delegation_rules import DelegationDraft
from marketplace.approvals.models import ApprovalDelegation
from marketplace.approvals.schemas import (
    ApprovalDelegationInputSchema,
    ApprovalDelegationListSchema,
    ApprovalDelegationSchema,
)
from marketplace.approvals.services import delegations as service
from marketplace.core.pages import Page
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session

delegations = ApiBlueprint(
    "approval-delegations",
    __name__,
    url_prefix="/approval-delegations",
    description="Who decides for an approver who is away.",
)


@delegations.route("")
class Delegations(MethodView):
    @delegations.response(200, ApprovalDelegationListSchema)
    def get(self) -> Page[ApprovalDelegation]:
        """List the organisation's delegations, past ones too, the latest first."""
        return Page(service.list_all(current_session(), current_actor()), None)

    @delegations.idempotent(required=True)
    @delegations.arguments(ApprovalDelegationInputSchema)
    @delegations.response(201, ApprovalDelegationSchema)
    def post(self, data: dict[str, Any]) -> ApprovalDelegation:
        """Let somebody decide for an absent approver, from the first to the last day."""
        return service.delegate(current_session(), current_actor(), DelegationDraft(**data))


@delegations.route("/<uuid:delegation_id>")
class OneDelegation(MethodView):
    @delegations.response(200, ApprovalDelegationSchema)
    def get(self, delegation_id: UUID) -> ApprovalDelegation:
        """Read a delegation."""
        return service.read(current_session(), current_actor(), delegation_id)


@delegations.route("/<uuid:delegation_id>/revoke")
class Revocation(MethodView):
    @delegations.idempotent(required=True)
    @delegations.response(200, ApprovalDelegationSchema)
    def post(self, delegation_id: UUID) -> ApprovalDelegation:
        """End a delegation at once. What was decided under it stands."""
        return service.revoke(current_session(), current_actor(), delegation_id, expected_version())
