"""What we start ends with us, and nothing of it stays behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from marketplace.local.processes import Child, StartError, command_of, wait_until
from marketplace.local.supervisor import Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# starts a child, tells its pid and waits
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
# the same, by our own means
PARENT = """
import sys, time
from pathlib import Path
from marketplace.local.processes import Child
argv = [sys.executable, "-c", "import time; time.sleep(600)"]
child = Child("Child", argv, log=Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""


def gone(pid: int) -> bool:
    return command_of(pid) == ""


def eventually(holds: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 20
    while not holds():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Child]:
    child = Child("Sleeper", SLEEP, log=tmp_path / "sleeper.log")
    child.start()
    yield child
    child.stop(grace=1)


def test_a_child_stops_when_asked(sleeper: Child) -> None:
    assert sleeper.running
    sleeper.stop()
    assert not sleeper.running


def test_one_that_does_not_listen_is_ended(tmp_path: Path) -> None:
    child = Child("Deaf", [sys.executable, "-c", DEAF], log=tmp_path / "deaf.log")
    child.start()
    assert eventually(lambda: "deaf" in child.last_words())
    child.stop(grace=0.2)
    assert not child.running


def test_children_of_a_child_end_with_it(tmp_path: Path) -> None:
    family = Child("Family", [sys.executable, "-c", FAMILY], log=tmp_path / "family.log")
    family.start()
    assert eventually(lambda: bool(family.last_words()))
    grandchild = int(family.last_words())
    os.kill(family.pid, signal.SIGKILL)
    family.stop(grace=1)
    assert eventually(lambda: gone(grandchild))


if sys.platform == "linux":  # where the kernel helps

    def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
        argv = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            child = int(parent.stdout.readline())
            parent.kill()
        assert eventually(lambda: gone(child))


def test_one_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    broken = Child(
        "Broken", [sys.executable, "-c", "raise SystemExit('no oil')"], log=tmp_path / "log"
    )
    broken.start()
    with pytest.raises(StartError, match=r"Broken ended while starting(.|\n)*no oil"):
        wait_until(lambda: False, broken, seconds=20)


def test_one_that_never_gets_ready_is_told(sleeper: Child) -> None:
    with pytest.raises(StartError, match="Sleeper was not ready after 0 s"):
        wait_until(lambda: False, sleeper, seconds=0.1)


class TestSupervisor:
    @pytest.fixture(autouse=True)
    def _signals(self) -> Iterator[None]:
        before = {number: signal.getsignal(number) for number in (1, 2, 15)}
        yield
        for number, handler in before.items():
            signal.signal(number, handler)

    def test_it_stops_what_it_started_whatever_happened(self, tmp_path: Path) -> None:
        children = [Child(f"c{n}", SLEEP, log=tmp_path / f"{n}.log") for n in range(3)]
        with suppress(ZeroDivisionError), Supervisor(print) as supervisor:
            supervisor.start(children[0])
            supervisor.start(*children[1:])
            assert all(child.running for child in children)
            raise ZeroDivisionError
        assert not any(child.running for child in children)

    def test_what_ends_by_itself_is_started_again(self, tmp_path: Path) -> None:
        said: list[str] = []
        child = Child("Fragile", SLEEP, log=tmp_path / "log")
        with Supervisor(said.append) as supervisor:
            supervisor.start(child)
            first = child.pid
            child.stop()
            (watched,) = supervisor.layers[0]
            watched.started_at -= 10
            supervisor._revive(watched)
            assert child.running
            assert child.pid != first
        assert said == ["Fragile ended; starting it again."]

    def test_it_waits_longer_each_time(self, tmp_path: Path) -> None:
        child = Child("Fragile", [sys.executable, "-c", ""], log=tmp_path / "log")
        with Supervisor(lambda _line: None) as supervisor:
            supervisor.start(child)
            (watched,) = supervisor.layers[0]
            pauses = []
            for _time in range(7):
                pauses.append(watched.pause)
                watched.started_at -= watched.pause
                supervisor._revive(watched)
        assert pauses == [1, 2, 4, 8, 16, 30, 30]
