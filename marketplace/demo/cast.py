"""Registers the companies and people of the demo, as they would do it themselves."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from marketplace.catalog import service as catalog
from marketplace.core import clock
from marketplace.core.money import Money
from marketplace.demo import world
from marketplace.demo.goods import GOODS
from marketplace.demo.world import Company
from marketplace.demo.world import Person as Character
from marketplace.identity import authentication, registration
from marketplace.identity import service as identity
from marketplace.identity.models import ApiKey, Membership, Organisation, Person
from marketplace.identity.permissions import Actor, OrgKind, Role
from marketplace.suppliers import registration as suppliers


@dataclass
class Cast:
    """Everybody by company and role."""

    actors: dict[str, list[Actor]] = field(default_factory=dict)

    def of(self, key: str, role: Role | None = None) -> Actor:
        """The first person of the company, or the first one in the role."""
        people = self.actors[key]
        return people[0] if role is None else next(a for a in people if role in a.roles)

    @cached_property
    def operator(self) -> Actor:
        return self.of(world.OPERATOR)

    def sellers(self) -> list[str]:
        return [selling.key for selling in world.SELLING]


def api_key(email: str) -> str:
    """The key of a demo person: the same at every load, as the password is."""
    return authentication.KEY_PREFIX + hashlib.sha256(f"demo:{email}".encode()).hexdigest()[:43]


def register(session: Session, since: datetime) -> Cast:
    """All companies with their people and keys, as of this moment; buyers with their catalogue."""
    cast = Cast()
    with clock.frozen(since):
        for company in world.COMPANIES:
            if company.key not in world.NEWCOMERS:
                join(session, cast, company)
        for company in world.of_kind(OrgKind.BUYER):
            _stock_catalogue(session, cast.of(company.key))
    return cast


def join(session: Session, cast: Cast, company: Company) -> None:
    """One company registers now."""
    cast.actors[company.key] = _register(session, company)


def find(session: Session) -> Cast:
    """The people of a demo that was loaded before."""
    cast = Cast()
    for company in world.COMPANIES:
        organisation = session.scalars(
            select(Organisation).where(
                Organisation.name == company.name, Organisation.kind == company.kind
            )
        ).one()
        cast.actors[company.key] = [
            _known(session, organisation, person) for person in company.people
        ]
    return cast


def _known(session: Session, organisation: Organisation, person: Character) -> Actor:
    row = session.scalars(select(Person).where(Person.email == person.email)).one()
    return registration.actor_for(organisation, row, person.roles)


def _register(session: Session, company: Company) -> list[Actor]:
    first, *others = company.people
    organisation = {
        "name": company.name,
        "country": company.address.country,
        "currency": "EUR",
        "locale": company.locale,
        "time_zone": company.time_zone,
        "siren": company.siren,
        "siret": company.siret,
        "vat_number": company.vat_number,
        "lei": company.lei,
        "street": company.address.street,
        "postal_code": company.address.postal_code,
        "city": company.address.city,
    }
    person = {"name": first.name, "email": first.email, "password": world.PASSWORD}
    if company.kind is OrgKind.SUPPLIER:
        actor, _file = suppliers.apply(
            session, organisation=organisation, person=person, profile=_profile(company)
        )
    else:
        actor = registration.register(
            session, kind=company.kind, organisation=organisation, roles=first.roles, **person
        )
    actors = [actor, *(_add(session, actor, other) for other in others)]
    for role, each in zip(company.people, actors, strict=True):
        _give_key(session, each, role)
    return actors


def _profile(company: Company) -> dict[str, object]:
    selling = next((each for each in world.SELLING if each.key == company.key), None)
    profile: dict[str, object] = {
        "contact_email": company.people[0].email,
        "owners": [company.people[0].name],
    }
    if selling is not None:
        profile |= {
            "description": selling.description,
            "categories": list(selling.categories),
        }
    return profile


def _add(session: Session, admin: Actor, person: Character) -> Actor:
    membership: Membership = identity.add_member(
        session, admin, email=person.email, name=person.name, roles=person.roles
    )
    row = session.get_one(Person, membership.person_id)
    row.password_hash = session.get_one(Person, admin.person).password_hash
    organisation = session.get_one(Organisation, admin.organisation_id)
    return registration.actor_for(organisation, row, person.roles)


def _give_key(session: Session, actor: Actor, person: Character) -> None:
    if person.locale:
        session.get_one(Person, actor.person).locale = person.locale
    key = api_key(person.email)
    session.add(
        ApiKey(
            organisation_id=actor.organisation_id,
            person_id=actor.person,
            name="Demo",
            prefix=key[:12],
            key_hash=authentication.digest(key),
        )
    )
    session.flush()


def _stock_catalogue(session: Session, buyer: Actor) -> None:
    catalog.create_many(
        session,
        buyer,
        [
            {
                "sku": good.sku,
                "name": good.name,
                "category_code": good.category,
                "unit": good.unit,
                "price": Money(good.price, "EUR"),
                "gtin": good.gtin,
            }
            for good in GOODS
        ],
    )
