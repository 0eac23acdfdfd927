"""Between the outside and the rules: what API and portal both read in and show."""

from collections.abc import Mapping, Sequence, Set
from typing import Any
from uuid import UUID

from marketplace.approvals import rules
from marketplace.approvals.models import ApprovalRequest
from marketplace.approvals.rules import Candidates, PlannedStep, PolicyDraft, Route
from marketplace.approvals.states import RequestState
from marketplace.identity.permissions import Actor, Permission


def policy_draft(data: Mapping[str, Any]) -> PolicyDraft:
    """The loaded input schema as the service takes it."""
    steps = tuple(
        PlannedStep(step["title"], step["role"], tuple(step["person_ids"]), step["rule"])
        for step in data["steps"]
    )
    return PolicyDraft(**{**data, "steps": steps})


def actions_of(actor: Actor, request: ApprovalRequest, delegators: Set[UUID]) -> list[str]:
    """What this person may do with the request now: decide, or nothing.

    delegators: for whom the person decides today.
    """
    step = rules.open_step(request)
    mine = (
        request.state is RequestState.WAITING
        and step is not None
        and actor.may(Permission.APPROVAL_DECIDE)
        and actor.person_id is not None
        and actor.person_id not in {request.requested_by, *request.author_ids}
        and rules.may_speak(request, step, actor.person_id, actor.roles, delegators)
    )
    return ["decide"] if mine else []


def preview_of(
    route: Route, candidates: Sequence[Candidates], names: Mapping[UUID, str]
) -> dict[str, Any]:
    """The route as readers see it, with the people by name."""
    return {
        "policy_id": route.policy.id if route.policy else None,
        "policy_name": route.policy.name if route.policy else None,
        "steps": [
            {
                "position": position,
                "title": each.step.title,
                "role": each.step.role,
                "rule": each.step.rule,
                "candidates": [
                    {"id": person_id, "name": names[person_id]} for person_id in each.person_ids
                ],
            }
            for position, each in enumerate(candidates, start=1)
        ],
    }
