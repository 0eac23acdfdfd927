"""The portal as people use it: by keyboard, in both languages, on a phone, in the dark."""

import os
import re
from collections import Counter, deque
from html import unescape
from urllib.parse import urlsplit

import pytest

from marketplace.identity.permissions import Role
from tests.browser.conftest import PHONE, person
from tests.browser.hostile import Hostile

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
HREF = re.compile(r'href="(/[^"]*)"')
ELSEWHERE = re.compile(r"/static/|/api/|/password/")
PER_SHAPE = 3


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


def test_every_page_in_reach_works_and_is_free_of_barriers(visitor):
    looked, wrong, barriers, faults = set(), [], [], []
    for role in ROLES:
        guest = visitor()
        guest.sign_in(person(role))
        for path in reach(guest, wrong):
            if shape_of(path) not in looked:
                looked.add(shape_of(path))
                guest.goto(path)
                barriers += look_at(guest, f"{role}{shape_of(path).replace('/', '-')}")
        faults += guest.faults
    assert wrong == []
    assert barriers == []
    assert faults == []


def reach(guest, wrong):
    """Follow every link from home, a few of each shape; yields the pages, collects bad answers."""
    waiting, seen, shapes = deque(["/"]), {"/"}, Counter()
    while waiting:
        path = waiting.popleft()
        answer = guest.page.request.get(guest.site + path)
        if answer.status >= 400:
            wrong.append(f"{answer.status} {path}")
        if answer.status >= 400 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        yield path
        for found in HREF.findall(answer.text()):
            link = unescape(found).partition("#")[0]
            if link in seen or ELSEWHERE.search(link) or shapes[shape_of(link)] >= PER_SHAPE:
                continue
            seen.add(link)
            shapes[shape_of(link)] += 1
            waiting.append(link)


def look_at(guest, name):
    """Barriers of the present page; keeps a picture of it."""
    guest.screenshot(name)
    wider = overflow(guest)
    return guest.barriers() + ([f"{guest.page.url}: {wider} px too wide"] if wider > 0 else [])


def shape_of(path):
    """The path with ids and queries taken out: pages of one shape look alike."""
    return IDS.sub("id", urlsplit(path).path) + ("-file" if "format=" in path else "")


def overflow(guest):
    return guest.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


# the widest letters that a reader may have set: pages must not depend on the fonts of a machine
WIDE_LETTERS = "* { font-family: monospace !important; letter-spacing: 0.06em !important }"
NARROW = {
    Role.BUYER: [
        "/",
        "/rfqs",
        "/rfqs/kinds",
        "/rfqs/new",
        "/orders",
        "/suppliers",
        "/settings/profile",
    ],
    Role.APPROVER: ["/approvals", "/invoices", "/notices"],
    Role.SUPPLIER: ["/", "/bids", "/orders", "/settings/members"],
    Role.OPERATOR: ["/", "/suppliers", "/jobs"],
}


@pytest.mark.parametrize("role", NARROW)
def test_pages_stand_at_400_per_cent(visitor, role):
    guest = visitor(viewport={"width": 320, "height": 256}, bypass_csp=True)
    guest.sign_in(person(role))
    for path in NARROW[role]:
        assert guest.goto(path) == 200
        assert (path, overflow(guest)) == (path, 0)
        guest.page.add_style_tag(content=WIDE_LETTERS)
        assert (path, overflow(guest)) == (path, 0)


def test_the_menu_of_the_person_stays_on_a_narrow_screen(visitor):
    guest = visitor(viewport={"width": 320, "height": 256})
    guest.sign_in(person(Role.BUYER))
    guest.page.locator("details.menu summary").click()
    box = guest.page.locator(".menu-body").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320


class TestShownOnce:
    """What is shown only once, here a new API key, can be copied and printed by keyboard."""

    @pytest.fixture
    def guest(self, visitor):
        guest = visitor()
        guest.sign_in(person(Role.BUYER))
        guest.goto("/settings/api-keys")
        guest.page.locator("#f-name").fill("Spare")
        guest.page.locator("#f-name").press("Enter")
        guest.page.locator("#new-key").focus()
        guest.page.keyboard.press("Tab")
        return guest

    def test_copied_and_printed(self, guest):
        guest.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        guest.page.evaluate("window.print = () => { window.printed = true; }")
        guest.page.keyboard.press("Enter")
        guest.page.get_by_text("C’est copié.").wait_for()
        key = guest.page.locator("#new-key").input_value()
        assert key.startswith("mkt_")
        assert guest.page.evaluate("navigator.clipboard.readText()") == key
        guest.page.keyboard.press("Tab")
        guest.page.keyboard.press("Enter")
        assert guest.page.evaluate("window.printed")
        assert guest.barriers() == []
        assert guest.faults == []

    def test_selected_where_the_clipboard_is_out_of_reach(self, guest):
        guest.page.evaluate("delete Navigator.prototype.clipboard")
        guest.page.keyboard.press("Enter")
        guest.page.get_by_text("Le texte est sélectionné.").wait_for()
        key = guest.page.locator("#new-key").input_value()
        assert guest.page.evaluate("String(getSelection())") == key


class TestColumns:
    """Everybody chooses the columns of their lists; the browser keeps the choice."""

    STATE = 'main thead th:text-is("État")'

    def choose(self, guest):
        guest.goto("/rfqs")
        guest.page.locator(".columns-choice summary").focus()
        guest.page.keyboard.press("Enter")
        return guest.page.get_by_label("État", exact=True).and_(
            guest.page.locator("input[type=checkbox]")
        )

    def test_the_choice_is_kept_for_each_person(self, visitor):
        guest = visitor()
        guest.sign_in(person(Role.BUYER))
        box = self.choose(guest)
        assert guest.barriers() == []
        box.focus()
        guest.page.keyboard.press("Space")
        assert guest.page.locator(self.STATE).is_hidden()
        assert guest.page.locator("main tbody .tag").first.is_hidden()
        guest.goto("/rfqs")
        assert guest.page.locator(self.STATE).is_hidden()
        guest.page.context.clear_cookies()
        guest.sign_in(person(Role.APPROVER))
        guest.goto("/rfqs")
        assert guest.page.locator(self.STATE).is_visible()
        guest.page.context.clear_cookies()
        guest.sign_in(person(Role.BUYER))
        self.choose(guest).check()
        assert guest.page.locator(self.STATE).is_visible()
        assert guest.faults == []

    def test_the_name_of_a_row_stays(self, visitor):
        guest = visitor()
        guest.sign_in(person(Role.BUYER))
        self.choose(guest)
        offered = guest.page.locator(".columns-choice label").all_inner_texts()
        assert offered == [
            "Numéro",
            "Type de consultation",
            "État",
            "Date limite de remise des offres",
            "Lignes",
            "Devise",
        ]

    def test_without_javascript_every_column_stands(self, visitor):
        guest = visitor(java_script_enabled=False)
        guest.sign_in(person(Role.BUYER))
        guest.goto("/rfqs")
        assert guest.page.locator(self.STATE).is_visible()
        assert guest.page.locator(".columns-choice").is_hidden()


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


# Last in this file: what it sends changes the demo that the others look at.
@pytest.mark.parametrize("role", [Role.BUYER, Role.SUPPLIER, Role.APPROVER, Role.OPERATOR])
def test_no_form_answers_with_a_fault_of_ours(site, role):
    somebody = Hostile(site, person(role), seed=int(os.environ.get("HOSTILE_SEED", "20261125")))
    somebody.walk()
    assert somebody.faults == []
    assert somebody.sent > 20, somebody.seed
