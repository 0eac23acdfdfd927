"""An event whose reactions wait to be killed, for the real worker program.

Only programs of these tests import this. A reaction announces itself by a file in the stage folder
and goes on once another file is there, so that a test knows where to strike.
"""

import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.core import outbox
from workers import leases, pump, registry, relay, runner
from workers.work import CallOut

STAGE = Path(os.environ.get("STAGE", "."))


@outbox.event
@dataclass(frozen=True)
class BellRung(outbox.Event):
    name: ClassVar[str] = "bell.rung"

    bell_id: UUID
    slow: bool


def note(session: Session, event: BellRung) -> None:
    """Leave an effect that can be counted; a slow bell waits in the middle of its transaction."""
    session.execute(text("INSERT INTO effect VALUES (:bell, 'noted')"), {"bell": event.bell_id})
    if event.slow:
        pause(f"noting-{event.bell_id}")


def prepare(_session: Session, event: BellRung) -> BellRung:
    return event


def toll(event: BellRung) -> UUID:
    """The outside: it knows its callers by their key and does each thing once."""
    with (STAGE / "outside").open("a") as calls:
        calls.write(f"{event.bell_id}\n")
    if event.slow:
        pause(f"tolling-{event.bell_id}")
    return event.bell_id


def record(session: Session, bell_id: UUID) -> None:
    session.execute(text("INSERT INTO effect VALUES (:bell, 'tolled')"), {"bell": bell_id})


def pause(name: str) -> None:
    """Say where we are, the first time, and wait to be let go on."""
    here = STAGE / f"{name}.{os.getpid()}"
    first = not list(STAGE.glob(f"{name}.*"))
    here.touch()
    while first and not (STAGE / "go").exists():
        time.sleep(0.02)


def install() -> None:
    """Subscribe the reactions, and shorten the waits that a test would sit out."""
    reactions = {"note": note, "toll": CallOut(prepare, toll, record)}
    relay.SUBSCRIPTIONS = {BellRung.name: reactions}
    for name, work in reactions.items():
        registry.REACTIONS[registry.job_name(BellRung.name, name)] = work
    runner.LEASE = leases.LEASE = timedelta(seconds=3)
    leases.RENEW_EVERY_SECONDS = 0.5
    relay.OFFER_HOLDS = timedelta(seconds=3)
    pump.SCHEDULE = {}
