"""A stage: real PostgreSQL, real Valkey, and the real programs in processes of their own."""

import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from marketplace.core import outbox
from marketplace.core.db import Database
from marketplace.core.ids import uuid7
from marketplace.local.processes import Child
from marketplace.local.valkey import Valkey
from marketplace.settings import Settings
from tests.kill.bells import BellRung

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 180


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.kill)


class Stage:
    """What a test does to the programs, and what it sees of them."""

    def __init__(self, settings: Settings, folder: Path, valkey: Valkey) -> None:
        self.settings = settings
        self.folder = folder
        self.valkey = valkey
        self.database = Database(settings.database_url, "marketplace_worker")
        self.programs: list[Child] = []
        self.children: list[int] = []

    def start(self, *arguments: str, module: str = "tests.kill.program", **env: str) -> Child:
        name = "-".join((*arguments, str(len(self.programs)))).replace("--queue-", "")
        environment = {
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.valkey.url,
            "LOCAL_DIR": str(self.folder),
            "STAGE": str(self.folder),
            "SECRET_KEY": self.settings.secret_key,
            **env,
        }
        argv = [sys.executable, "-m", module, *arguments]
        log = self.folder / f"{name}.log"
        child = Child(name, argv, log=log, env=os.environ | environment, cwd=ROOT)
        child.start()
        self.programs.append(child)
        return child

    def ring(self, times: int = 1, *, slow: bool = False) -> list[UUID]:
        bells = [uuid7() for _ring in range(times)]
        with self.database.transaction() as session:
            for bell_id in bells:
                outbox.record(session, BellRung(bell_id, slow=slow))
        return bells

    def effects(self) -> Counter[tuple[UUID, str]]:
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT bell_id, who FROM effect"))
            return Counter((row.bell_id, row.who) for row in rows)

    def jobs(self) -> Counter[str]:
        """How many jobs are in which state."""
        with self.database.transaction() as session:
            rows = session.execute(text("SELECT state, count(*) AS n FROM job GROUP BY state"))
            return Counter({row.state: row.n for row in rows})

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.valkey.url)

    def reached(self, name: str) -> int:
        """Wait until a reaction is at this place; the process that is there."""
        self.wait(lambda: any(self.folder.glob(f"{name}.*")), f"nobody reached {name}")
        pid = int(next(self.folder.glob(f"{name}.*")).suffix[1:])
        self.children.append(pid)
        return pid

    def let_go(self) -> None:
        (self.folder / "go").touch()

    def wait(self, done: Callable[[], bool], otherwise: str) -> None:
        limit = time.monotonic() + PATIENCE_SECONDS
        while not done():
            assert time.monotonic() < limit, f"{otherwise}\n{self.logs()}"
            time.sleep(0.1)

    def logs(self) -> str:
        return "\n".join(program.last_words() for program in self.programs)

    def wait_for_done(self, jobs: int) -> None:
        self.wait(lambda: self.jobs() == {"done": jobs}, f"not {jobs} jobs done")

    def check_once(self, bells: list[UUID]) -> None:
        """Every effect of every bell happened exactly once."""
        assert self.effects() == {(bell, who): 1 for bell in bells for who in ("noted", "tolled")}

    def clear(self) -> None:
        """An empty stage for the next test; programs that run stay."""
        with self.database.transaction() as session:
            for table in ("effect", "job", "outbox", "outbox_consumed"):
                session.execute(text(f"DELETE FROM {table}"))
        for leftover in (*self.folder.glob("*ing-*"), self.folder / "go", self.folder / "outside"):
            leftover.unlink(missing_ok=True)

    def program(self, name: str) -> Child:
        """The newest program of this name."""
        return next(each for each in reversed(self.programs) if each.name.startswith(name))

    def look_after_programs(self) -> None:
        """Start again what has ended, as a supervisor does."""
        for program in self.programs:
            if not program.running:
                program.start()

    def stop_all(self) -> None:
        for program in self.programs:
            program.stop(grace=3)
        for pid in self.children:
            with suppress(ProcessLookupError):
                kill(pid)
        self.programs.clear()
        self.children.clear()

    def close(self) -> None:
        self.stop_all()
        self.database.dispose()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether the process does anything; one that waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture(scope="module")
def whole_stage(
    new_database: Callable[[], str],
    settings: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stage]:
    url = new_database()
    owner = Database(url, None)
    with owner.transaction() as session:
        session.execute(text("CREATE TABLE effect (bell_id uuid NOT NULL, who text NOT NULL)"))
        session.execute(text("GRANT ALL ON effect TO marketplace_worker"))
    owner.dispose()
    folder = tmp_path_factory.mktemp("stage")
    with (
        tempfile.TemporaryDirectory(prefix="mp-") as sockets,
        Valkey(folder / "valkey", Path(sockets), log=folder / "valkey.log") as valkey,
    ):
        stage = Stage(replace(settings, database_url=url), folder, valkey)
        yield stage
        stage.close()


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    """The stage, cleared, with nothing running."""
    whole_stage.stop_all()
    whole_stage.redis().flushall()
    whole_stage.clear()
    return whole_stage


@pytest.fixture
def running(whole_stage: Stage) -> Stage:
    """The stage, cleared, with a scheduler and a worker for each kind of reaction."""
    whole_stage.clear()
    programs = {
        "scheduler": ("scheduler",),
        "worker-default": ("worker", "--queue", "default"),
        "worker-calls": ("worker", "--queue", "calls"),
    }
    ours = [each.name.rpartition("-")[0] for each in whole_stage.programs if each.running]
    for name, arguments in programs.items():
        if name not in ours:
            whole_stage.start(*arguments)
    return whole_stage
