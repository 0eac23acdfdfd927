"""Tables of organisations, people and their keys."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base, CurrencyCode, HasCreated, HasId, HasVersion
from marketplace.identity.permissions import OrgKind


class Organisation(HasId, HasVersion, HasCreated, Base):
    """A company; its row is public: partners must know whom they deal with."""

    __tablename__ = "organisation"
    __table_args__ = (
        Index("ix_organisation_kind_name", "kind", "name"),
        Index(
            "ix_organisation_name_trgm",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
        ),
    )

    name: Mapped[str]
    kind: Mapped[OrgKind]
    country: Mapped[str] = mapped_column(CHAR(2))
    currency: Mapped[CurrencyCode]
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    time_zone: Mapped[str] = mapped_column(default="Europe/Paris", server_default="Europe/Paris")
    siren: Mapped[str | None]
    siret: Mapped[str | None]
    vat_number: Mapped[str | None]
    lei: Mapped[str | None]
    street: Mapped[str | None]
    postal_code: Mapped[str | None]
    city: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class Person(HasId, HasVersion, HasCreated, Base):
    """Somebody who signs in."""

    __tablename__ = "person"
    __table_args__ = (Index("uq_person_email", func.lower(text("email")), unique=True),)

    email: Mapped[str]
    name: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str | None]
    time_zone: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class Membership(HasId, HasVersion, HasCreated, Base):
    """The roles of a person in an organisation."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("person_id", "organisation_id"),
        Index(None, "organisation_id"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    roles: Mapped[list[str]]
    # when the person last changed to it in the portal; sign-in leads there
    chosen_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class ApiKey(HasId, HasCreated, Base):
    """A partner's key: shown once, stored as its hash; None as scopes means all of the roles."""

    __tablename__ = "api_key"
    __table_args__ = (Index(None, "organisation_id"),)

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str]
    prefix: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str] | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PortalSession(HasId, HasCreated, Base):
    """A sign-in to the portal, found by the hash of the cookie's token."""

    __tablename__ = "portal_session"
    __table_args__ = (Index(None, "person_id"), Index(None, "expires_at"))

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("person.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    expires_at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=text("'{}'"))


class SignInAttempt(HasId, Base):
    """Failed sign-ins, counted per e-mail address and per network address."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (Index(None, "bucket", "at"),)

    bucket: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime]
