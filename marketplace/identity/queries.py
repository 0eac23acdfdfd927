"""Reads of organisations and people."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session

from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.models import ApiKey, Membership, Organisation, Person
from marketplace.identity.permissions import Actor, OrgKind, Role


def organisation(session: Session, organisation_id: UUID) -> Organisation:
    """The organisation, or NotFound."""
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound(_("There is no such organisation."))
    return found


def organisations(session: Session, ids: Iterable[UUID]) -> dict[UUID, Organisation]:
    """The organisations with these ids, by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.scalars(select(Organisation).where(Organisation.id.in_(wanted)))
    return {row.id: row for row in rows}


def directory(kind: OrgKind | None = None, containing: str | None = None) -> Select[Organisation]:
    """Active organisations, optionally of one kind or with these words in the name."""
    query = select(Organisation).where(Organisation.active)
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if containing:
        query = query.where(Organisation.name.icontains(containing, autoescape=True))
    return query


def search_organisations(
    session: Session,
    *,
    kind: OrgKind | None = None,
    containing: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Organisation]:
    """A page of the directory, by name."""
    return paginate(
        session,
        directory(kind, containing),
        order=(Organisation.name, Organisation.id),
        cursor=cursor,
        limit=limit,
    )


def members(session: Session, actor: Actor) -> Sequence[tuple[Membership, Person]]:
    """The people of the actor's organisation, by name."""
    rows = session.execute(
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == actor.org_id)
        .order_by(Person.name, Person.id)
    )
    return [(membership, person) for membership, person in rows]


def member(session: Session, actor: Actor, membership_id: UUID) -> tuple[Membership, Person]:
    """One membership of the actor's organisation with its person, or NotFound."""
    row = session.execute(
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.organisation_id == actor.org_id, Membership.id == membership_id)
    ).one_or_none()
    if row is None:
        raise NotFound(_("There is no such member in your organisation."))
    return row[0], row[1]


def me(session: Session, actor: Actor) -> Person:
    """The actor's own person."""
    return session.get_one(Person, actor.person)


def people(session: Session, ids: Iterable[UUID]) -> dict[UUID, Person]:
    """People by id, as far as this transaction may see them."""
    wanted = set(ids)
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(select(Person).where(Person.id.in_(wanted)))}


def names(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names of people, as far as this transaction may see them, and of organisations, by id."""
    wanted = set(ids)
    if not wanted:
        return {}
    rows = session.execute(
        union_all(
            select(Person.id, Person.name).where(Person.id.in_(wanted)),
            select(Organisation.id, Organisation.name).where(Organisation.id.in_(wanted)),
        )
    )
    return {row.id: row.name for row in rows}


def people_in_role(session: Session, org_id: UUID, *roles: Role) -> Sequence[Person]:
    """Active people of the organisation who have one of the roles."""
    return session.scalars(
        select(Person)
        .join(Membership, Membership.person_id == Person.id)
        .where(
            Membership.organisation_id == org_id,
            Membership.active,
            Person.active,
            Membership.roles.overlap([str(role) for role in roles]),
        )
        .order_by(Person.id)
    ).all()


def api_keys(session: Session, actor: Actor) -> Sequence[ApiKey]:
    """The keys of the actor's organisation, newest first."""
    return session.scalars(
        select(ApiKey)
        .where(ApiKey.organisation_id == actor.org_id)
        .order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    ).all()
