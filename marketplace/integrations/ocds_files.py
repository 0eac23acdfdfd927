"""OCDS files: bytes to the package they hold, as JSON or as a workbook."""

import codecs
import json
from decimal import Decimal
from typing import Any, NoReturn

from marketplace.core import tabular
from marketplace.core.errors import FieldError, Invalid
from marketplace.core.text import Text, _
from marketplace.integrations import ocds_workbook

MAX_BYTES = 20 * 1024 * 1024
ENCODINGS = ("utf-8", "iso-8859-1", "windows-1252")


class Unreadable(Invalid):
    """The file is no OCDS file; nothing was imported."""

    code = "unreadable_file"


def parse(data: bytes, encoding: str = "utf-8") -> dict[str, Any]:
    """The package of a file, JSON or workbook by its content, with numbers as exact decimals.

    Raises Unreadable: a file that is not in the named encoding is never read in half.
    """
    if len(data) > MAX_BYTES:
        refuse("file_too_large", _("The file is larger than %(limit)s MB.", limit=MAX_BYTES >> 20))
    if data.startswith(tabular.ZIP):
        return ocds_workbook.package(data)
    return _parse_json(data, encoding)


def _parse_json(data: bytes, encoding: str) -> dict[str, Any]:
    words = _decoded(data, encoding)
    try:
        value = json.loads(words, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError, ArithmeticError) as error:
        refuse("not_json", _("The file is not valid JSON: %(why)s", why=str(error)))
    if not isinstance(value, dict):
        refuse("not_ocds", _("The file is JSON, but not of the Open Contracting Data Standard."))
    return value


def _decoded(data: bytes, encoding: str) -> str:
    if encoding not in ENCODINGS:
        refuse("unknown_encoding", _("This encoding is not offered."))
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        refuse(
            "not_utf8",
            _(
                "The file is not in %(encoding)s (byte %(place)s). If you know its encoding, "
                "choose it; otherwise ask the publisher for UTF-8.",
                encoding=encoding.upper(),
                place=error.start,
            ),
        )


def refuse(code: str, detail: Text) -> NoReturn:
    raise Unreadable(detail, errors=[FieldError("/file", code, detail)])


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
