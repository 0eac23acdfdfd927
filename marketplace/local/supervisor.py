"""Keeps services running until told to stop, then stops what it started and nothing else."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from marketplace.local.processes import StartError

CHECK_SECONDS = 0.3
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
# A service that ran this long starts anew with the first pause.
SETTLED_SECONDS = 60.0
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Service(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def running(self) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Ended(BaseException):
    """A signal asked us to stop. Not an Exception: nothing on the way may swallow it."""


@dataclass
class Watched:
    service: Service
    started_at: float
    pause: float = FIRST_PAUSE


class Supervisor:
    """Use as a context: whatever was started inside is stopped at its end, whatever happened."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.layers: list[list[Watched]] = []

    def start(self, *services: Service) -> None:
        """Start these side by side, above all that was started before."""
        layer: list[Watched] = []
        self.layers.append(layer)
        for service in services:
            layer.append(Watched(service, time.monotonic()))
            service.start()

    def watch(self) -> None:
        """Start again what ends by itself, until a signal comes."""
        while True:
            for layer in self.layers:
                for watched in layer:
                    if not watched.service.running:
                        self._revive(watched)
            time.sleep(CHECK_SECONDS)

    def _revive(self, watched: Watched) -> None:
        now = time.monotonic()
        ran = now - watched.started_at
        if ran > SETTLED_SECONDS:
            watched.pause = FIRST_PAUSE
        if ran < watched.pause:
            return
        self.say(f"{watched.service.name} ended; starting it again.")
        watched.pause = min(watched.pause * 2, LONGEST_PAUSE)
        watched.started_at = now
        watched.service.stop()
        try:
            watched.service.start()
        except StartError as error:
            self.say(str(error))

    def __enter__(self) -> "Supervisor":
        for ending in ENDINGS:
            signal.signal(ending, _end)
        return self

    def __exit__(self, *_raised: object) -> None:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        for layer in reversed(self.layers):
            stoppers = [threading.Thread(target=each.service.stop) for each in layer]
            for stopper in stoppers:
                stopper.start()
            for stopper in stoppers:
                stopper.join()


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise Ended
