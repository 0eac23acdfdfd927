"""Every refusal as one kind of answer: problem details for partners, a page for people."""

import time
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, redirect, render_template, request, url_for
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from marketplace.core import errors
from marketplace.core.errors import DomainError
from marketplace.core.text import Text, _
from marketplace.web.context import LONGEST_ADDRESS, is_api, json_response

log = structlog.get_logger()

STATUS: dict[type[DomainError], int] = {
    errors.NotFound: 404,
    errors.NotAllowed: 403,
    errors.NotAuthenticated: 401,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
HTTP_CODES: dict[int, tuple[str, Text]] = {
    400: ("unreadable", _("The request cannot be read")),
    401: ("not_authenticated", _("Please sign in")),
    403: ("not_allowed", _("Not allowed")),
    404: ("not_found", _("Not found")),
    405: ("method_not_allowed", _("This method is not offered here")),
    406: ("not_acceptable", _("This format is not offered")),
    412: ("stale", _("Changed in the meantime")),
    413: ("too_large", _("Too large")),
    414: ("too_large", _("Too large")),
    415: ("unsupported_media_type", _("This media type is not read here")),
    428: ("precondition_required", _("If-Match is missing")),
    429: ("too_many_requests", _("Too many requests")),
    431: ("too_large", _("Too large")),
    500: ("internal_error", _("Something went wrong on our side")),
    503: ("unavailable", _("Not available right now")),
}
DETAILS: dict[int, Text] = {
    404: _("There is nothing at this address, or it is not yours to see."),
    405: _("Look up in the documentation what this address offers."),
    413: _("What you sent is larger than allowed. Send less, or split it."),
    500: _("Nothing was changed. Please try again; if it stays, tell us the request id."),
}


class PreconditionRequired(HTTPException):
    code = 428
    description = ""


def register(app: Flask) -> None:
    """Answer every exception of this application here."""
    app.register_error_handler(DomainError, answer)
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, answer)


def answer(error: Exception) -> Response:
    """The response to any exception."""
    known = _translate(error)
    if isinstance(known, errors.Unavailable):
        for note in current_app.extensions.get("unavailable", ()):
            note(known)
    if isinstance(known, DomainError):
        return _render(_status(known), known.code, known.title, known.detail, known)
    if isinstance(known, HTTPException):
        return _http(known)
    log.error("unexpected", exc_info=error, path=request.path)
    return _render(500, *HTTP_CODES[500], DETAILS[500])


def _translate(error: Exception) -> Exception:
    """What the database's own refusals mean."""
    if isinstance(error, StaleDataError):
        return errors.Stale(
            _("Somebody changed this in the meantime. Load it again, then repeat your change.")
        )
    if isinstance(error, IntegrityError):
        log.warning("integrity", constraint=_constraint(error), path=request.path)
        return errors.Conflict(
            _("Somebody else did this first, or something it needs is gone. Load the page again."),
            constraint=_constraint(error),
        )
    if isinstance(error, DataError):
        return errors.Invalid(_("A value is out of range or has characters we cannot store."))
    if isinstance(error, OperationalError | PoolTimeout) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        log.error("database", exc_info=error)
        return errors.Unavailable(
            _("The database does not answer right now. Please try again in a moment."),
            retry_after=2,
        )
    return error


def _constraint(error: IntegrityError) -> str | None:
    return getattr(getattr(error.orig, "diag", None), "constraint_name", None)


def _status(error: DomainError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def _http(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    code, title = HTTP_CODES.get(status, ("http_error", Text(error.name, {})))
    fallback = error.description or str(title)
    response = _render(status, code, title, DETAILS.get(status, fallback))
    if isinstance(getattr(error, "valid_methods", None), list | tuple | set):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _render(
    status: int,
    code: str,
    title: Text | str,
    detail: Text | str,
    error: DomainError | None = None,
) -> Response:
    response = (_problem if is_api() else _page)(status, code, title, detail, error)
    response.headers["Cache-Control"] = "no-store"
    if error is not None and "retry_after" in error.data:
        response.headers["Retry-After"] = str(error.data["retry_after"])
    elif status == 503:
        response.headers["Retry-After"] = "2"
    if status == 401 and is_api():
        response.headers["WWW-Authenticate"] = 'Bearer realm="marketplace"'
    return response


def _problem(
    status: int, code: str, title: Text | str, detail: Text | str, error: DomainError | None
) -> Response:
    body: dict[str, Any] = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": str(title),
        "status": status,
        "detail": str(detail),
        "code": code,
        "instance": request.path,
        "request_id": g.get("request_id"),
    }
    if error is not None:
        body |= {name: value for name, value in error.data.items() if name not in body}
        if error.errors:
            body["errors"] = [
                {"pointer": e.pointer, "code": e.code, "detail": str(e.detail)}
                for e in error.errors
            ]
    response = json_response(body, status)
    response.mimetype = "application/problem+json"
    return response


def _page(
    status: int, code: str, title: Text | str, detail: Text | str, error: DomainError | None
) -> Response:
    if status == 401 and request.method == "GET" and "HX-Request" not in request.headers:
        asked = request.full_path.rstrip("?")
        following = asked if len(asked) <= LONGEST_ADDRESS else request.path
        return redirect(url_for("access.sign_in", next=following))  # type: ignore[return-value]
    page = render_template(
        "error.html",
        status=status,
        code=code,
        title=title,
        detail=detail,
        errors=error.errors if error else [],
        request_id=g.get("request_id"),
    )
    return current_app.response_class(page, status=status)


def elapsed_ms(started: float) -> float:
    """Milliseconds since ``started`` (a reading of `time.perf_counter`)."""
    return round((time.perf_counter() - started) * 1000, 2)
