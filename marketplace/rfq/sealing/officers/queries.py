"""Reads of opening keys and officers. The caller has found the RFQ as its buyer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from marketplace.identity.models import Membership, Person
from marketplace.identity.permissions import Actor, Permission, Role, permissions_of
from marketplace.rfq.sealing.officers.models import OpeningKey, RfqGivenShare, RfqOfficer


@dataclass(frozen=True)
class Colleague:
    """A person of the organisation who may be asked to hold a share."""

    person: Person
    roles: frozenset[Role]
    key: OpeningKey | None

    @property
    def may_open(self) -> bool:
        return Permission.RFQ_OPEN in permissions_of(self.roles)


@dataclass(frozen=True)
class Officer:
    """An officer with their name and the key that their share was encrypted for."""

    row: RfqOfficer
    person: Person
    key: OpeningKey


def present_key(session: Session, actor: Actor) -> OpeningKey | None:
    """The actor's own key."""
    return session.scalar(
        select(OpeningKey).where(
            OpeningKey.organisation_id == actor.organisation_id,
            OpeningKey.person_id == actor.person,
            OpeningKey.replaced_at.is_(None),
        )
    )


def colleagues(session: Session, actor: Actor) -> Sequence[Colleague]:
    """The active people of the actor's organisation, by name."""
    rows = session.execute(
        select(Person, Membership, OpeningKey)
        .join(Membership, Membership.person_id == Person.id)
        .outerjoin(
            OpeningKey,
            (OpeningKey.person_id == Person.id)
            & (OpeningKey.organisation_id == Membership.organisation_id)
            & OpeningKey.replaced_at.is_(None),
        )
        .where(
            Membership.organisation_id == actor.organisation_id, Membership.active, Person.active
        )
        .order_by(Person.name, Person.id)
    )
    return [
        Colleague(person, frozenset(Role(role) for role in membership.roles), key)
        for person, membership, key in rows
    ]


def officers(session: Session, rfq_id: UUID) -> list[Officer]:
    """Who holds the shares, in order; nobody where one passphrase opens."""
    rows = session.execute(
        select(RfqOfficer, Person, OpeningKey)
        .join(Person, Person.id == RfqOfficer.person_id)
        .join(OpeningKey, OpeningKey.id == RfqOfficer.key_id)
        .where(RfqOfficer.rfq_id == rfq_id)
        .order_by(RfqOfficer.number)
    )
    return [Officer(*row) for row in rows]


def given_since(session: Session, rfq_id: UUID, since: datetime) -> Sequence[RfqGivenShare]:
    """The shares that were given after this instant."""
    return session.scalars(
        select(RfqGivenShare)
        .where(RfqGivenShare.rfq_id == rfq_id, RfqGivenShare.given_at > since)
        .order_by(RfqGivenShare.number)
    ).all()


def forget_given(session: Session, rfq_ids: Collection[UUID]) -> None:
    """Remove every share that was given for these RFQs."""
    session.execute(delete(RfqGivenShare).where(RfqGivenShare.rfq_id.in_(rfq_ids)))


def forget_given_before(session: Session, before: datetime) -> None:
    """Remove the shares for which no second one came."""
    session.execute(delete(RfqGivenShare).where(RfqGivenShare.given_at <= before))


def is_bidders_person(session: Session, rfq_id: UUID, person_id: UUID) -> bool:
    """Whether this person, under any account of theirs, belongs to somebody who may bid."""
    return bool(session.scalar(select(func.is_bidders_person(rfq_id, person_id))))
