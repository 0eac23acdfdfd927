"""Somebody who sends every form of the portal with what no form expects."""

import random
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from lxml import html

from marketplace.demo import world
from marketplace.demo.world import Person

IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
LEFT_ALONE = ("/sign-out", "/language", "/password", "/static/", "/api/")
TIMES = 2
TYPED = (
    "", "0", "-1", "1e309", "NaN", "9" * 40, "1.234567890123", "é" * 300, "a\x00b", "<script>",
    "2026-02-30", "31/02/2026", "25:61", "2026-11-25T25:00", "00000000-0000-0000-0000-000000000000",
    "no-uuid", "x" * 70_000, "\u202e", "😀" * 50, "1,5", "1 234,50", "[]", "%s", "../../etc/passwd",
    "Europe/Nowhere", "EUR ", "\r\nX: y", "٣",
)  # fmt: skip
FILES = (b"", b"\x00\xff", b"a;b\n1;2", b"PK\x03\x04zz", b'{"releases":[{}]}')


@dataclass
class Hostile:
    """``faults``: what was answered with a 5xx, ready to be read in a failure."""

    site: str
    person: Person
    seed: int
    sent: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.http = requests.Session()

    def walk(self) -> None:
        """Sign in, follow the links from home, and send each kind of form a few times."""
        self._sign_in()
        forms: Counter[str] = Counter()
        for path, page in self._pages():
            for form in page.xpath("//form"):
                action = (form.get("action") or path).split("#")[0]
                shape = IDS.sub("id", urlsplit(action).path)
                if action.startswith(LEFT_ALONE) or forms[shape]:
                    continue
                forms[shape] += 1
                for _time in range(TIMES):
                    self._send(form, action)

    def _sign_in(self) -> None:
        self.http.cookies.clear()
        self.http.post(
            f"{self.site}/sign-in",
            {"email": self.person.email, "password": world.PASSWORD, "next": "/"},
            allow_redirects=False,
        )

    def _pages(self) -> Iterator[tuple[str, html.HtmlElement]]:
        waiting, shapes = deque(["/"]), Counter({"/": 1})
        while waiting:
            path = waiting.popleft()
            answer = self.http.get(self.site + path)
            self._judge(answer, path)
            if "text/html" not in answer.headers.get("content-type", ""):
                continue
            page = html.fromstring(answer.text)
            yield path, page
            for link in page.xpath("//a[starts-with(@href, '/')]/@href"):
                shape = IDS.sub("id", urlsplit(link).path)
                if not link.startswith(LEFT_ALONE) and not shapes[shape]:
                    shapes[shape] += 1
                    waiting.append(link)

    def _send(self, form: html.HtmlElement, action: str) -> None:
        values, files = [], []
        for each in form.xpath(".//input|.//select|.//textarea|.//button"):
            name = each.get("name")
            if name == "csrf_token":
                values.append((name, each.get("value")))
            elif name and each.get("type") == "file":
                files.append((name, ("a.csv", self.chance.choice(FILES))))
            elif name and self.chance.random() < 0.9:
                as_it_was = self.chance.random() < 0.3
                typed = each.get("value") or "" if as_it_was else self.chance.choice(TYPED)
                values.append((name, typed))
        is_post = (form.get("method") or "get").lower() == "post"
        answer = (
            self.http.post(self.site + action, values, files=files or None, allow_redirects=False)
            if is_post
            else self.http.get(self.site + action, params=values, allow_redirects=False)
        )
        self.sent += 1
        self._judge(answer, f"{action} {values}")
        if "/sign-in" in answer.headers.get("location", ""):
            self._sign_in()

    def _judge(self, answer: requests.Response, what: str) -> None:
        if answer.status_code >= 500:
            self.faults.append(f"{answer.status_code} {what[:600]} (seed {self.seed})")
