"""A real browser on the demo: one server, one database and one Chromium for all these tests."""

import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from marketplace.app import create_app
from marketplace.core.db import Database
from marketplace.demo import seed, world
from marketplace.demo.world import Person
from marketplace.identity.permissions import Role
from marketplace.settings import Settings
from tests.conftest import WORKER_ROLE

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
HOW_TO_GET = (
    "There is no Chromium. Debian: apt-get install chromium; else: playwright install chromium"
)
WIDE = {"width": 1366, "height": 900}
PHONE = {"width": 390, "height": 844}
# axe's rules for WCAG 2.2 AA and its good practices; a finding of any is a failure
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def site(new_database: Callable[[], str], settings: Settings) -> Iterator[str]:
    """The address of a running portal with the demo in it."""
    url = new_database()
    own = replace(settings, database_url=url, migration_url=url)
    worker = Database(url, WORKER_ROLE)
    seed.load(worker, own)
    worker.dispose()
    server = make_server("127.0.0.1", 0, create_app(own), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        path = path or playwright.chromium.executable_path
        assert Path(path).exists(), HOW_TO_GET
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Somebody at a browser. ``faults`` collects what the browser complains about."""

    page: Page
    site: str
    faults: list[str]

    def goto(self, path: str) -> int:
        """Open a page of the portal; the status of the answer."""
        answer = self.page.goto(self.site + path)
        assert answer is not None
        return answer.status

    def sign_in(self, person: Person) -> None:
        self.goto("/sign-in")
        self.page.locator("#f-email").fill(person.email)
        self.page.locator("#f-password").fill(world.PASSWORD)
        self.page.locator("#f-password").press("Enter")
        self.page.wait_for_url(f"{self.site}/")

    def barriers(self) -> list[str]:
        """What axe finds on the present page, in short."""
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
        )
        return [
            f"{self.page.url}: {fault['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
            for fault in found["violations"]
            for node in fault["nodes"][:3]
        ]

    def screenshot(self, name: str) -> None:
        """Keep what the page looks like now."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.fixture
def visitor(chromium: Browser, site: str) -> Iterator[Callable[..., Visitor]]:
    """``visitor(viewport=..., color_scheme=..., java_script_enabled=...)``: a fresh browser."""
    contexts: list[BrowserContext] = []

    def arrive(**options: Any) -> Visitor:
        context = chromium.new_context(**{"viewport": WIDE, "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        guest = Visitor(page, site, [])
        page.on("pageerror", lambda error: guest.faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda said: (
                guest.faults.append(f"{page.url}: {said.text}")
                if said.type == "error" and "Failed to load resource" not in said.text
                else None
            ),
        )
        return guest

    yield arrive
    for context in contexts:
        context.close()


def person(role: Role) -> Person:
    """The first person of the demo who has this role, in the company where most happens."""
    people = [one for company in world.COMPANIES for one in company.people if role in one.roles]
    main = {
        one
        for company in world.COMPANIES
        if company.key == world.MAIN_BUYER
        for one in company.people
    }
    return next((one for one in people if one in main), people[0])
