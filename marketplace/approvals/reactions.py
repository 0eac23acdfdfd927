"""Telling people about approvals: who has to decide, and what became of the request."""

from sqlalchemy.orm import Session

from marketplace.approvals import queries, rules
from marketplace.approvals.models import ApprovalRequest
from marketplace.core.text import _
from marketplace.events.approvals import (
    ApprovalDelegated,
    ApprovalGranted,
    ApprovalRejected,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalUnreachable,
)
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import SYSTEM
from marketplace.notifications import service as notifications
from marketplace.notifications.kinds import register_kind

register_kind(
    "approval_requested",
    title=_("To approve: %(title)s"),
    body=_("%(title)s over %(total)s waits for your decision."),
    button=_("Decide"),
)
register_kind(
    "approval_unreachable",
    title=_("Nobody is there to approve %(title)s"),
    body=_(
        "Everybody who may decide on %(title)s over %(total)s is away. Name another approver, or"
        " somebody who decides for them."
    ),
    button=_("See the delegations"),
)
register_kind(
    "approval_granted",
    title=_("Approved: %(title)s"),
    body=_("%(title)s over %(total)s was approved."),
)
register_kind(
    "approval_rejected",
    title=_("Rejected: %(title)s"),
    body=_("%(title)s over %(total)s was rejected: %(reason)s"),
)
register_kind(
    "approval_returned",
    title=_("A question about %(title)s"),
    body=_("Before deciding on %(title)s over %(total)s: %(reason)s"),
    button=_("Answer by editing"),
)
register_kind(
    "approval_delegated",
    title=_("%(delegate)s decides for %(person)s"),
    body=_("From %(first_on)s to %(last_on)s %(delegate)s decides on approvals for %(person)s."),
    button=_("See the delegations"),
)

Decided = ApprovalGranted | ApprovalRejected | ApprovalReturned
_KINDS: dict[type[Decided], str] = {
    ApprovalGranted: "approval_granted",
    ApprovalRejected: "approval_rejected",
    ApprovalReturned: "approval_returned",
}


def tell_approvers(session: Session, event: ApprovalRequested) -> None:
    """A step has opened: tell everybody who may decide it."""
    asked = queries.get(session, SYSTEM, event.request_id)
    notifications.notify(
        session,
        org_id=event.buyer_id,
        kind="approval_requested",
        url=f"/approvals/{asked.id}",
        person_ids=event.approver_ids,
        params=_words(asked),
        occurred_at=asked.created_at,
        dedupe_key=f"approval_requested:{asked.id}:{event.step}",
    )


def tell_managers(session: Session, event: ApprovalUnreachable) -> None:
    """Nobody is there to decide: tell those who can name another approver."""
    asked = queries.get(session, SYSTEM, event.request_id)
    notifications.notify(
        session,
        org_id=event.buyer_id,
        kind="approval_unreachable",
        url="/settings/approval-delegations",
        person_ids=queries.policy_managers(session, event.buyer_id),
        params=_words(asked),
        occurred_at=asked.created_at,
        dedupe_key=f"approval_unreachable:{asked.id}:{event.step}",
    )


def tell_requester(session: Session, event: Decided) -> None:
    """The request was decided: tell who asked, with the reason of a no or a question."""
    asked = queries.get(session, SYSTEM, event.request_id)
    spoken = rules.last_decision(asked)
    if spoken is None:
        return
    notifications.notify(
        session,
        org_id=event.buyer_id,
        kind=_KINDS[type(event)],
        url=asked.url,
        person_ids=[asked.requested_by],
        params={**_words(asked), "reason": spoken.reason},
        occurred_at=event.decided_at,
        dedupe_key=f"approval_decided:{asked.id}",
    )


def tell_delegate(session: Session, event: ApprovalDelegated) -> None:
    """Tell those whom a delegation concerns, except who arranged it."""
    made = queries.delegation(session, SYSTEM, event.delegation_id)
    people = identity_queries.people(session, [made.person_id, made.delegate_id])
    notifications.notify(
        session,
        org_id=event.buyer_id,
        kind="approval_delegated",
        url="/settings/approval-delegations",
        person_ids=event.approver_ids,
        params={
            "person": people[made.person_id].name,
            "delegate": people[made.delegate_id].name,
            "first_on": made.first_on.isoformat(),
            "last_on": made.last_on.isoformat(),
        },
        occurred_at=event.delegated_at,
        dedupe_key=f"approval_delegated:{made.id}",
    )


def _words(asked: ApprovalRequest) -> dict[str, object]:
    return {"title": asked.title, "total": asked.total}
