"""`marketplace run`: the whole product on this machine, with nothing installed beside it."""

import functools
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from marketplace.core.db import Database
from marketplace.core.outbox import OutboxMessage
from marketplace.demo import seed
from marketplace.local.instance import LOOPBACK, InstanceLock, check_port, free_port
from marketplace.local.postgres import Postgres
from marketplace.local.processes import Child, StartError, wait_until
from marketplace.local.supervisor import Ended, Service, Supervisor
from marketplace.local.valkey import Valkey
from marketplace.settings import Settings
from migrations.runner import upgrade

ROOT = Path(__file__).resolve().parents[2]
QUEUES = ("default", "calls", "slow")
# they take requests in; how many work at a time is POOL_SIZE
WEB_THREADS = 128
WEB_PROCESSES = 2
READY_SECONDS = 240
# More events than this are worked off before the doors open, without forking for each.
BACKLOG = 100
WEBHOOK_PATH = "/api/v1/stripe/webhooks"

Say = Callable[[str], None]


class Stack:
    """Starts the parts in order and says what it is doing."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self.say = say
        self.base_url = f"http://{LOOPBACK}:{settings.port}"
        self.logs = settings.local_dir / "log"
        self.environment = dict(os.environ)

    def run(self, *, demo: bool, scale: str) -> None:
        """Start everything, show the addresses, and stay until a signal comes."""
        lock = InstanceLock(self.settings.local_dir)
        lock.take(self.base_url)
        check_port(self.settings.port)
        with Supervisor(self.say) as supervisor:
            try:
                self._start_servers(supervisor)
                self._prepare_database(demo=demo, scale=scale)
                self._start_programs(supervisor)
                self.say(self._welcome())
                supervisor.watch()
            except Ended:
                self.say("\nStopping...")
        self.say("Stopped.")

    def _start_servers(self, supervisor: Supervisor) -> None:
        local, sockets = self.settings.local_dir, self.settings.sockets
        servers: list[Service] = []
        if self.settings.embedded_database:
            servers.append(Postgres(local / "postgres", sockets, log=self.logs / "postgres.log"))
        if self.settings.embedded_valkey:
            servers.append(Valkey(local / "valkey", sockets, log=self.logs / "valkey.log"))
        for server in servers:
            self._step(server.name, functools.partial(supervisor.start, server))
        for server in servers:
            if isinstance(server, Postgres):
                server.create_database("marketplace")

    def _prepare_database(self, *, demo: bool, scale: str) -> None:
        settings = self.settings
        self._step("Schema", lambda: upgrade(settings.migration_url, progress=self._detail))
        if not demo:
            return
        database = Database(settings.database_url, "marketplace_worker")
        try:
            self._step(
                "Demo company data",
                lambda: seed.load(database, settings, scale=scale, progress=self._detail),
            )
            seed.write_people(settings.local_dir / "demo.json", self.base_url)
            if _waiting_events(database) > BACKLOG:
                self._step("What follows from it", self._drain)
        finally:
            database.dispose()

    def _drain(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "workers.main", "drain"],
            cwd=ROOT,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StartError(f"The jobs of the demo data failed:\n{done.stderr[-2000:]}")

    def _start_programs(self, supervisor: Supervisor) -> None:
        if self.settings.stripe.is_local:
            port = free_port(self.settings.port + 1)
            self.environment["STRIPE_API_BASE"] = f"http://{LOOPBACK}:{port}"
            supervisor.start(self._stripe(port))
        web = self._web()
        workers = [self._program("worker", f"worker-{queue}", queue) for queue in QUEUES]
        self._step(
            "Web, workers and scheduler",
            lambda: supervisor.start(web, *workers, self._program("scheduler", "scheduler")),
            lambda: wait_until(self._ready, web, READY_SECONDS),
        )

    def _web(self) -> Child:
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
        address = ["--host", LOOPBACK, "--port", self.settings.port]
        size = ["--workers", WEB_PROCESSES, "--blocking-threads", WEB_THREADS]
        care = ["--respawn-failed-workers", "--workers-kill-timeout", 10]
        argv = [str(part) for part in (*granian, *address, *size, *care, "wsgi:app")]
        return self._child("Web server", "web", argv)

    def _program(self, program: str, log: str, queue: str | None = None) -> Child:
        chosen = ["--queue", queue] if queue else []
        name = f"Worker ({queue})" if queue else program.capitalize()
        return self._child(name, log, [sys.executable, "-m", "workers.main", program, *chosen])

    def _stripe(self, port: int) -> Child:
        argv = [sys.executable, "-m", "marketplace.local.stripe_server", "--port", str(port)]
        state = ["--state", str(self.settings.local_dir / "stripe.jsonl")]
        hook = ["--webhook-url", f"{self.base_url}{WEBHOOK_PATH}"]
        secret = ["--webhook-secret", self.settings.stripe.webhook_secret]
        return self._child("Local Stripe", "stripe", [*argv, *state, *hook, *secret])

    def _child(self, name: str, log: str, argv: list[str]) -> Child:
        path = self.logs / f"{log}.log"
        return Child(name, argv, log=path, env=self._environment(), cwd=ROOT)

    def _environment(self) -> dict[str, str]:
        """What our programs are told: the addresses that were settled here."""
        return self.environment | {
            "LOCAL_DIR": str(self.settings.local_dir),
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "PUBLIC_URL": self.settings.public_url,
            "PORT": str(self.settings.port),
            "PYTHONUNBUFFERED": "1",
            "TZ": "UTC",
        }

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _step(self, name: str, *actions: Callable[[], object]) -> None:
        self.say(f"{name} ...")
        started = time.monotonic()
        for action in actions:
            action()
        self.say(f"{name}: ready ({time.monotonic() - started:.1f} s)")

    def _detail(self, text: str) -> None:
        self.say(f"    {text}")

    def _welcome(self) -> str:
        """The addresses, and who may sign in."""
        lines = [
            "",
            f"Portal          {self.base_url}",
            f"API reference   {self.base_url}/api/docs",
            f"Logs            {self.logs}",
        ]
        if self.settings.smtp is None:
            lines.append(f"Outgoing mail   {self.settings.mail_dir}")
        people = self.settings.local_dir / "demo.json"
        if people.exists():
            lines += ["", *_table(json.loads(people.read_text()))]
        return "\n".join([*lines, "", "Ctrl-C stops everything."])


def _waiting_events(database: Database) -> int:
    waiting = select(func.count()).where(OutboxMessage.relayed_at.is_(None))
    with database.transaction() as session:
        return session.scalar(waiting) or 0


def _table(demo: dict[str, Any]) -> list[str]:
    """Who may sign in, in columns."""
    titles = {
        "role": "Role",
        "name": "Name",
        "organisation": "Organisation",
        "email": "E-mail",
        "password": "Password",
    }
    rows = [titles, *demo["people"]]
    widths = {key: max(len(str(row[key])) for row in rows) for key in titles}
    return ["  ".join(str(row[key]).ljust(widths[key]) for key in titles).rstrip() for row in rows]
