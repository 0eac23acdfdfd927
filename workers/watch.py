"""Looks at the service from outside, as a bidder would, and notes that it answered."""

import threading
import urllib.error
import urllib.request
from http.client import HTTPException

import structlog
from sqlalchemy.exc import SQLAlchemyError

from marketplace.core import outages
from marketplace.core.db import Database
from marketplace.core.errors import Unavailable

EVERY_SECONDS = 10.0
PATIENCE_SECONDS = 5.0
READY = "/readyz"

log = structlog.get_logger("workers")


class Watch:
    """Asks at the public address whether the service can be used."""

    def __init__(self, database: Database, public_url: str) -> None:
        self.database = database
        self.address = public_url.rstrip("/") + READY

    def run(self, stop: threading.Event) -> None:
        """Look every ten seconds until told to stop."""
        while not stop.wait(EVERY_SECONDS):
            self.look()

    def look(self) -> bool:
        """Whether it answered and that could be written down; what could not is a silence."""
        if not self.answers():
            return False
        try:
            self.database.run(outages.beat)
        except (SQLAlchemyError, Unavailable) as error:
            log.warning("watch.database_away", reason=type(error).__name__)
            return False
        return True

    def answers(self) -> bool:
        try:
            # our own address out of the settings, which are checked to be http or https
            with urllib.request.urlopen(self.address, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, HTTPException, urllib.error.URLError):
            return False
