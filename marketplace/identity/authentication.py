"""Who is calling: API keys, portal sessions and signing in.

Keys and session tokens are 256 random bits and stored as their SHA-256; passwords are hashed with
argon2id (RFC 9106, second recommended option as argon2-cffi sets it).
"""

import functools
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Row, delete, func, select, text
from sqlalchemy.orm import Session

from marketplace.core import clock, tenancy
from marketplace.core.errors import TooMany
from marketplace.core.text import _
from marketplace.identity.models import PortalSession, SignInAttempt
from marketplace.identity.permissions import Actor, OrgKind, Role, permissions_of

KEY_PREFIX = "mkt_"
SESSION_LIFETIME = timedelta(hours=12)
ATTEMPTS_ALLOWED = 8
ATTEMPTS_WINDOW = timedelta(minutes=15)

_hasher = PasswordHasher()
_BY_KEY = text("SELECT * FROM authenticate_api_key(:hash)")
_BY_TOKEN = text("SELECT * FROM authenticate_session(:hash)")
_FIND_SIGN_IN = text("SELECT * FROM find_sign_in(:email)")

_EMAIL_TAKEN = text("SELECT email_taken(:email)")
_END_SESSIONS = text("SELECT end_sessions(:person_id)")


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation that a person belongs to."""

    org_id: UUID
    org_kind: OrgKind
    name: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An actor who came by the portal, and where else they belong."""

    actor: Actor
    others: Sequence[Place]


def digest(secret: str) -> bytes:
    """What is stored of a key or token."""
    return hashlib.sha256(secret.encode()).digest()


def new_key() -> str:
    """A fresh API key."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def by_api_key(session: Session, key: str) -> Actor | None:
    """The actor of a valid key, with the transaction entered into its tenant."""
    row = session.connection().execute(_BY_KEY, {"hash": digest(key)}).one_or_none()
    return _actor(row) if row else None


def by_token(session: Session, token: str) -> SignedIn | None:
    """The actor of a portal session, with the transaction entered into its tenant."""
    row = session.execute(_BY_TOKEN, {"hash": digest(token)}).one_or_none()
    return SignedIn(_actor(row), _places(row.data["others"])) if row else None


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def password_matches(password_hash: str | None, password: str) -> bool:
    """Compare, in the same time whether or not there is such a person."""
    try:
        return _hasher.verify(password_hash or _hash_of_nobody(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False


def sign_in(
    session: Session, email: str, password: str, *, address: str, secret_key: str
) -> str | None:
    """The token of a new portal session; None when e-mail and password do not fit.

    A failure is noted, and must be committed by the caller. Raises TooMany after eight failures
    within a quarter of an hour for the same e-mail address or network address.
    """
    buckets = [_bucket(secret_key, "email", email.lower()), _bucket(secret_key, "ip", address)]
    _check_attempts(session, buckets)
    found = session.execute(_FIND_SIGN_IN, {"email": email}).one_or_none()
    if not password_matches(found.password_hash if found else None, password):
        session.add_all(SignInAttempt(bucket=bucket, at=clock.now()) for bucket in buckets)
        return None
    assert found is not None  # noqa: S101 - narrowed by the password match
    session.execute(delete(SignInAttempt).where(SignInAttempt.bucket == buckets[0]))
    return open_session(session, found.person_id, found.org_id, found.org_kind)


def open_session(session: Session, person_id: UUID, org_id: UUID, org_kind: str) -> str:
    """A new portal session of this person in this organisation; returns its token."""
    token = secrets.token_urlsafe(32)
    tenancy.enter(session, org_id, org_kind)
    session.add(
        PortalSession(
            token_hash=digest(token),
            person_id=person_id,
            organisation_id=org_id,
            expires_at=clock.now() + SESSION_LIFETIME,
            data={},
        )
    )
    session.flush()
    return token


def email_taken(session: Session, email: str) -> bool:
    """Whether somebody signs in with this address already."""
    return bool(session.execute(_EMAIL_TAKEN, {"email": email}).scalar_one())


def sign_out(session: Session, token: str) -> None:
    """End the session of this token."""
    session.execute(delete(PortalSession).where(PortalSession.token_hash == digest(token)))


def end_sessions(session: Session, person_id: UUID) -> None:
    """End every session of this person, in whatever organisation."""
    session.execute(_END_SESSIONS, {"person_id": person_id})


def csrf_token(secret_key: str, token: str) -> str:
    """The value that forms of this session carry (bound to it, nothing to store)."""
    return hmac.new(secret_key.encode(), b"csrf|" + token.encode(), "sha256").hexdigest()


@functools.cache
def _hash_of_nobody() -> str:
    """Fits no password. Made at first use: it takes as long as a sign-in."""
    return _hasher.hash(secrets.token_urlsafe(16))


def _check_attempts(session: Session, buckets: list[bytes]) -> None:
    worst = session.execute(
        select(func.count())
        .where(SignInAttempt.bucket.in_(buckets), SignInAttempt.at > clock.now() - ATTEMPTS_WINDOW)
        .group_by(SignInAttempt.bucket)
        .order_by(func.count().desc())
        .limit(1)
    ).scalar()
    if (worst or 0) >= ATTEMPTS_ALLOWED:
        raise TooMany(
            _("Too many failed attempts. Please wait a quarter of an hour, then try again."),
            retry_after=int(ATTEMPTS_WINDOW.total_seconds()),
        )


def _bucket(secret_key: str, kind: str, value: str) -> bytes:
    return hmac.new(secret_key.encode(), f"{kind}|{value}".encode(), "sha256").digest()


def _actor(row: Row[Any]) -> Actor:
    roles = frozenset(Role(role) for role in row.roles)
    return Actor(
        person_id=row.person_id,
        org_id=row.org_id,
        org_kind=OrgKind(row.org_kind),
        name=row.name,
        org_name=row.org_name,
        roles=roles,
        permissions=permissions_of(roles, row.scopes),
        locale=row.locale,
        time_zone=row.time_zone,
        currency=row.currency,
    )


def _places(rows: list[dict[str, str]]) -> Sequence[Place]:
    return [Place(UUID(row["id"]), OrgKind(row["kind"]), row["name"]) for row in rows]
