"""The web application on a machine whose clock is five minutes fast."""

from datetime import datetime, timedelta

from marketplace.core import clock

honest = clock.wall


def fast() -> datetime:
    return honest() + timedelta(minutes=5)


clock.wall = fast

from wsgi import app  # noqa: E402 - its clock has to be wrong from the beginning

__all__ = ["app"]
