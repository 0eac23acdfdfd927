"""Processes that are killed at every step they take, one step further each time.

A step is a statement or a commit in PostgreSQL, or whatever the work itself calls a step. The
process is killed by SIGKILL just before it, so that nothing of its own can tidy up.
"""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from itertools import count

from sqlalchemy import Engine, event

Step = Callable[[], None]


def killed_at_every_step(work: Callable[[Step], None]) -> Iterator[int]:
    """Run the work in a new process again and again; yields each step at which it was killed.

    It ends with the run that came through. The work makes its own connections.
    """
    for last in count(1):
        if not _dies(work, last):
            return
        yield last


def _dies(work: Callable[[Step], None], last: int) -> bool:
    pid = os.fork()
    if pid == 0:
        _run_and_leave(work, last)
    _pid, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0, "the work failed by itself; its traceback stands above"
    return False


def _run_and_leave(work: Callable[[Step], None], last: int) -> None:
    taken = count(1)

    def step(*_details: object) -> None:
        if next(taken) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", step)
    event.listen(Engine, "commit", step)
    try:
        work(step)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
