"""One running instance per folder: the lock, and the port that it wants."""

import errno
import fcntl
import json
import os
import socket
from pathlib import Path
from typing import Any, TextIO

from marketplace.local.processes import StartError

LOOPBACK = "127.0.0.1"


class InstanceLock:
    """Held for as long as this process lives; it names us to whoever comes second."""

    def __init__(self, local_dir: Path) -> None:
        self.path = local_dir / "run.lock"
        self.file: TextIO | None = None

    def take(self, base_url: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = self._owner()
            raise StartError(
                f"The marketplace already runs at {owner.get('base_url', 'an unknown address')} "
                f"(process {owner.get('pid', 'unknown')}). Stop it there with Ctrl-C, or set "
                "LOCAL_DIR and PORT to run a second one."
            ) from error
        file.truncate(0)
        file.write(json.dumps({"pid": os.getpid(), "base_url": base_url}))
        file.flush()
        self.file = file

    def _owner(self) -> dict[str, Any]:
        try:
            owner: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return owner


def check_port(port: int) -> None:
    """Raise StartError when the port cannot be had, before anything has started."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise StartError(f"Port {port} needs root. Try: PORT=8001 make run") from error
            raise StartError(
                f"Port {port} is in use by another program. Try: PORT={port + 1} make run"
            ) from error


def free_port(preferred: int) -> int:
    """This port if nobody has it, so that addresses stay; any free one otherwise."""
    for port in (preferred, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            chosen: int = probe.getsockname()[1]
            return chosen
    raise StartError("This machine has no free port.")
