"""OCDS workbooks to the package they hold, after the convention of Flatten-Tool.

Each sheet is one list: its rows are joined to their release by the columns ``ocid`` and ``id``,
its other headers are paths such as ``tender/items/0/quantity``. The number in a path tells
elements of one row apart; across rows and sheets an element is known by its ``id``.
"""

import re
from decimal import Decimal
from typing import Any

from marketplace.core import tabular
from marketplace.core.errors import FieldError
from marketplace.core.tabular import Cell, CellKind, Row, Table
from marketplace.core.text import Text, _

MAX_DEPTH = 12
WORD_LISTS = frozenset({"tag", "roles", "submissionMethod", "additionalProcurementCategories"})
NUMBERS = frozenset({"quantity", "amount"})
_PLAIN_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
Releases = dict[tuple[str, str], dict[str, Any]]


def package(data: bytes) -> dict[str, Any]:
    """The releases of the workbook. Raises tabular.Unreadable with sheet, row and reason."""
    releases: Releases = {}
    joined = [table for table in tabular.sheets(data) if {"ocid", "id"} <= set(_headers(table))]
    if not joined:
        raise _unreadable(
            "not_ocds", _("No sheet of the workbook has the columns “ocid” and “id” of the OCDS.")
        )
    for table in joined:
        _read_sheet(table, releases)
    return {"releases": list(releases.values())}


def _headers(table: Table) -> list[str]:
    return [cell.text for cell in table.rows[0].cells] if table.rows else []


def _read_sheet(table: Table, releases: Releases) -> None:
    paths = [tuple(header.split("/")) if header else () for header in _headers(table)]
    if any(len(path) > MAX_DEPTH for path in paths):
        raise _at(table, table.rows[0], _("A header of this row is not a path of the OCDS."))
    for row in table.rows[1:]:
        if not row.is_blank():
            said = _nested(table, row, paths)
            key = (str(said.get("ocid", "")), str(said.get("id", "")))
            if not all(key):
                raise _at(table, row, _("It does not name both ocid and id of its release."))
            _Merger(table, row).merge(releases.setdefault(key, {}), said)


def _nested(table: Table, row: Row, paths: list[tuple[str, ...]]) -> dict[str, Any]:
    """The row as objects within objects; a list is an object with numbers for names."""
    said: dict[str, Any] = {}
    for path, cell in zip(paths, row.cells, strict=False):
        if not path or cell.kind is CellKind.EMPTY:
            continue
        if cell.kind is CellKind.UNCOMPUTED:
            raise _at(table, row, _("It holds a formula whose result is not in the file."))
        target = said
        for name in path[:-1]:
            target = target.setdefault(name, {})
            if not isinstance(target, dict):
                raise _at(table, row, _("The headers contradict each other."))
        target[path[-1]] = _value(path[-1], cell)
    return said


def _value(name: str, cell: Cell) -> Any:
    if name in WORD_LISTS:
        return [word.strip() for word in cell.text.split(";") if word.strip()]
    is_number = cell.kind is CellKind.NUMBER
    if is_number or (name in NUMBERS and _PLAIN_NUMBER.fullmatch(cell.text)):
        return Decimal(cell.text)
    return cell.text


class _Merger:
    """Adds what one row says to its release; a contradiction is refused, never overwritten."""

    def __init__(self, table: Table, row: Row) -> None:
        self.table = table
        self.row = row

    def merge(self, known: dict[str, Any], said: dict[str, Any], path: str = "") -> None:
        for name, value in said.items():
            here = f"{path}/{name}" if path else name
            if not isinstance(value, dict):
                self._check(here, known.setdefault(name, value), value)
            elif all(key.isdecimal() for key in value):
                found = known.setdefault(name, [])
                self._check_kind(here, found, list)
                self._merge_list(found, value, here)
            else:
                found = known.setdefault(name, {})
                self._check_kind(here, found, dict)
                self.merge(found, value, here)

    def _merge_list(self, known: list[Any], said: dict[str, Any], path: str) -> None:
        for element in said.values():
            if isinstance(element, dict):
                self.merge(self._element(known, element.get("id")), element, path)
            elif element not in known:
                known.append(element)

    def _element(self, known: list[Any], element_id: Any) -> dict[str, Any]:
        for each in known:
            if element_id is not None and isinstance(each, dict) and each.get("id") == element_id:
                return each
        added: dict[str, Any] = {}
        known.append(added)
        return added

    def _check(self, path: str, known: Any, said: Any) -> None:
        if known != said:
            detail = _("It says something else of %(path)s than an earlier row.", path=path)
            raise _at(self.table, self.row, detail)

    def _check_kind(self, path: str, known: Any, kind: type) -> None:
        self._check(path, type(known), kind)


def _at(table: Table, row: Row, why: Text) -> tabular.Unreadable:
    return _unreadable(
        "bad_row",
        _(
            "Row %(row)s of the sheet “%(sheet)s” cannot be read. %(why)s",
            row=row.number,
            sheet=table.sheet,
            why=why,
        ),
    )


def _unreadable(code: str, detail: Text) -> tabular.Unreadable:
    return tabular.Unreadable(detail, errors=[FieldError("/file", code, detail)])
