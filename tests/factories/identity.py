"""Organisations, people and actors."""

import itertools
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.core import tenancy
from marketplace.identity.models import Membership, Organisation, Person
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.identity.registration import actor_for

_numbers = itertools.count(1)


def make_organisation(
    session: Session, kind: OrgKind = OrgKind.BUYER, **overrides: Any
) -> Organisation:
    values: dict[str, Any] = {
        "name": f"{kind.value.capitalize()} {next(_numbers)}",
        "kind": kind,
        "country": "FR",
        "currency": "EUR",
        "locale": "en",
        "time_zone": "Europe/Paris",
    }
    organisation = Organisation(**(values | overrides))
    session.add(organisation)
    session.flush()
    return organisation


def make_person(
    session: Session, organisation: Organisation, *roles: Role, **overrides: Any
) -> Person:
    number = next(_numbers)
    values = {"email": f"person{number}@example.com", "name": f"Person {number}"}
    person = Person(**(values | overrides))
    session.add(person)
    session.flush()
    session.add(
        Membership(
            person_id=person.id,
            organisation_id=organisation.id,
            roles=sorted(str(role) for role in roles),
        )
    )
    session.flush()
    return person


def actor_of(session: Session, person: Person) -> Actor:
    """The actor that this person is in their first organisation."""
    membership = session.scalars(
        select(Membership).where(Membership.person_id == person.id).order_by(Membership.id)
    ).first()
    assert membership is not None
    organisation = session.get_one(Organisation, membership.organisation_id)
    return actor_for(organisation, person, [Role(role) for role in membership.roles])


def make_actor(
    session: Session,
    kind: OrgKind = OrgKind.BUYER,
    *roles: Role,
    organisation: Organisation | None = None,
    **overrides: Any,
) -> Actor:
    """An actor with the roles (all that the kind offers an everyday user, by default)."""
    usual = {
        OrgKind.BUYER: (Role.BUYER,),
        OrgKind.SUPPLIER: (Role.SUPPLIER,),
        OrgKind.OPERATOR: (Role.OPERATOR,),
    }
    organisation = organisation or make_organisation(session, kind)
    person = make_person(session, organisation, *(roles or usual[kind]), **overrides)
    return actor_of(session, person)


def act_as(session: Session, actor: Actor) -> Actor:
    """Enter the actor's tenant, as the web does."""
    tenancy.enter(session, actor.org_id, actor.org_kind)
    return actor
