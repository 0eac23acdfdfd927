"""Tables, columns and the one transaction. The only module that commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    CHAR,
    Date,
    DateTime,
    Engine,
    Enum,
    MetaData,
    Numeric,
    String,
    Text,
    Uuid,
    create_engine,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    declared_attr,
    mapped_column,
    sessionmaker,
)

from marketplace.core import clock
from marketplace.core.errors import Stale, Unavailable
from marketplace.core.ids import uuid7
from marketplace.core.text import _

# NUMERIC takes NaN unless a check forbids it; the values below 1e13 exclude it and overflow alike.
Amount = Annotated[Decimal, mapped_column(Numeric(19, 4))]
UnitPrice = Annotated[Decimal, mapped_column(Numeric(19, 6))]
QuantityValue = Annotated[Decimal, mapped_column(Numeric(19, 6))]
Rate = Annotated[Decimal, mapped_column(Numeric(19, 6))]
CurrencyCode = Annotated[str, mapped_column(CHAR(3))]
UnitCode = Annotated[str, mapped_column(String(3))]

# serialization failure, deadlock, lock timeout: the transaction may simply be tried again
RETRIED = frozenset({"40001", "40P01", "55P03"})
MAX_ATTEMPTS = 3
SESSION_OPTIONS = {
    "statement_timeout": "5s",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "10s",
    "timezone": "UTC",
}
T = TypeVar("T")


class Base(DeclarativeBase):
    """Every table: names by one convention, types by one map."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads a plain class attribute
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            validate_strings=True,
            length=40,
            values_callable=lambda enum: [member.value for member in enum],
        ),
        UUID: Uuid(),
        str: Text(),
        datetime: DateTime(timezone=True),
        date: Date(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[UUID]: ARRAY(Uuid()),
    }


class HasId:
    """Primary key: a UUIDv7 that the program gives, the database when it does not."""

    @declared_attr
    def id(cls) -> Mapped[UUID]:
        return mapped_column(
            primary_key=True, default=uuid7, server_default=func.uuidv7(), sort_order=-10
        )


class HasVersion:
    """A document: its version grows with every change and is its ETag."""

    @declared_attr
    def version(cls) -> Mapped[int]:
        return mapped_column(default=1, server_default="1", sort_order=-9)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class HasCreated:
    """When the row was made."""

    @declared_attr
    def created_at(cls) -> Mapped[datetime]:
        return mapped_column(default=clock.now, server_default=func.now(), sort_order=90)


class Database:
    """One engine, one role, one way to a transaction.

    role: PostgreSQL role that every connection takes; row-level security is enforced for
    ``marketplace_app``, ``marketplace_worker`` passes it by policy. None keeps the login role.
    """

    def __init__(self, url: str, role: str | None, *, pool_size: int = 4) -> None:
        self.role = role
        self.engine = _engine(url, role, pool_size)
        self.sessions = sessionmaker(self.engine, expire_on_commit=False, autoflush=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose work is committed at the end, or undone when anything is raised."""
        with self.sessions() as session, session.begin():
            yield session

    def run(self, work: Callable[[Session], T]) -> T:
        """Work in a transaction, again from its start where PostgreSQL asks for that.

        Raises Unavailable when it does not get through after three attempts.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                with self.transaction() as session:
                    return work(session)
            except DBAPIError as error:
                if not is_retryable(error):
                    raise
                if attempt == MAX_ATTEMPTS:
                    raise busy() from error
        raise AssertionError("unreachable")

    def dispose(self) -> None:
        """Close the connections: before a fork and at the end."""
        self.engine.dispose()


def is_retryable(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when tried again."""
    return getattr(error.orig, "sqlstate", None) in RETRIED


def busy() -> Unavailable:
    """The answer when a document stays locked by others."""
    return Unavailable(
        _("Many people are working on this right now. Please try again in a moment."),
        retry_after=2,
    )


def check_version(document: HasVersion, expected: int | None) -> None:
    """Raise Stale when the reader saw another version; None means that they do not care."""
    if expected is not None and document.version != expected:
        raise Stale(
            _("Somebody changed this in the meantime. Load it again, then repeat your change."),
            version=document.version,
        )


def psycopg_url(url: str) -> str:
    """The address with the driver that we use, whatever spelling the operator chose."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def _engine(url: str, role: str | None, pool_size: int) -> Engine:
    options = dict(SESSION_OPTIONS, **({"role": role} if role else {}))
    return create_engine(
        psycopg_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=False,
        hide_parameters=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "connect_timeout": 5,
            "prepare_threshold": 2,
        },
    )


def shared_time(session: Session) -> datetime:
    """The time that decides between processes: the database's, or the one the clock is held at."""
    return clock.held() or server_time(session)


def server_time(session: Session) -> datetime:
    """The time by the database's clock, which all processes share."""
    now: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now
