"""Reads: requests, what waits for a person, policies, who may decide."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from marketplace.approvals.models import (
    ApprovalDecision,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStep,
)
from marketplace.approvals.rules import DECIDING_ROLES
from marketplace.approvals.states import RequestState, StepState
from marketplace.core.errors import NotFound
from marketplace.core.pages import DEFAULT_LIMIT, Page, paginate
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, Permission, requires

WITH_STEPS = selectinload(ApprovalRequest.steps).selectinload(ApprovalStep.decisions)
NEWEST = (ApprovalRequest.created_at.desc(), ApprovalRequest.id.desc())
OLDEST = (ApprovalRequest.created_at.asc(), ApprovalRequest.id.asc())


def visible_to(actor: Actor) -> Select[ApprovalRequest]:
    """Requests of the actor's organisation; every one for the system."""
    query = select(ApprovalRequest)
    return query if actor.is_system else query.where(ApprovalRequest.buyer_id == actor.org_id)


@requires(Permission.APPROVAL_READ)
def get(session: Session, actor: Actor, request_id: UUID, *, lock: bool = False) -> ApprovalRequest:
    """The request with steps and decisions, or NotFound. Locked, it is read afresh."""
    query = visible_to(actor).where(ApprovalRequest.id == request_id).options(WITH_STEPS)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("There is no such approval request."))
    return found


def find_standing(
    session: Session, actor: Actor, subject_kind: str, subject_id: UUID
) -> ApprovalRequest | None:
    """The request that waits or was granted last for this subject, locked."""
    return session.scalar(
        visible_to(actor)
        .where(
            ApprovalRequest.subject_kind == subject_kind,
            ApprovalRequest.subject_id == subject_id,
            ApprovalRequest.state.in_((RequestState.WAITING, RequestState.GRANTED)),
        )
        .order_by(*NEWEST)
        .limit(1)
        .options(WITH_STEPS)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


@requires(Permission.APPROVAL_READ)
def about(
    session: Session, actor: Actor, subject_kind: str, subject_id: UUID
) -> Sequence[ApprovalRequest]:
    """Every request about one subject, newest first."""
    return session.scalars(
        visible_to(actor)
        .where(
            ApprovalRequest.subject_kind == subject_kind,
            ApprovalRequest.subject_id == subject_id,
        )
        .order_by(*NEWEST)
        .options(WITH_STEPS)
    ).all()


@requires(Permission.APPROVAL_READ)
def waiting_for(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = DEFAULT_LIMIT
) -> Page[ApprovalRequest]:
    """What this person can decide now, oldest first."""
    query = visible_to(actor).where(_waits_for(actor)).options(WITH_STEPS)
    return paginate(session, query, order=OLDEST, cursor=cursor, limit=limit)


@requires(Permission.APPROVAL_READ)
def count_waiting(session: Session, actor: Actor) -> int:
    """How many requests this person can decide now."""
    query = select(func.count()).select_from(visible_to(actor).where(_waits_for(actor)).subquery())
    return session.scalar(query) or 0


def _waits_for(actor: Actor) -> ColumnElement[bool]:
    """An open step asks for the person or their role, who neither wrote it nor spoke already."""
    person = actor.person
    asked = or_(
        ApprovalStep.role.in_(actor.roles & DECIDING_ROLES),
        ApprovalStep.person_ids.contains([person]),
    )
    spoke = exists().where(
        ApprovalDecision.step_id == ApprovalStep.id, ApprovalDecision.person_id == person
    )
    step = exists().where(
        ApprovalStep.request_id == ApprovalRequest.id,
        ApprovalStep.state == StepState.OPEN,
        asked,
        ~spoke,
    )
    return and_(
        ApprovalRequest.state == RequestState.WAITING,
        ApprovalRequest.requested_by != person,
        ~ApprovalRequest.author_ids.contains([person]),
        step,
    )


@requires(Permission.APPROVAL_READ)
def search(
    session: Session,
    actor: Actor,
    *,
    state: RequestState | None = None,
    subject_kind: str | None = None,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[ApprovalRequest]:
    """Requests of the organisation, newest first."""
    query = visible_to(actor).options(WITH_STEPS)
    if state:
        query = query.where(ApprovalRequest.state == state)
    if subject_kind:
        query = query.where(ApprovalRequest.subject_kind == subject_kind)
    return paginate(session, query, order=NEWEST, cursor=cursor, limit=limit)


def policies(session: Session, actor: Actor, *, active: bool = False) -> Sequence[ApprovalPolicy]:
    """The organisation's policies in the order in which they are tried."""
    query = (
        select(ApprovalPolicy)
        .where(ApprovalPolicy.buyer_id == actor.org_id)
        .order_by(ApprovalPolicy.priority, ApprovalPolicy.id)
        .options(selectinload(ApprovalPolicy.steps))
    )
    return session.scalars(query.where(ApprovalPolicy.active) if active else query).all()


def policy(
    session: Session, actor: Actor, policy_id: UUID, *, lock: bool = False
) -> ApprovalPolicy:
    """One policy with its steps, or NotFound."""
    query = (
        select(ApprovalPolicy)
        .where(ApprovalPolicy.id == policy_id, ApprovalPolicy.buyer_id == actor.org_id)
        .options(selectinload(ApprovalPolicy.steps))
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("There is no such approval policy."))
    return found


def deciders(session: Session, org_id: UUID) -> dict[UUID, str]:
    """Everybody in the organisation who may decide now, with their names."""
    people = identity_queries.people_in_role(session, org_id, *sorted(DECIDING_ROLES))
    return {person.id: person.name for person in people}
