"""The portal as people use it: by keyboard, in both languages, on a phone, in the dark."""

import re
from collections import Counter, deque
from urllib.parse import urlsplit

import pytest

from marketplace.identity.permissions import Role
from tests.browser.conftest import PHONE, person

ROLES = [
    Role.REQUESTER,
    Role.BUYER,
    Role.APPROVER,
    Role.RECEIVER,
    Role.SUPPLIER,
    Role.OPERATOR,
    Role.AUDITOR,
]
IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# addresses that answer with a file
FILES = re.compile(r"/documents/|/template$|format=|\.(xlsx|csv|pdf|zip|json|asc|pem)$")
ELSEWHERE = re.compile(r"/static/|/api/|/password/")
PAGES_AT_MOST = 70
PER_SHAPE = 2


class TestSignIn:
    def test_by_keyboard_alone(self, visitor):
        guest = visitor()
        guest.goto("/sign-in")
        keys = guest.page.keyboard
        keys.press("Tab")
        assert guest.page.evaluate("document.activeElement.className") == "skip-link"
        guest.page.locator("#f-email").focus()
        keys.type(person(Role.BUYER).email)
        keys.press("Tab")
        keys.type("open-the-market")
        keys.press("Tab")
        keys.press("Enter")
        guest.page.wait_for_url(f"{guest.site}/")
        keys.press("/")
        assert guest.page.evaluate("document.activeElement.id") == "search"

    def test_without_javascript(self, visitor):
        guest = visitor(java_script_enabled=False)
        guest.sign_in(person(Role.BUYER))
        assert guest.page.locator("h1").count() == 1
        guest.page.locator("details.menu summary").click()
        assert guest.page.locator(".menu-body").is_visible()

    def test_a_wrong_password_says_so_beside_the_fields(self, visitor):
        guest = visitor()
        guest.goto("/sign-in")
        guest.page.locator("#f-email").fill("nobody@place.example")
        guest.page.locator("#f-password").fill("not the password")
        guest.page.locator("#f-password").press("Enter")
        guest.page.wait_for_selector("#errors")
        assert guest.page.evaluate("document.activeElement.id") == "errors"
        assert guest.page.locator("#f-email").input_value() == "nobody@place.example"
        assert guest.barriers() == []


class TestLanguage:
    def test_it_changes_in_place(self, visitor):
        guest = visitor()
        guest.sign_in(person(Role.BUYER))
        guest.goto("/settings/profile")
        guest.page.locator(".languages button[value=en]").click()
        guest.page.wait_for_selector("html[lang=en]")
        assert guest.page.url.endswith("/settings/profile")
        guest.page.locator(".languages button[value=fr]").click()
        guest.page.wait_for_selector("html[lang=fr]")
        assert "Mon profil" in guest.page.locator("main").inner_text()


@pytest.mark.parametrize("role", ROLES)
class TestEveryRole:
    def test_home_is_free_of_barriers_in_light_and_dark(self, visitor, role):
        for scheme in ("light", "dark"):
            guest = visitor(color_scheme=scheme)
            guest.sign_in(person(role))
            assert guest.barriers() == []
            guest.screenshot(f"home-{role}-{scheme}")
            assert guest.faults == []

    def test_home_fits_a_phone(self, visitor, role):
        guest = visitor(viewport=PHONE, has_touch=True)
        guest.sign_in(person(role))
        assert overflow(guest) <= 0
        guest.page.locator(".nav-button").click()
        assert guest.page.locator("#navigation").is_visible()
        guest.screenshot(f"home-{role}-phone")
        assert guest.barriers() == []

    def test_every_page_in_reach_works_and_is_free_of_barriers(self, visitor, role):
        guest = visitor()
        guest.sign_in(person(role))
        wrong, barriers = crawl(guest, str(role))
        assert wrong == []
        assert barriers == []
        assert guest.faults == []


def crawl(guest, role):
    """Follow every link from home; at most two pages of each shape. Bad answers, and barriers."""
    waiting, seen, shapes = deque(["/"]), {"/"}, Counter()
    wrong, barriers, visited = [], [], 0
    while waiting and visited < PAGES_AT_MOST:
        path = waiting.popleft()
        visited += 1
        if FILES.search(path):
            status = guest.page.request.get(guest.site + path).status
            wrong += [f"{status} {path}"] if status >= 400 else []
            continue
        status = guest.goto(path)
        if status >= 400:
            wrong.append(f"{status} {path}")
            continue
        barriers += look_at(guest, path, f"{role}{shape_of(path).replace('/', '-')}")
        for found in links_of(guest):
            shape = shape_of(found)
            if found not in seen and not ELSEWHERE.search(found) and shapes[shape] < PER_SHAPE:
                seen.add(found)
                shapes[shape] += 1
                waiting.append(found)
    return wrong, barriers


def look_at(guest, path, name):
    """Barriers of the present page; keeps a picture of it."""
    guest.screenshot(name)
    wider = overflow(guest)
    return guest.barriers() + ([f"{path}: overflow: {wider} px"] if wider > 0 else [])


def links_of(guest):
    """Addresses within the portal that the present page leads to."""
    for link in guest.page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)"):
        target = urlsplit(link)
        if link.startswith(guest.site):
            yield target.path + (f"?{target.query}" if target.query else "")


def shape_of(path):
    """The path with ids and queries taken out: pages of one shape look alike."""
    return IDS.sub("id", urlsplit(path).path) + ("-file" if FILES.search(path) else "")


def overflow(guest):
    return guest.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.parametrize("path", ["/", "/rfqs", "/orders", "/settings/profile", "/notices"])
def test_pages_stand_at_400_per_cent(visitor, path):
    guest = visitor(viewport={"width": 320, "height": 256})
    guest.sign_in(person(Role.BUYER))
    assert guest.goto(path) == 200
    assert overflow(guest) <= 0


def test_errors_are_pages_too(visitor):
    guest = visitor()
    guest.sign_in(person(Role.BUYER))
    assert guest.goto("/rfqs/00000000-0000-0000-0000-000000000000") == 404
    assert guest.barriers() == []
    guest.screenshot("error-404")


def test_the_search_finds_an_order(visitor):
    guest = visitor()
    guest.sign_in(person(Role.BUYER))
    guest.page.locator("#search").fill("PO-")
    guest.page.locator("#search").press("Enter")
    guest.page.wait_for_url("**/search?q=PO-")
    assert guest.page.locator('main a[href^="/orders/"]').count() > 0
    assert guest.barriers() == []
    guest.screenshot("search")
