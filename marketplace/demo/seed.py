"""Loads the demo, once, in one transaction: a load that was broken off has left nothing."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.demo import cast, consequences, files, history, live, volume, world
from marketplace.demo.cast import Cast
from marketplace.demo.history import Clerk
from marketplace.demo.sourcing import PASSPHRASE, Sourcing
from marketplace.identity import authentication
from marketplace.identity.permissions import OrgKind, Role
from marketplace.rfq.sealing.envelopes import ServiceKeys
from marketplace.settings import Settings

# any number that nothing else in this database locks
ONE_AT_A_TIME = 5_110_774
LARGE = "large"
YEAR = timedelta(days=365)
# of several roles, the one for which a person stands in the list of those who may sign in
SHOWN_AS = (Role.REQUESTER, Role.BUYER, Role.APPROVER, Role.RECEIVER, Role.SUPPLIER, Role.OPERATOR,
            Role.AUDITOR)  # fmt: skip
Progress = Callable[[str], None]


@dataclass(frozen=True)
class DemoWorld:
    """What was loaded. ``is_new`` is false when it was there already."""

    cast: Cast
    is_new: bool


def load(
    database: Database,
    settings: Settings,
    *,
    scale: str = "demo",
    progress: Progress = lambda _words: None,
) -> DemoWorld:
    """Put the demo companies and their year of trade into the database, unless they are there.

    scale: ``demo``, or ``large`` for many rows on top (see `volume`). Refuses anything but a local
    environment: the passwords of the demo are known to everybody.
    """
    if not settings.is_local:
        raise ValueError("The demo has public passwords; it is loaded in a local environment only.")
    with database.transaction() as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
        session.execute(text("SET LOCAL statement_timeout = '120s'"))
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '120s'"))
        if authentication.email_taken(session, world.company(world.OPERATOR).people[0].email):
            return DemoWorld(cast.find(session), is_new=False)
        people = _load(session, settings, progress)
        if scale == LARGE:
            volume.fill(session, reference_day(clock.now()), progress)
        return DemoWorld(people, is_new=True)


def _load(session: Session, settings: Settings, progress: Progress) -> Cast:
    today = reference_day(clock.now())
    since = today - YEAR - timedelta(days=30)
    progress("companies, people and catalogues")
    people = cast.register(session, since)
    progress("supplier files and approval rules")
    files.prepare(session, people, since + timedelta(days=1), today)
    clerk = Clerk(session, people)
    progress("a year of orders")
    history.year(clerk, today - YEAR, today, progress)
    sourcing = Sourcing(session, people, ServiceKeys.from_secret(settings.secret_key))
    progress("requests for quotation that were awarded")
    live.past_awards(sourcing, clerk, today)
    consequences.forget_jobs(session)
    progress("what stands open today")
    live.present(sourcing, clerk, today)
    progress(f"“{live.TO_OPEN.title}” waits to be opened; its passphrase is: {PASSPHRASE}")
    return people


def reference_day(now: datetime) -> datetime:
    """The day on which the demo's present lies: at the same hour whenever it is loaded."""
    return now.replace(hour=8, minute=0, second=0, microsecond=0)


def write_people(path: Path, base_url: str) -> None:
    """Tell who may sign in, and with what, as JSON."""
    people = [
        {
            "role": str(next(role for role in SHOWN_AS if role in person.roles)),
            "name": person.name,
            "organisation": company.name,
            "email": person.email,
            "password": world.PASSWORD,
            "api_key": cast.api_key(person.email),
        }
        for company in _by_interest()
        for person in company.people
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"base_url": base_url, "people": people}, ensure_ascii=False, indent=2) + "\n",
        encoding="utf-8",
    )


def _by_interest() -> list[world.Company]:
    """The company where most happens first; of two people in one role readers take the first."""
    kinds = (OrgKind.BUYER, OrgKind.SUPPLIER, OrgKind.OPERATOR)
    return [company for kind in kinds for company in world.of_kind(kind)]
