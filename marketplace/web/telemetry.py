"""Request ids, one log line per request, and the headers that every answer carries."""

import re
import secrets
import time

import structlog
from flask import Flask, Response, g, request

from marketplace.core.ids import uuid7
from marketplace.web.problems import elapsed_ms

REQUEST_ID = "X-Request-Id"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
log = structlog.get_logger()


def install(app: Flask) -> None:
    """Watch every request of this application."""
    app.before_request(_begin)
    app.after_request(_finish)


def csp_nonce() -> str:
    """The nonce of this answer's Content-Security-Policy."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(12)
    nonce: str = g.csp_nonce
    return nonce


def _begin() -> None:
    given = request.headers.get(REQUEST_ID, "")
    g.request_id = given if _ACCEPTABLE_ID.fullmatch(given) else str(uuid7())
    g.started = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _finish(response: Response) -> Response:
    headers = response.headers
    headers[REQUEST_ID] = g.get("request_id", "")
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", _policy())
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
        _log(response)
    return response


def _policy() -> str:
    nonce = csp_nonce()
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}';"
        f" connect-src 'self'; img-src 'self' data:; object-src 'none';"
        " base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    )


def _log(response: Response) -> None:
    actor = g.get("actor")
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=elapsed_ms(g.started) if "started" in g else None,
        org_id=str(actor.org_id) if actor else None,
        person_id=str(actor.person_id) if actor else None,
    )
