"""Whoever comes second is told so, before anything has started."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from marketplace.local.instance import InstanceLock, check_port, free_port
from marketplace.local.processes import StartError

TAKE_THE_LOCK = """
import sys
from pathlib import Path
from marketplace.local.instance import InstanceLock
InstanceLock(Path(sys.argv[1])).take("http://127.0.0.1:8001")
"""


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_busy_port_is_refused_with_the_way_out(busy_port: int) -> None:
    with pytest.raises(StartError, match=f"Port {busy_port} is in use.*PORT={busy_port + 1}"):
        check_port(busy_port)


def test_a_free_port_is_fine(busy_port: int) -> None:
    check_port(free_port(busy_port))


def test_the_preferred_port_is_taken_when_it_is_free() -> None:
    port = free_port(0)
    assert free_port(port) == port


def test_a_busy_preferred_port_is_replaced(busy_port: int) -> None:
    assert free_port(busy_port) != busy_port


def test_the_second_instance_learns_where_the_first_one_is(tmp_path: Path) -> None:
    first = InstanceLock(tmp_path)
    first.take("http://127.0.0.1:8000")
    second = subprocess.run(
        [
            sys.executable,
            "-c",
            TAKE_THE_LOCK,
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    said = f"already runs at http://127.0.0.1:8000 (process {os.getpid()})"
    assert said in second.stderr


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text('{"pid": 1, "base_url": "http://127.0.0.1:8000"}')
    InstanceLock(tmp_path).take("http://127.0.0.1:8001")
    assert "8001" in (tmp_path / "run.lock").read_text()
