"""Reading an event back from its stored form, for a job that names it."""

from typing import Any

from marketplace.core.outbox import EVENTS, Event
from marketplace.core.stored_events import restored
from workers.work import UnknownWork


def read(name: str, payload: dict[str, Any]) -> Event:
    """The event as it was recorded; UnknownWork when no event is called so any more."""
    if name not in EVENTS:
        raise UnknownWork(f"No event is called {name}.")
    return restored(name, payload)
