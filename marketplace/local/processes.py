"""Processes that we start: they end with us, and nothing of theirs stays behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 12.0
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(Exception):
    """Something does not start; the message says what and what to do."""


class Child:
    """A program in a process group of its own, with its output in a file."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.argv = [str(part) for part in argv]
        self.log = log
        self.env = dict(os.environ if env is None else env)
        self.cwd = cwd
        self.stop_signal = stop_signal
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.env,
                cwd=self.cwd,
                process_group=0,
                preexec_fn=dies_with_parent(self.stop_signal),
            )
        self.started_at = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        if self.process is None:
            raise RuntimeError(f"{self.name} has not been started.")
        return self.process.pid

    def ask_to_stop(self) -> None:
        if self.running:
            with suppress(ProcessLookupError):
                os.kill(self.pid, self.stop_signal)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Ask, wait, then end the whole group; also what an ended leader left behind."""
        if self.process is None:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        end_group(self.process.pid)
        self.process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its log, for a message about its failure."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def end_group(group: int) -> None:
    """End whatever is left of a process group at once."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def dies_with_parent(ending: signal.Signals) -> Callable[[], None] | None:
    """What a child calls before its program starts, so that it does not outlive us (Linux only)."""
    if LIBC is None:
        return None
    prctl, parent = LIBC.prctl, os.getpid()

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, int(ending), 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), ending)

    return ask_the_kernel


def command_of(pid: int) -> str:
    """The command line of a process; empty when there is no such process (or only its remains)."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        with suppress(OSError):
            return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""
    ps = subprocess.run(
        ["/bin/ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return ps.stdout.strip()


def wait_until(ready: Callable[[], bool], child: Child, seconds: float) -> None:
    """Poll until it is ready; raise StartError with its last words when it ends or stays silent."""
    limit = time.monotonic() + seconds
    while not ready():
        if not child.running:
            raise StartError(f"{child.name} ended while starting. Its log:\n{child.last_words()}")
        if time.monotonic() > limit:
            said = child.last_words()
            raise StartError(f"{child.name} was not ready after {seconds:.0f} s. Its log:\n{said}")
        time.sleep(0.03)
