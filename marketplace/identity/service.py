"""What people do about their organisation, its members and its keys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, Invalid, NotFound
from marketplace.core.text import Text, _
from marketplace.events.identity import MemberAdded
from marketplace.identity import authentication, queries
from marketplace.identity.models import ApiKey, Membership, Organisation, Person, PortalSession
from marketplace.identity.permissions import KIND_ROLES, Actor, Permission, Role, requires
from marketplace.identity.rules import check_password

ORGANISATION_FIELDS = frozenset(
    {"name", "locale", "time_zone", "street", "postal_code", "city", "vat_number", "siret", "lei"}
)


class LastAdministrator(Conflict):
    code = "last_administrator"


class LastApprover(Conflict):
    code = "last_approver"


# what an organisation never loses once it has it, and the refusal that keeps it
KEPT_ROLES: dict[Role, tuple[type[Conflict], Text]] = {
    Role.ADMIN: (
        LastAdministrator,
        _("An organisation needs an administrator. Name another one first."),
    ),
    Role.APPROVER: (
        LastApprover,
        _("Nobody else could approve any more. Name another approver first."),
    ),
}


@requires(Permission.ORGANISATION_MANAGE)
def update_organisation(
    session: Session, actor: Actor, changes: dict[str, Any], *, expected_version: int | None = None
) -> Organisation:
    """Change the organisation's own particulars."""
    found = queries.organisation(session, actor.organisation_id)
    check_version(found, expected_version)
    for name in ORGANISATION_FIELDS & changes.keys():
        setattr(found, name, changes[name])
    audit.record(
        session,
        actor,
        "organisation.updated",
        ("organisation", found.id),
        {"fields": sorted(ORGANISATION_FIELDS & changes.keys())},
    )
    session.flush()
    return found


@requires(Permission.ORGANISATION_MANAGE)
def add_member(
    session: Session, actor: Actor, *, email: str, name: str, roles: Iterable[Role]
) -> Membership:
    """Take a person into the organisation; a new one has no password until they choose it."""
    chosen = _checked_roles(actor, roles)
    if authentication.email_taken(session, email):
        raise Invalid(
            _("This e-mail address already has an account."),
            errors=[FieldError("/email", "email_taken", _("Use another e-mail address."))],
        )
    person = Person(email=email, name=name)
    session.add(person)
    session.flush()
    membership = Membership(
        person_id=person.id, organisation_id=actor.organisation_id, roles=chosen
    )
    session.add(membership)
    session.flush()
    audit.record(session, actor, "member.added", ("membership", membership.id), {"roles": chosen})
    outbox.record(
        session,
        MemberAdded(
            membership_id=membership.id,
            org_id=actor.organisation_id,
            person_id=person.id,
            added_by=actor.person,
        ),
    )
    return membership


@requires(Permission.ORGANISATION_MANAGE)
def change_member(
    session: Session,
    actor: Actor,
    membership_id: UUID,
    *,
    roles: Iterable[Role] | None = None,
    active: bool | None = None,
    expected_version: int | None = None,
) -> Membership:
    """Give other roles, suspend or readmit a member.

    The last administrator and the last approver stay what they are.
    """
    holders = _lock_holders(session, actor)
    membership, person = queries.member(session, actor, membership_id)
    check_version(membership, expected_version)
    chosen = membership.roles if roles is None else _checked_roles(actor, roles)
    is_active = membership.active if active is None else active
    _check_kept_roles(holders, membership.id, chosen if is_active else ())
    membership.roles = chosen
    if active is not None:
        membership.active = active
    if not membership.active:
        session.execute(
            delete(PortalSession).where(
                PortalSession.person_id == person.id,
                PortalSession.organisation_id == actor.org_id,
            )
        )
    audit.record(
        session,
        actor,
        "member.changed",
        ("membership", membership.id),
        {"roles": chosen, "active": membership.active},
    )
    session.flush()
    return membership


@requires(Permission.NOTICE_READ)
def update_me(
    session: Session,
    actor: Actor,
    *,
    name: str | None = None,
    locale: str | None = None,
    time_zone: str | None = None,
    expected_version: int | None = None,
) -> Person:
    """Change one's own name, language or time zone."""
    person = queries.me(session, actor)
    check_version(person, expected_version)
    person.name = name or person.name
    person.locale = locale or person.locale
    person.time_zone = time_zone or person.time_zone
    audit.record(session, actor, "person.updated", ("person", person.id))
    session.flush()
    return person


@requires(Permission.NOTICE_READ)
def change_password(session: Session, actor: Actor, *, current: str, new: str) -> None:
    """Choose another password; every session of this person ends."""
    person = queries.me(session, actor)
    if not authentication.password_matches(person.password_hash, current):
        raise Invalid(
            _("The current password is not right."),
            errors=[FieldError("/current", "wrong_password", _("Not your current password."))],
        )
    check_password(new, "/new")
    person.password_hash = authentication.hash_password(new)
    authentication.end_sessions(session, person.id)
    audit.record(session, actor, "person.password_changed", ("person", person.id))
    session.flush()


@requires(Permission.NOTICE_READ)
def create_api_key(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scopes: Iterable[Permission] | None = None,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A key that acts as its maker, within the scopes; the plain key is returned this once."""
    key = authentication.new_key()
    row = ApiKey(
        organisation_id=actor.organisation_id,
        person_id=actor.person,
        name=name,
        prefix=key[:12],
        key_hash=authentication.digest(key),
        scopes=None if scopes is None else sorted(str(scope) for scope in scopes),
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    audit.record(session, actor, "api_key.created", ("api_key", row.id), {"scopes": row.scopes})
    return row, key


@requires(Permission.NOTICE_READ)
def revoke_api_key(session: Session, actor: Actor, key_id: UUID) -> ApiKey:
    """End a key: one's own, or any of the organisation for its administrators."""
    query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.organisation_id == actor.org_id)
    if not actor.may(Permission.ORGANISATION_MANAGE):
        query = query.where(ApiKey.person_id == actor.person_id)
    key = session.scalar(query.with_for_update())
    if key is None:
        raise NotFound(_("There is no such key."))
    key.revoked_at = key.revoked_at or clock.now()
    audit.record(session, actor, "api_key.revoked", ("api_key", key.id))
    session.flush()
    return key


def _checked_roles(actor: Actor, roles: Iterable[Role]) -> list[str]:
    chosen = set(roles)
    allowed = KIND_ROLES[actor.org_kind]
    if not chosen or not chosen <= allowed:
        raise Invalid(
            _("These roles do not fit."),
            errors=[
                FieldError("/roles", "role_not_offered", _("Choose among the roles on offer."))
            ],
        )
    return sorted(str(role) for role in chosen)


def _lock_holders(session: Session, actor: Actor) -> dict[Role, set[UUID]]:
    """The active memberships with each kept role, locked: two cannot remove each other."""
    rows = session.execute(
        select(Membership.id, Membership.roles)
        .where(
            Membership.organisation_id == actor.org_id,
            Membership.active,
            Membership.roles.overlap([str(role) for role in KEPT_ROLES]),
        )
        .order_by(Membership.id)
        .with_for_update()
    ).all()
    return {role: {held.id for held in rows if role in held.roles} for role in KEPT_ROLES}


def _check_kept_roles(
    holders: dict[Role, set[UUID]], membership_id: UUID, remaining: Iterable[str]
) -> None:
    """Refuse a change that takes a kept role from its only holder."""
    stay = set(remaining)
    for role, (refusal, words) in KEPT_ROLES.items():
        if holders[role] == {membership_id} and role not in stay:
            raise refusal(words)
