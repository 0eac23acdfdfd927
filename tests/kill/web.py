"""The web application for a WSGI server, with a way to die between commit and answer.

A request that carries X-Die-After-Commit does its work, commits, and takes the process with it.
"""

import os
import signal
from collections.abc import Iterable
from typing import Any

from wsgi import app as application


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    answer = application(environ, start_response)
    if "HTTP_X_DIE_AFTER_COMMIT" in environ:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
