"""Callers of the application in tests: a partner's program and a browser without JavaScript."""

import re
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from marketplace.identity import authentication
from marketplace.web.blueprints import CSRF_HEADER
from marketplace.web.context import SESSION_COOKIE, WebApp

API = "/api/v1"


class ApiClient:
    """Calls ``/api/v1``. Every POST gets a new Idempotency-Key unless one is given (or None)."""

    def __init__(self, app: WebApp, session: Session, key: str | None) -> None:
        self.browser: FlaskClient = app.test_client()
        self.session = session
        self.key = key

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(
        self, path: str, *, idempotency_key: str | None = "new", **kwargs: Any
    ) -> TestResponse:
        headers = dict(kwargs.pop("headers", None) or {})
        if idempotency_key is not None:
            new = str(uuid4()) if idempotency_key == "new" else idempotency_key
            headers["Idempotency-Key"] = new
        return self.call("POST", path, headers=headers, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PATCH", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PUT", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("DELETE", path, **kwargs)

    def call(
        self, method: str, path: str, *, version: int | str | None = None, **kwargs: Any
    ) -> TestResponse:
        """``version`` becomes If-Match."""
        headers = dict(kwargs.pop("headers", None) or {})
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        self.session.flush()
        answer = self.browser.open(API + path, method=method, headers=headers, **kwargs)
        self.session.expire_all()
        return answer


class PortalClient:
    """A signed-in person's browser; forms get their CSRF token by themselves."""

    def __init__(self, app: WebApp, session: Session, token: str) -> None:
        self.browser: FlaskClient = app.test_client()
        self.browser.set_cookie(SESSION_COOKIE, token)
        self.session = session
        self.csrf = authentication.csrf_token(app.settings.secret_key, token)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        self.session.flush()
        answer = self.browser.get(path, **kwargs)
        self.session.expire_all()
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        self.session.flush()
        form = {"csrf_token": self.csrf, **(data or {})}
        answer = self.browser.post(path, data=form, **kwargs)
        self.session.expire_all()
        return answer

    def by_script(self, method: str, path: str, data: bytes = b"") -> TestResponse:
        """What a page's script sends: bytes, with the token in a header."""
        self.session.flush()
        headers = {CSRF_HEADER: self.csrf}
        answer = self.browser.open(path, method=method, data=data, headers=headers)
        self.session.expire_all()
        return answer


def words(answer: TestResponse) -> str:
    """The text of a page, without markup and with single spaces."""
    bare = re.sub(r"<(script|style|svg).*?</\1>|<[^>]+>", " ", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", bare).strip()
