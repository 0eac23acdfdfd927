"""Use cases: arrange who decides for an approver who is away, and end it early."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.approvals import delegation_rules, queries
from marketplace.approvals.delegation_rules import DelegationDraft
from marketplace.approvals.models import ApprovalDelegation
from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.events.approvals import ApprovalDelegated
from marketplace.identity.permissions import Actor, Permission, requires

SUBJECT = "approval_delegation"


@requires(Permission.APPROVAL_POLICY_MANAGE)
def list_all(session: Session, actor: Actor) -> Sequence[ApprovalDelegation]:
    """Every delegation of the organisation, past ones too."""
    return queries.delegations(session, actor)


@requires(Permission.APPROVAL_POLICY_MANAGE)
def read(session: Session, actor: Actor, delegation_id: UUID) -> ApprovalDelegation:
    """One delegation, or NotFound."""
    return queries.delegation(session, actor, delegation_id)


@requires(Permission.APPROVAL_POLICY_MANAGE)
def delegate(session: Session, actor: Actor, draft: DelegationDraft) -> ApprovalDelegation:
    """Let somebody decide for an approver on these days; their own approvals unless named.

    Raises Invalid with every reason, AlreadyDelegated where the days overlap another one's, and
    CircularDelegation where it would lead back to the absent person.
    """
    person_id = draft.person_id or actor.person
    deciders = queries.deciders(session, actor.organisation_id).keys()
    today = clock.today_in(actor.time_zone)
    delegation_rules.check(draft, person_id, actor.person, deciders, today)
    known = queries.delegations(session, actor)
    delegation_rules.check_free(draft, person_id, known)
    delegation_rules.check_no_circle(draft, person_id, known)
    made = ApprovalDelegation(
        buyer_id=actor.organisation_id,
        person_id=person_id,
        delegate_id=draft.delegate_id,
        first_on=draft.first_on,
        last_on=draft.last_on,
        time_zone=actor.time_zone,
        reason=draft.reason.strip(),
        arranged_by=actor.person,
    )
    session.add(made)
    session.flush()
    _audit(session, actor, "approvals.delegated", made)
    outbox.record(
        session,
        ApprovalDelegated(
            delegation_id=made.id,
            buyer_id=made.buyer_id,
            approver_ids=tuple(sorted({person_id, draft.delegate_id} - {actor.person})),
            delegated_at=made.created_at,
        ),
        audience=[made.buyer_id],
    )
    return made


@requires(Permission.APPROVAL_POLICY_MANAGE)
def revoke(
    session: Session, actor: Actor, delegation_id: UUID, expected_version: int | None = None
) -> ApprovalDelegation:
    """End a delegation at once. What was decided under it stands."""
    found = queries.delegation(session, actor, delegation_id, lock=True)
    check_version(found, expected_version)
    delegation_rules.check_standing(found)
    found.revoked_at = clock.now()
    session.flush()
    _audit(session, actor, "approvals.delegation_revoked", found)
    return found


def _audit(session: Session, actor: Actor, action: str, found: ApprovalDelegation) -> None:
    audit.record(
        session,
        actor,
        action,
        (SUBJECT, found.id),
        {
            "person_id": str(found.person_id),
            "delegate_id": str(found.delegate_id),
            "first_on": found.first_on.isoformat(),
            "last_on": found.last_on.isoformat(),
        },
    )
