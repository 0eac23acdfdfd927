"""A new organisation with its first member: the only way in without an actor."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from marketplace.core import audit, tenancy
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _
from marketplace.identity import authentication
from marketplace.identity.models import Membership, Organisation, Person
from marketplace.identity.permissions import Actor, OrgKind, Role, permissions_of
from marketplace.identity.rules import check_password


def register(
    session: Session,
    *,
    kind: OrgKind,
    organisation: dict[str, Any],
    email: str,
    name: str,
    password: str,
    roles: Iterable[Role],
) -> Actor:
    """Create organisation and person; the transaction acts for them from here on.

    organisation: columns of Organisation other than its kind. Raises Invalid with
    ``email_taken`` or ``password_too_short``.
    """
    check_password(password, "/password")
    if authentication.email_taken(session, email):
        raise Invalid(
            _("This e-mail address already has an account."),
            errors=[FieldError("/email", "email_taken", _("Sign in, or use another address."))],
        )
    org = Organisation(kind=kind, **organisation)
    person = Person(email=email, name=name, password_hash=authentication.hash_password(password))
    session.add_all([org, person])
    session.flush()
    tenancy.enter(session, org.id, kind)
    chosen = frozenset(roles)
    session.add(
        Membership(
            person_id=person.id, organisation_id=org.id, roles=sorted(str(r) for r in chosen)
        )
    )
    actor = actor_for(org, person, chosen)
    audit.record(session, actor, "organisation.registered", ("organisation", org.id))
    session.flush()
    return actor


def actor_for(organisation: Organisation, person: Person, roles: Iterable[Role]) -> Actor:
    """The actor that this person is in this organisation."""
    chosen = frozenset(roles)
    return Actor(
        person_id=person.id,
        org_id=organisation.id,
        org_kind=organisation.kind,
        name=person.name,
        org_name=organisation.name,
        roles=chosen,
        permissions=permissions_of(chosen),
        locale=person.locale or organisation.locale,
        time_zone=person.time_zone or organisation.time_zone,
        currency=organisation.currency,
    )
