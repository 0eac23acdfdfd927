"""Use cases: write policies, ask for approval, decide, take a request back."""

from collections.abc import Sequence, Set
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import delegation_rules, queries, rules
from marketplace.approvals.models import (
    ApprovalDecision,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStep,
    PolicyStep,
)
from marketplace.approvals.rules import Candidates, PlannedStep, PolicyDraft, Route, Subject
from marketplace.approvals.states import REQUEST_FLOW, RequestState, StepState, Verdict
from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.events.approvals import (
    ApprovalGranted,
    ApprovalRejected,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalUnreachable,
)
from marketplace.identity.permissions import Actor, Permission, requires

_ENDINGS: dict[StepState, tuple[str, type[ApprovalRejected] | type[ApprovalReturned]]] = {
    StepState.REJECTED: ("reject", ApprovalRejected),
    StepState.RETURNED: ("return", ApprovalReturned),
}


@requires(Permission.APPROVAL_READ)
def preview(
    session: Session, actor: Actor, subject: Subject, *, authors: Set[UUID] | None = None
) -> tuple[Route, list[Candidates]]:
    """Who would have to approve this, if it were submitted as it stands.

    authors: who may not decide; by default the subject's authors and the actor.
    """
    route = rules.route_of(queries.policies(session, actor, active=True), subject)
    deciders = queries.deciders(session, actor.organisation_id).keys()
    if authors is None:
        authors = subject.author_ids | {actor.person}
    return route, [rules.candidates_of(step, deciders, authors) for step in route.steps]


@requires(Permission.APPROVAL_READ)
def request(session: Session, actor: Actor, subject: Subject) -> ApprovalRequest:
    """Ask for approval of this content. Granted at once where a policy asks nobody.

    Raises NoApprover when a step could be decided by nobody but the authors.
    """
    route, candidates = preview(session, actor, subject)
    rules.check_reachable(candidates)
    asked = ApprovalRequest(
        buyer_id=actor.organisation_id,
        subject_kind=subject.kind,
        subject_id=subject.id,
        title=subject.title,
        url=subject.url,
        state=RequestState.WAITING,
        amount=subject.amount.amount,
        currency=subject.amount.currency,
        category=subject.category,
        cost_centre=subject.cost_centre,
        fingerprint=subject.fingerprint,
        content=subject.content(),
        requested_by=actor.person,
        author_ids=sorted(subject.author_ids | {actor.person}),
        policy_id=route.policy.id if route.policy else None,
        policy_name=route.policy.name if route.policy else None,
        steps=[_stored(position, step) for position, step in enumerate(route.steps, start=1)],
    )
    session.add(asked)
    session.flush()
    _audit(session, actor, "approvals.requested", asked, policy=asked.policy_name)
    _advance(session, actor, asked)
    return asked


@requires(Permission.APPROVAL_DECIDE)
def decide(
    session: Session,
    actor: Actor,
    request_id: UUID,
    verdict: Verdict,
    *,
    reason: str = "",
    fingerprint: str | None = None,
) -> ApprovalRequest:
    """Approve, reject or ask back at the open step.

    fingerprint: of the content that the decider read; another one raises ContentChanged.
    """
    asked = queries.get(session, actor, request_id, lock=True)
    rules.check_four_eyes(asked, actor.person)
    rules.check_content(asked, fingerprint)
    step = rules.check_undecided(asked, rules.open_step(asked), actor.person)
    away = queries.delegators(session, actor)
    stood_for = rules.stood_for_at(asked, step, actor.person, actor.roles, away)
    rules.check_decider(step, actor.person, actor.roles, stood_for)
    rules.check_reason(verdict, reason)
    step.decisions.append(
        ApprovalDecision(
            person_id=actor.person,
            on_behalf_of=stood_for,
            verdict=verdict,
            reason=reason.strip(),
            fingerprint=asked.fingerprint,
            created_at=clock.now(),
        )
    )
    step.state = rules.step_after(step, verdict, _candidates(session, asked, step))
    said: dict[str, object] = {"step": step.position, "verdict": str(verdict)}
    if stood_for:
        said["on_behalf_of"] = [str(person_id) for person_id in stood_for]
    _audit(session, actor, "approvals.decided", asked, **said)
    if step.state is not StepState.OPEN:
        step.decided_at = clock.now()
        _close_step(session, actor, asked, step)
    return asked


@requires(Permission.APPROVAL_READ)
def withdraw(session: Session, actor: Actor, subject_kind: str, subject_id: UUID) -> None:
    """Take back what still waits; nothing happens when nothing does."""
    asked = queries.find_standing(session, actor, subject_kind, subject_id)
    if asked is not None and asked.state is RequestState.WAITING:
        _end(asked, "withdraw")
        _audit(session, actor, "approvals.withdrawn", asked)


@requires(Permission.APPROVAL_READ)
def supersede(session: Session, actor: Actor, subject_kind: str, subject_id: UUID) -> None:
    """The content changed: void what waits or was granted for the old content."""
    asked = queries.find_standing(session, actor, subject_kind, subject_id)
    if asked is not None:
        _end(asked, "supersede")
        _audit(session, actor, "approvals.superseded", asked)


@requires(Permission.APPROVAL_POLICY_MANAGE)
def list_policies(session: Session, actor: Actor) -> Sequence[ApprovalPolicy]:
    """Every policy in the order in which they are tried."""
    return queries.policies(session, actor)


@requires(Permission.APPROVAL_POLICY_MANAGE)
def read_policy(session: Session, actor: Actor, policy_id: UUID) -> ApprovalPolicy:
    """One policy, or NotFound."""
    return queries.policy(session, actor, policy_id)


@requires(Permission.APPROVAL_POLICY_MANAGE)
def create_policy(session: Session, actor: Actor, draft: PolicyDraft) -> ApprovalPolicy:
    """Add a policy."""
    rules.check_policy(draft, queries.deciders(session, actor.organisation_id).keys())
    policy = ApprovalPolicy(buyer_id=actor.organisation_id, steps=[])
    _write(policy, draft)
    session.add(policy)
    session.flush()
    audit.record(
        session, actor, "approvals.policy_created", ("approval_policy", policy.id), _plain(policy)
    )
    return policy


@requires(Permission.APPROVAL_POLICY_MANAGE)
def update_policy(
    session: Session,
    actor: Actor,
    policy_id: UUID,
    draft: PolicyDraft,
    expected_version: int | None = None,
) -> ApprovalPolicy:
    """Rewrite a policy. Requests that already wait keep the steps they were given."""
    policy = queries.policy(session, actor, policy_id, lock=True)
    check_version(policy, expected_version)
    rules.check_policy(draft, queries.deciders(session, actor.organisation_id).keys())
    _write(policy, draft)
    policy.updated_at = clock.now()
    session.flush()
    audit.record(
        session, actor, "approvals.policy_updated", ("approval_policy", policy.id), _plain(policy)
    )
    return policy


@requires(Permission.APPROVAL_POLICY_MANAGE)
def delete_policy(
    session: Session, actor: Actor, policy_id: UUID, expected_version: int | None = None
) -> None:
    """Remove a policy. Past requests keep its name."""
    policy = queries.policy(session, actor, policy_id, lock=True)
    check_version(policy, expected_version)
    audit.record(
        session, actor, "approvals.policy_deleted", ("approval_policy", policy.id), _plain(policy)
    )
    session.delete(policy)


def _advance(session: Session, actor: Actor, asked: ApprovalRequest) -> None:
    """Open the next step, or grant when there is none left."""
    step = rules.next_step(asked)
    if step is None:
        asked.state = REQUEST_FLOW.next(asked.state, "grant")
        asked.decided_at = clock.now()
        _audit(session, actor, "approvals.granted", asked)
        _announce(session, asked, ApprovalGranted)
        return
    step.state = StepState.OPEN
    step.opened_at = clock.now()
    candidates = _candidates(session, asked, step)
    present = _present(session, asked, candidates)
    outbox.record(
        session,
        ApprovalRequested(
            request_id=asked.id,
            buyer_id=asked.buyer_id,
            subject_kind=asked.subject_kind,
            subject_id=asked.subject_id,
            step=step.position,
            approver_ids=tuple(sorted(candidates | present)),
        ),
        audience=[asked.buyer_id],
    )
    if not present:
        outbox.record(
            session,
            ApprovalUnreachable(asked.id, asked.buyer_id, step.position),
            audience=[asked.buyer_id],
        )


def _close_step(session: Session, actor: Actor, asked: ApprovalRequest, step: ApprovalStep) -> None:
    ending = _ENDINGS.get(step.state)
    if ending is None:
        _advance(session, actor, asked)
        return
    action, event = ending
    _end(asked, action)
    _announce(session, asked, event)


def _end(asked: ApprovalRequest, action: str) -> None:
    """The request ends without a yes; later steps are no longer asked."""
    asked.state = REQUEST_FLOW.next(asked.state, action)
    asked.decided_at = clock.now()
    for step in asked.steps:
        if step.state in (StepState.PENDING, StepState.OPEN):
            step.state = StepState.DROPPED


def _announce(
    session: Session,
    asked: ApprovalRequest,
    event: type[ApprovalGranted] | type[ApprovalRejected] | type[ApprovalReturned],
) -> None:
    outbox.record(
        session,
        event(
            request_id=asked.id,
            buyer_id=asked.buyer_id,
            subject_kind=asked.subject_kind,
            subject_id=asked.subject_id,
            fingerprint=asked.fingerprint,
            decided_at=asked.decided_at or clock.now(),
        ),
        audience=[asked.buyer_id],
    )


def _present(session: Session, asked: ApprovalRequest, candidates: set[UUID]) -> set[UUID]:
    """Who is there to decide: each candidate, or whoever stands in for them; never an author."""
    away = queries.delegates(session, asked.buyer_id)
    there = {delegation_rules.stands_in(person_id, away) for person_id in candidates}
    may_decide = queries.deciders(session, asked.buyer_id).keys()
    return (there & may_decide) - away.keys() - {asked.requested_by, *asked.author_ids}


def _candidates(session: Session, asked: ApprovalRequest, step: ApprovalStep) -> set[UUID]:
    deciders = queries.deciders(session, asked.buyer_id).keys()
    authors = {asked.requested_by, *asked.author_ids}
    return set(rules.candidates_of(rules.planned(step), deciders, authors).person_ids)


def _stored(position: int, step: PlannedStep) -> ApprovalStep:
    return ApprovalStep(
        position=position,
        title=step.title,
        role=step.role,
        person_ids=list(step.person_ids),
        rule=step.rule,
        state=StepState.PENDING,
        decisions=[],
    )


def _write(policy: ApprovalPolicy, draft: PolicyDraft) -> None:
    for name in (
        "name", "priority", "subject_kind", "currency", "over", "up_to", "category_prefix",
        "cost_centre", "active",
    ):  # fmt: skip
        setattr(policy, name, getattr(draft, name))
    policy.steps = _policy_steps(draft.steps)


def _policy_steps(steps: Sequence[PlannedStep]) -> list[PolicyStep]:
    return [
        PolicyStep(
            position=position,
            title=step.title,
            role=step.role,
            person_ids=list(step.person_ids),
            rule=step.rule,
        )
        for position, step in enumerate(steps, start=1)
    ]


def _plain(policy: ApprovalPolicy) -> dict[str, object]:
    """The policy as the history keeps it."""
    return {
        "name": policy.name,
        "priority": policy.priority,
        "currency": policy.currency,
        "over": None if policy.over is None else str(policy.over),
        "up_to": None if policy.up_to is None else str(policy.up_to),
        "category_prefix": policy.category_prefix,
        "cost_centre": policy.cost_centre,
        "active": policy.active,
        "steps": [
            {
                "role": step.role and str(step.role),
                "person_ids": [str(person) for person in step.person_ids],
                "rule": str(step.rule),
            }
            for step in policy.steps
        ],
    }


def _audit(
    session: Session, actor: Actor, action: str, asked: ApprovalRequest, **data: object
) -> None:
    audit.record(
        session,
        actor,
        action,
        ("approval_request", asked.id),
        {"subject_kind": asked.subject_kind, "subject_id": str(asked.subject_id), **data},
        owner_id=asked.buyer_id,
    )
