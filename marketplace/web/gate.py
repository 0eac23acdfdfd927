"""The strict gate for JSON: what is ambiguous or hostile is refused before anything reads it."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from flask import Request
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import _

MAX_DEPTH = 32


class Unreadable(BadRequest):
    """The body is no JSON that has one meaning."""


class InputInvalid(Invalid):
    code = "invalid"


def read_json(request: Request) -> Any:
    """The body as JSON: UTF-8, no duplicate names, no NaN, no NUL, at most 32 levels deep.

    Raises UnsupportedMediaType (415) for another content type and Unreadable (400).
    """
    body = request.get_data(cache=True)
    if not body:
        return {}
    if not request.is_json:
        raise UnsupportedMediaType(str(_("Send the body as application/json.")))
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=Decimal
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise Unreadable(str(_("The body is not valid JSON: %(why)s", why=error))) from None
    if "\\u0000" in text or "\x00" in text:
        raise Unreadable(str(_("Text must not contain the NUL character.")))
    _check_depth(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _check_depth(value: Any) -> None:
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise Unreadable(str(_("The body is nested too deeply.")))


class StrictParser(FlaskParser):
    """webargs with the gate before it; unknown query parameters are refused too."""

    DEFAULT_UNKNOWN_BY_LOCATION = {  # noqa: RUF012 - a plain class attribute of webargs
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Any) -> Any:
        return read_json(req)

    def handle_error(self, error: Any, *_args: Any, **_kw: Any) -> NoReturn:
        messages = error.messages
        location = next(iter(messages)) if isinstance(messages, dict) else "json"
        raise InputInvalid(
            _("Some of the input is not right."),
            errors=field_errors(messages.get(location, messages)),
        ) from None


def field_errors(messages: Any, pointer: str = "") -> list[FieldError]:
    """marshmallow's tree of messages as a flat list with JSON pointers."""
    if isinstance(messages, dict):
        return [
            error
            for key, inner in messages.items()
            for error in field_errors(inner, pointer if key == "_schema" else f"{pointer}/{key}")
        ]
    if isinstance(messages, list):
        return [error for inner in messages for error in field_errors(inner, pointer)]
    code = getattr(messages, "code", "invalid")
    detail = messages if not isinstance(messages, str) else _(messages)
    return [FieldError(pointer, code, detail)]
