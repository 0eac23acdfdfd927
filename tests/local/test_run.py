"""`marketplace run`: one command, and everything is there; one signal, and everything is gone."""

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from marketplace.local.instance import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240


class Run:
    """The command in a folder of its own, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port(0)
        self.output = folder.with_name("run.log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> "subprocess.Popen[bytes]":
        mine = {"LOCAL_DIR": str(self.folder), "PORT": str(self.port), **environment}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "STRIPE_SECRET_KEY")
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "marketplace.cli", "run", "--no-demo"],
                cwd=ROOT,
                env=inherited | mine,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def wait_until_it_says(self, words: str) -> None:
        assert self.process is not None
        wait(lambda: words in self.said or self.process.poll() is not None, self.output)  # type: ignore[union-attr]
        assert words in self.said, self.said

    @property
    def said(self) -> str:
        return self.output.read_text()

    def processes(self) -> set[int]:
        """Whatever runs in the name of this folder: told so, or with it in its arguments."""
        mine = str(self.folder).encode()
        return {
            int(path.name)
            for path in Path("/proc").iterdir()
            if path.name.isdigit() and (mine in read(path / "environ") + read(path / "cmdline"))
        }

    def get(self, path: str) -> tuple[int, bytes]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
            return answer.status, answer.read()


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def wait(holds: Callable[[], bool], log: Path) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < limit, log.read_text()
        time.sleep(0.1)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path / "local")
    yield run
    if run.process is not None and run.process.poll() is None:
        run.process.terminate()
        run.process.wait(60)


def test_one_command_starts_everything_and_one_signal_ends_it(run: Run) -> None:
    process = run.start()
    run.wait_until_it_says("Ctrl-C stops everything.")
    status, ready = run.get("/readyz")
    assert status == 200
    assert b'"database":"ok"' in ready.replace(b" ", b"")
    assert b'"redis":"ok"' in ready.replace(b" ", b"")
    assert run.get("/healthz")[0] == 200
    assert f"http://127.0.0.1:{run.port}" in run.said
    started = run.processes()
    assert len(started) >= 8

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    wait(lambda: not run.processes(), run.output)
    assert run.said.endswith("Stopped.\n")
    assert "Traceback" not in run.said


def test_a_second_start_goes_on_where_the_first_one_ended_however_it_ended(run: Run) -> None:
    process = run.start()
    run.wait_until_it_says("Ctrl-C stops everything.")
    process.kill()
    process.wait()
    wait(lambda: not run.processes(), run.output)

    process = run.start()
    run.wait_until_it_says("Ctrl-C stops everything.")
    assert not re.search(r"0001: Create", run.said)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    wait(lambda: not run.processes(), run.output)


def test_a_second_one_beside_it_is_refused_and_disturbs_nothing(run: Run, tmp_path: Path) -> None:
    run.start()
    run.wait_until_it_says("Ctrl-C stops everything.")
    beside = Run(run.folder)
    beside.output = tmp_path / "beside.log"
    assert beside.start().wait(120) == 1
    assert f"already runs at http://127.0.0.1:{run.port}" in beside.said

    elsewhere = Run(tmp_path / "elsewhere")
    elsewhere.output = tmp_path / "elsewhere.log"
    elsewhere.port = run.port
    assert elsewhere.start().wait(120) == 1
    assert f"Port {run.port} is in use" in elsewhere.said
    assert run.get("/readyz")[0] == 200
