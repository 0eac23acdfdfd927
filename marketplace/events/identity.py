"""What happens to people and their accounts."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from marketplace.core.outbox import Event, event


@event
@dataclass(frozen=True)
class MemberAdded(Event):
    """A new member, who has no password yet."""

    name: ClassVar[str] = "identity.member_added"

    membership_id: UUID
    org_id: UUID
    person_id: UUID
    added_by: UUID


@event
@dataclass(frozen=True)
class PasswordForgotten(Event):
    """Somebody who has an account asked for a link to choose another password."""

    name: ClassVar[str] = "identity.password_forgotten"

    org_id: UUID
    person_id: UUID
