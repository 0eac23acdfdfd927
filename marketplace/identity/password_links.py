"""The link by which a person chooses a password: mailed to them, good once and for some days.

Nothing is stored. The link names the person and a fingerprint of their present password, so that it
ends with the first use, and is signed, so that nobody can make one up.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.core import audit, clock, outbox, tenancy
from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.events.identity import PasswordForgotten
from marketplace.identity import authentication
from marketplace.identity.models import Organisation, Person
from marketplace.identity.rules import check_password

INVITATION_LIFETIME = timedelta(days=14)
RESET_LIFETIME = timedelta(hours=4)
_FIND_SIGN_IN = text("SELECT * FROM find_sign_in(:email)")


@dataclass(frozen=True)
class PasswordLink:
    """What the link's address says."""

    org_id: UUID
    person_id: UUID
    expires: int
    fingerprint: str

    @property
    def path(self) -> str:
        return f"/password/{self.org_id}/{self.person_id}/{self.expires}/{self.fingerprint}"


@dataclass(frozen=True)
class _PersonOnly:
    person_id: UUID
    org_id: UUID


def link_for(org_id: UUID, person: Person, lifetime: timedelta) -> PasswordLink:
    """A link for this person as they are now."""
    expires = int((clock.now() + lifetime).timestamp())
    return PasswordLink(org_id, person.id, expires, _fingerprint(person))


def sign(path: str, secret_key: str) -> str:
    """Proves that the marketplace made this address."""
    return hmac.new(secret_key.encode(), b"password-link|" + path.encode(), "sha256").hexdigest()


def person_of(session: Session, link: PasswordLink, token: str, secret_key: str) -> Person:
    """Whose link it is, with the transaction entered into their tenant; NotFound when it ended."""
    genuine = hmac.compare_digest(sign(link.path, secret_key).encode(), token.encode())
    expires = datetime.fromtimestamp(min(link.expires, 2**40), UTC)
    if genuine and clock.now() < expires:
        organisation = session.get(Organisation, link.org_id)
        tenancy.enter(session, link.org_id, organisation.kind if organisation else "")
        person = session.get(Person, link.person_id)
        if person and person.active and _fingerprint(person) == link.fingerprint:
            return person
    raise NotFound(_("This link has been used or has ended. Ask for a new one."))


def choose_password(session: Session, link: PasswordLink, person: Person, new: str) -> str:
    """Set the password and sign in; returns the session's token. All other sessions end."""
    check_password(new, "/new")
    person.password_hash = authentication.hash_password(new)
    authentication.end_sessions(session, person.id)
    audit.record(
        session,
        _PersonOnly(person.id, link.org_id),
        "person.password_chosen",
        ("person", person.id),
    )
    organisation = session.get_one(Organisation, link.org_id)
    return authentication.open_session(session, person.id, organisation.id, organisation.kind)


def forgotten(session: Session, email: str) -> None:
    """Have a link sent to this address, if somebody signs in with it; nothing else tells."""
    found = session.execute(_FIND_SIGN_IN, {"email": email}).one_or_none()
    if found is not None:
        outbox.record(session, PasswordForgotten(org_id=found.org_id, person_id=found.person_id))


def _fingerprint(person: Person) -> str:
    return hashlib.sha256((person.password_hash or "none yet").encode()).hexdigest()[:16]
