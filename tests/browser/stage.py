"""What the flow is played on: a small world, the portal, its workers and a Stripe server."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Browser, BrowserContext
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from marketplace.app import create_app
from marketplace.core import clock
from marketplace.core.db import Database
from marketplace.demo import cast, files, world
from marketplace.identity import models as identity
from marketplace.identity.permissions import Actor, Role
from marketplace.local.stripe_server import LocalStripe
from marketplace.settings import Settings
from marketplace.web.context import SESSION_COOKIE
from tests.browser.conftest import WIDE, Visitor
from tests.conftest import WORKER_ROLE, sign_in_token
from tests.factories.payments import with_stripe
from workers.inline import drain

TIMEOUT = 30_000
BUYER = world.company(world.MAIN_BUYER)
WINNER, DEAR, CHEAP = (world.company(key) for key in ("lumiere", "horizon", "kessler"))
# everybody works in English, but for the winning supplier
FRENCH = WINNER.people[0].email


class Guest(Visitor):
    """Somebody at a browser who clicks through the portal."""

    def open(self, path: str) -> None:
        assert self.goto(path) == 200, self.page.url

    def click(self, name: str) -> None:
        """Press the button or follow the link with this name."""
        main = self.page.locator("main")
        button = main.get_by_role("button", name=name, exact=True)
        button.or_(main.get_by_role("link", name=name, exact=True)).first.click()

    def confirm(self, name: str) -> None:
        """Press a button that asks once, and say yes."""
        self.click(name)
        self.page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()

    def fill(self, **fields: str) -> None:
        """Fields of the form by their names, with __ for the dot."""
        for name, value in fields.items():
            self.page.locator(f'[name="{name.replace("__", ".")}"]').first.fill(value)

    def text(self) -> str:
        """What the main column says, every kind of space as one blank."""
        return " ".join(self.page.locator("main").inner_text().split())

    def sees(self, *words: str) -> None:
        """All these words come to stand in the main column."""
        ends = time.monotonic() + TIMEOUT / 1000
        while missing := [each for each in words if each not in self.text()]:
            assert time.monotonic() < ends, f"{missing} not in: {self.text()}"
            self.page.wait_for_timeout(100)

    def sees_nothing_of(self, *words: str) -> None:
        whole = self.page.content()
        present = [each for each in words if each in whole]
        assert not present, f"{self.page.url} gives away {present}"

    def row(self, words: str) -> list[str]:
        """The cells of the first row of a table that has these words."""
        row = self.page.locator("main tr").filter(has_text=words).first
        return [" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()]


@dataclass
class Stage:
    """The running marketplace of one test."""

    address: str
    settings: Settings
    database: Database
    chromium: Browser
    contexts: list[BrowserContext]
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The time on this stage: that of the machine, unless the play has gone on to later."""
        return clock.wall() + self.ahead

    def go_on_to(self, later: datetime) -> None:
        """Let the time until then pass; whoever comes on afterwards signs in anew."""
        self.ahead = max(later - clock.wall(), self.ahead)

    @contextmanager
    def time(self) -> Iterator[None]:
        """What is done in this block is done at the stage's time."""
        if not self.ahead:
            yield
            return
        with clock.frozen(self.now()):
            yield

    def work(self) -> None:
        """Let the workers do what is due."""
        with self.time():
            drain(self.database, self.settings)

    def until(self, seen: Callable[[], bool], what: str) -> None:
        """Let the workers work until this is so; what others start takes its time."""
        ends = time.monotonic() + TIMEOUT / 1000
        while True:
            self.work()
            if seen():
                return
            assert time.monotonic() < ends, f"{what} did not happen"
            time.sleep(0.2)

    def enter(self, person: world.Person) -> Guest:
        """This person signs in, in a browser of their own."""
        guest = self.stranger()
        guest.sign_in(person)
        return guest

    def enter_as(self, actor: Actor) -> Guest:
        """Somebody without a password comes on, signed in."""
        with self.time(), self.database.transaction() as session:
            token = sign_in_token(session, actor)
        return self.enter_with(token)

    def enter_with(self, token: str) -> Guest:
        """Somebody whose session has been opened comes on."""
        guest = self.stranger()
        cookie: Any = {"name": SESSION_COOKIE, "value": token, "url": self.address}
        guest.page.context.add_cookies([cookie])
        return guest

    def stranger(self) -> Guest:
        """Somebody at a browser of their own."""
        context = self.chromium.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]
        self.contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        guest = Guest(page, self.address, [])
        page.on("pageerror", lambda error: guest.faults.append(f"{page.url}: {error}"))
        return guest


@contextmanager
def open_stage(url: str, settings: Settings, chromium: Browser) -> Iterator[Stage]:
    """A portal with the demo's companies in it, but nothing that they did yet."""
    database = Database(url, WORKER_ROLE)
    with database.transaction() as session:
        populate(session)
    server: Any = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
    address = f"http://127.0.0.1:{server.port}"
    stripe = LocalStripe(webhook_url=f"{address}/api/v1/stripe/webhooks").start()
    own = replace(settings, database_url=url, migration_url=url, public_url=address)
    own = with_stripe(own, stripe)
    stage = Stage(address, own, database, chromium, [])
    app = create_app(own)

    def at_its_time(environ: Any, start_response: Any) -> Any:
        with stage.time():
            return app(environ, start_response)

    server.app = at_its_time
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stage
    finally:
        for context in stage.contexts:
            context.close()
        server.shutdown()
        thread.join()
        stripe.stop()
        database.dispose()


def populate(session: Session) -> None:
    """Everybody registers; suppliers are checked and qualified by the operator."""
    today = clock.now()
    since = today - timedelta(days=30)
    people = cast.register(session, since)
    files.prepare(session, people, since + timedelta(days=1), today)
    for company in (BUYER, WINNER, DEAR, CHEAP):
        for actor, person in zip(people.actors[company.key], company.people, strict=True):
            row = session.get_one(identity.Person, actor.person)
            row.locale = "fr" if person.email == FRENCH else "en"


def member(role: Role) -> world.Person:
    """The person of the buying company in this role."""
    return next(person for person in BUYER.people if role in person.roles)
