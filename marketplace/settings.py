"""What the environment says: read once at the start, handed down from there.

A machine without any settings gets a complete local set: embedded servers on unix sockets, mail
written to files, a Stripe server of its own. Any other environment must say what it wants; whatever
is missing is reported in one go, before anything has started.
"""

import functools
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

LOCAL = "local"
LOCAL_STRIPE_KEY = "sk_test_local"
SOCKET_PATH_LIMIT = 100
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"
LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """The environment is not good enough to start with; the message lists every reason."""


@dataclass(frozen=True)
class Smtp:
    """Where mail goes out. `tls` is starttls, implicit or none."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: str


@dataclass(frozen=True)
class Stripe:
    """How Stripe is reached. `api_base` is None for Stripe itself."""

    secret_key: str = field(repr=False)
    publishable_key: str
    webhook_secret: str = field(repr=False)
    api_base: str | None

    @property
    def is_local(self) -> bool:
        return self.secret_key == LOCAL_STRIPE_KEY and self.api_base is None


@dataclass(frozen=True)
class Settings:
    environment: str
    local_dir: Path
    sockets: Path
    database_url: str = field(repr=False)
    migration_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    public_url: str
    port: int
    trusted_proxies: int
    mail_dir: Path
    mail_from: str
    smtp: Smtp | None
    stripe: Stripe
    pool_size: int
    log_level: str
    # where auctions are streamed from; empty: the same address as the portal

    @property
    def is_local(self) -> bool:
        return self.environment == LOCAL

    @property
    def embedded_database(self) -> bool:
        return self.database_url == _database_on(self.sockets)

    @property
    def embedded_valkey(self) -> bool:
        return self.redis_url == _valkey_on(self.sockets)

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings that the environment describes, or SettingsError with all that is wrong."""
        reader = _Reader(os.environ if environ is None else environ)
        settings = reader.settings()
        if reader.problems:
            raise SettingsError("\n".join(reader.problems))
        return settings


_in_use: ContextVar[Settings | None] = ContextVar("settings", default=None)


def current() -> Settings:
    """The settings in use: those of an enclosing `using`, else the environment's, read once."""
    return _in_use.get() or _from_environment()


@contextmanager
def using(settings: Settings) -> Iterator[None]:
    """Have `current()` answer these, for code that nobody can hand them down to."""
    token = _in_use.set(settings)
    try:
        yield
    finally:
        _in_use.reset(token)


@functools.cache
def _from_environment() -> Settings:
    return Settings.from_env()


def default_local_dir() -> Path:
    """`.local` in the checkout that this file belongs to, else where we stand."""
    checkout = Path(__file__).resolve().parents[1]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / ".local"


def socket_directory(local_dir: Path) -> Path:
    """Where the embedded servers put their sockets.

    A socket path may have about a hundred bytes, so that a deep checkout gets a short directory of
    its own below the temporary one; the name follows from the path, so that every command finds it.
    """
    inside = local_dir / "sockets"
    if len(os.fsencode(inside / POSTGRES_SOCKET)) <= SOCKET_PATH_LIMIT:
        return inside
    digest = hashlib.sha256(os.fsencode(local_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"marketplace-{digest}"


def _database_on(sockets: Path) -> str:
    return f"postgresql://postgres@/marketplace?host={quote(str(sockets), safe='/')}"


def _valkey_on(sockets: Path) -> str:
    return f"unix://{quote(str(sockets / VALKEY_SOCKET))}"


class _Reader:
    """Reads one environment and collects what is wrong with it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []
        self.environment = environ.get("MARKETPLACE_ENV", LOCAL)
        self.local_dir = Path(environ.get("LOCAL_DIR") or default_local_dir()).resolve()
        self.sockets = socket_directory(self.local_dir)

    def settings(self) -> Settings:
        port = self.number("PORT", 8000)
        database_url = self.text("DATABASE_URL", _database_on(self.sockets))
        return Settings(
            environment=self.environment,
            local_dir=self.local_dir,
            sockets=self.sockets,
            database_url=database_url,
            migration_url=self.environ.get("MIGRATION_DATABASE_URL", database_url),
            redis_url=self.text("REDIS_URL", _valkey_on(self.sockets)),
            secret_key=self.secret_key(),
            public_url=self.text("PUBLIC_URL", f"http://127.0.0.1:{port}").rstrip("/"),
            port=port,
            trusted_proxies=self.number("TRUSTED_PROXIES", 0),
            mail_dir=Path(self.environ.get("MAIL_DIR", str(self.local_dir / "mail"))).resolve(),
            mail_from=self.text("MAIL_FROM", "Marketplace <no-reply@marketplace.example>"),
            smtp=self.smtp(),
            stripe=self.stripe(),
            pool_size=self.number("POOL_SIZE", 4),
            log_level=self.one_of("LOG_LEVEL", "info", LOG_LEVELS),
        )

    def text(self, name: str, local: str) -> str:
        """The variable; the local value stands in for it only where the environment is local."""
        value = self.environ.get(name, "")
        if value:
            return value
        if self.environment != LOCAL:
            self.problems.append(f"{name} is not set; MARKETPLACE_ENV={self.environment} needs it.")
        return local

    def number(self, name: str, default: int) -> int:
        value = self.environ.get(name, "") or str(default)
        if value.isascii() and value.isdigit() and int(value) < 65536:
            return int(value)
        self.problems.append(f"{name} is {value!r}, which is not a number between 0 and 65535.")
        return default

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = (self.environ.get(name, "") or default).lower()
        if value in choices:
            return value
        self.problems.append(f"{name} is {value!r}; it may be {', '.join(choices)}.")
        return default

    def secret_key(self) -> str:
        value = self.text("SECRET_KEY", "")
        if value and len(value) < 32:
            self.problems.append("SECRET_KEY is shorter than 32 characters.")
        if value or self.environment != LOCAL:
            return value
        return _kept_secret(self.local_dir / "secret-key")

    def smtp(self) -> Smtp | None:
        host = self.environ.get("SMTP_HOST", "")
        if not host:
            return None
        return Smtp(
            host=host,
            port=self.number("SMTP_PORT", 587),
            username=self.environ.get("SMTP_USERNAME") or None,
            password=self.environ.get("SMTP_PASSWORD") or None,
            tls=self.one_of("SMTP_TLS", "starttls", ("starttls", "implicit", "none")),
        )

    def stripe(self) -> Stripe:
        return Stripe(
            secret_key=self.text("STRIPE_SECRET_KEY", LOCAL_STRIPE_KEY),
            publishable_key=self.text("STRIPE_PUBLISHABLE_KEY", "pk_test_local"),
            webhook_secret=self.text("STRIPE_WEBHOOK_SECRET", "whsec_local"),
            api_base=self.environ.get("STRIPE_API_BASE") or None,
        )


def _kept_secret(path: Path) -> str:
    """The secret of this checkout, made at first use; two processes that start at once agree."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text()
