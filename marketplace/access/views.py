"""Answers that join several rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.identity import queries
from marketplace.identity.models import ApiKey
from marketplace.identity.permissions import Actor, OrgKind, Permission, Role


@dataclass(frozen=True)
class Me:
    """The caller."""

    person_id: UUID
    name: str
    email: str
    locale: str
    time_zone: str
    organisation_id: UUID
    organisation_name: str
    organisation_kind: OrgKind
    roles: Sequence[Role]
    permissions: Sequence[Permission]
    version: int


@dataclass(frozen=True)
class NewKey:
    """A key with its secret, which is known only now."""

    id: UUID
    name: str
    prefix: str
    person_id: UUID
    scopes: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    key: str

    @classmethod
    def of(cls, row: ApiKey, key: str) -> "NewKey":
        return cls(
            row.id,
            row.name,
            row.prefix,
            row.person_id,
            row.scopes,
            row.created_at,
            row.expires_at,
            row.revoked_at,
            key,
        )


def me_of(session: Session, actor: Actor) -> Me:
    """The caller with what they may do now."""
    person = queries.me(session, actor)
    return Me(
        person_id=person.id,
        name=person.name,
        email=person.email,
        locale=person.locale or actor.locale,
        time_zone=person.time_zone or actor.time_zone,
        organisation_id=actor.organisation_id,
        organisation_name=actor.org_name,
        organisation_kind=actor.org_kind,
        roles=sorted(actor.roles),
        permissions=sorted(actor.permissions),
        version=person.version,
    )
