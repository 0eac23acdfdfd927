"""Reads: requests, what waits for a person, policies, delegations, who may decide."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    and_,
    any_,
    cast,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, joinedload, selectinload

from marketplace.approvals.models import (
    ApprovalDecision,
    ApprovalDelegation,
    ApprovalPolicy,
    ApprovalRequest,
    ApprovalStep,
)
from marketplace.approvals.rules import DECIDING_ROLES, MANAGING_ROLES
from marketplace.approvals.states import RequestState, StepState
from marketplace.core import clock
from marketplace.core.errors import NotFound
from marketplace.core.pages import DEFAULT_LIMIT, Page, paginate
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.models import Membership
from marketplace.identity.permissions import Actor, Permission, requires

WITH_STEPS = selectinload(ApprovalRequest.steps).joinedload(ApprovalStep.decisions)
JOINED = joinedload(ApprovalRequest.steps).joinedload(ApprovalStep.decisions)
NEWEST = (ApprovalRequest.created_at.desc(), ApprovalRequest.id.desc())
OLDEST = (ApprovalRequest.created_at.asc(), ApprovalRequest.id.asc())


def visible_to(actor: Actor) -> Select[ApprovalRequest]:
    """Requests of the actor's organisation; every one for the system."""
    query = select(ApprovalRequest)
    return query if actor.is_system else query.where(ApprovalRequest.buyer_id == actor.org_id)


@requires(Permission.APPROVAL_READ)
def get(session: Session, actor: Actor, request_id: UUID, *, lock: bool = False) -> ApprovalRequest:
    """The request with steps and decisions, or NotFound. Locked, it is read afresh."""
    query = visible_to(actor).where(ApprovalRequest.id == request_id)
    if lock:  # an outer join cannot be locked
        query = query.options(WITH_STEPS).with_for_update()
        query = query.execution_options(populate_existing=True)
    else:
        query = query.options(JOINED)
    found = session.scalars(query).unique().one_or_none()
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
    rows = session.scalars(
        visible_to(actor)
        .where(
            ApprovalRequest.subject_kind == subject_kind,
            ApprovalRequest.subject_id == subject_id,
        )
        .order_by(*NEWEST)
        .options(JOINED)
    )
    return rows.unique().all()


@requires(Permission.APPROVAL_READ)
def waiting_for(
    session: Session,
    actor: Actor,
    *,
    with_steps: bool = True,
    cursor: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page[ApprovalRequest]:
    """What this person can decide now, oldest first."""
    query = visible_to(actor).where(_waits_for(actor))
    query = query.options(WITH_STEPS) if with_steps else query
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
        _somebody_away_is_asked(actor),
    )
    spoke = exists().where(
        ApprovalDecision.step_id == ApprovalStep.id,
        or_(
            ApprovalDecision.person_id == person,
            ApprovalDecision.on_behalf_of.contains([person]),
        ),
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


def _somebody_away_is_asked(actor: Actor) -> ColumnElement[bool]:
    """The open step names somebody for whom the actor stands in, who wrote nothing of it and is
    silent."""
    away = _stood_in_for(actor).c.person_id
    spoke = exists().where(
        ApprovalDecision.step_id == ApprovalStep.id,
        or_(
            ApprovalDecision.person_id == away,
            away == any_(ApprovalDecision.on_behalf_of),
        ),
    )
    return exists().where(
        away == any_(ApprovalStep.person_ids),
        away != ApprovalRequest.requested_by,
        ~(away == any_(ApprovalRequest.author_ids)),
        ~spoke,
    )


def _stood_in_for(actor: Actor) -> CTE:
    """Everybody whose delegations lead to the actor today, over however many who are away too."""
    today = _delegated_today(actor.organisation_id)
    first = select(ApprovalDelegation.person_id).where(
        *today, ApprovalDelegation.delegate_id == actor.person
    )
    chain = first.cte("stood_in_for", recursive=True)
    further = select(ApprovalDelegation.person_id).where(
        *today,
        ApprovalDelegation.delegate_id == chain.c.person_id,
        ApprovalDelegation.person_id != actor.person,
    )
    return chain.union(further)


def _delegated_today(org_id: Any) -> list[ColumnElement[bool]]:
    """Delegations in force, of people who may themselves still decide."""
    today = cast(func.timezone(ApprovalDelegation.time_zone, clock.now()), Date)
    may_decide = exists().where(
        Membership.person_id == ApprovalDelegation.person_id,
        Membership.organisation_id == ApprovalDelegation.buyer_id,
        Membership.active,
        Membership.roles.overlap([str(role) for role in DECIDING_ROLES]),
    )
    return [
        ApprovalDelegation.buyer_id == org_id,
        ApprovalDelegation.revoked_at.is_(None),
        today.between(ApprovalDelegation.first_on, ApprovalDelegation.last_on),
        may_decide,
    ]


def delegates(session: Session, org_id: UUID) -> dict[UUID, UUID]:
    """Who is away today, with whom they delegated to."""
    rows = session.execute(
        select(ApprovalDelegation.person_id, ApprovalDelegation.delegate_id).where(
            *_delegated_today(org_id)
        )
    )
    return {row.person_id: row.delegate_id for row in rows}


def delegators(session: Session, actor: Actor) -> frozenset[UUID]:
    """For whom the actor decides today."""
    return frozenset(session.scalars(select(_stood_in_for(actor).c.person_id)))


def delegations(session: Session, actor: Actor) -> Sequence[ApprovalDelegation]:
    """The organisation's delegations, the latest first."""
    return session.scalars(
        _delegations_of(actor).order_by(
            ApprovalDelegation.first_on.desc(), ApprovalDelegation.id.desc()
        )
    ).all()


def delegation(
    session: Session, actor: Actor, delegation_id: UUID, *, lock: bool = False
) -> ApprovalDelegation:
    """One delegation, or NotFound."""
    query = _delegations_of(actor).where(ApprovalDelegation.id == delegation_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        raise NotFound(_("There is no such delegation."))
    return found


def _delegations_of(actor: Actor) -> Select[ApprovalDelegation]:
    query = select(ApprovalDelegation)
    return query if actor.is_system else query.where(ApprovalDelegation.buyer_id == actor.org_id)


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


def policy_managers(session: Session, org_id: UUID) -> list[UUID]:
    """Everybody in the organisation who may name other approvers."""
    people = identity_queries.people_in_role(session, org_id, *sorted(MANAGING_ROLES))
    return [person.id for person in people]
