"""Bytes to rows of cells: encoding, separator and kind of file are found from the content."""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.tabular import workbook
from marketplace.core.text import Text, _

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 50_000
MAX_COLUMNS = 200
SAMPLE_ROWS = 200
SEPARATORS = (";", "\t", ",", "|")
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class Unreadable(Invalid):
    """The file as a whole cannot be used; nothing of it was."""

    code = "unreadable_file"


class CellKind(StrEnum):
    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    DAY = "day"
    UNCOMPUTED = "uncomputed"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell. ``text`` is for people; ``day`` is set for a cell typed as a date.

    UNCOMPUTED is a formula whose result is not in the file.
    """

    text: str = ""
    kind: CellKind = CellKind.EMPTY
    day: date | None = None


# (row, column) of the first and of the last cell, counted from 0
Area = tuple[tuple[int, int], tuple[int, int]]
EMPTY = Cell()
BLANKS = " \t\r\n\v\f\u00a0\u1680\u202f\u205f\u2060\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200C))
)


@dataclass(frozen=True, slots=True)
class Row:
    """Cells with the number that a spreadsheet program shows beside the row."""

    number: int
    cells: tuple[Cell, ...]

    def is_blank(self) -> bool:
        return all(cell.kind is CellKind.EMPTY for cell in self.cells)

    def cell(self, index: int) -> Cell:
        return self.cells[index] if index < len(self.cells) else EMPTY


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was read, and how: shown to the user for confirmation.

    merged: areas of cells that were made one; only the first cell of each can hold a value.
    """

    rows: tuple[Row, ...]
    form: str
    encoding: str | None = None
    separator: str | None = None
    sheet: str | None = None
    merged: tuple[Area, ...] = ()


def read(content: bytes, filename: str = "") -> Table:
    """The rows of a CSV or XLSX file. Raises Unreadable with the reason."""
    _check_bytes(content)
    if not content.strip():
        raise _unreadable("file_empty", _("The file is empty."))
    if content.startswith(ZIP):
        return _read_workbook(content, filename)
    if content.startswith(OLD_EXCEL):
        raise _unreadable(
            "unsupported_workbook",
            _("The workbook is protected by a password or of an old kind. Save it as .xlsx."),
        )
    return _read_text(content)


def _check_bytes(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise _unreadable(
            "file_too_large", _("The file is larger than %(limit)s MB.", limit=MAX_BYTES >> 20)
        )


def _unreadable(code: str, detail: Text, pointer: str = "/file") -> Unreadable:
    return Unreadable(detail, errors=[FieldError(pointer, code, detail)])


def _read_text(content: bytes) -> Table:
    encoding, words = _decoded(content)
    separator, words = _declared_separator(words)
    separator = separator or _likely_separator(words)
    rows = tuple(
        Row(number, tuple(_text_cell(value) for value in fields))
        for number, fields in _records(words, separator)
    )
    return Table(rows, "csv", encoding=encoding, separator=separator)


def _decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding: by the mark, else UTF-8, else Windows-1252."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if content.startswith(mark):
            return encoding.removesuffix("-sig"), _decode(content, encoding)
    if b"\0" in content:
        encoding = _unmarked_utf16(content)
        return encoding, _decode(content, encoding)
    try:
        return "utf-8", content.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252", _decode(content, "cp1252")


def _decode(content: bytes, encoding: str) -> str:
    try:
        words = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(
            "unknown_encoding",
            _(
                "Line %(line)s is neither UTF-8 nor Windows-1252. Save the file as CSV UTF-8.",
                line=line,
            ),
        ) from None
    if "\0" in words:
        raise _unreadable("not_a_table", _("The file is not a table: it contains binary data."))
    return words


def _unmarked_utf16(content: bytes) -> str:
    """UTF-16 without its mark: western text has a zero in every second byte."""
    for encoding, start in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros = content[start:2000:2]
        if len(content) % 2 == 0 and zeros.count(0) > 0.8 * len(zeros):
            return encoding
    raise _unreadable("not_a_table", _("The file is not a table: it contains binary data."))


def _declared_separator(words: str) -> tuple[str | None, str]:
    """The first line ``sep=;`` is how spreadsheet programs declare the separator."""
    first, newline, rest = words.partition("\n")
    first = first.strip("\r\"' ")
    if newline and len(first) == 5 and first.startswith("sep=") and first[4] in SEPARATORS:
        return first[4], rest
    return None, words


def _likely_separator(words: str) -> str:
    """The separator that gives the most rows of one and the same width."""
    best = max(SEPARATORS, key=lambda separator: _regularity(words, separator))
    if _regularity(words, best) == (0, 0):
        raise _unreadable(
            "one_column",
            _("Only one column was found. Separate the columns by semicolon, comma or tab."),
        )
    return best


def _regularity(words: str, separator: str) -> tuple[int, int]:
    widths: Counter[int] = Counter()
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator)
    try:
        for _index, fields in zip(range(SAMPLE_ROWS), reader, strict=False):
            widths[len(fields)] += 1
    except csv.Error:
        return (0, 0)
    regular = [(count, width) for width, count in widths.items() if width > 1]
    return max(regular, default=(0, 0))


def _records(words: str, separator: str) -> Iterable[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(words, newline=""), delimiter=separator, strict=True)
    number = 0
    try:
        for number, fields in enumerate(reader, start=1):
            _check_size(number, len(fields))
            yield number, fields
    except csv.Error:
        raise _unreadable(
            "unbalanced_quote",
            _("A quotation mark in row %(row)s is not closed, or text follows it.", row=number + 1),
            f"/rows/{number + 1}",
        ) from None


def _check_size(rows: int, columns: int) -> None:
    if rows > MAX_ROWS:
        raise _unreadable(
            "too_many_rows", _("The file has more than %(limit)s rows.", limit=MAX_ROWS)
        )
    if columns > MAX_COLUMNS:
        raise _unreadable(
            "too_many_columns", _("The file has more than %(limit)s columns.", limit=MAX_COLUMNS)
        )


def _text_cell(value: str) -> Cell:
    """Text without the blanks around it, and without the mark that our own export puts first."""
    value = clean(value)
    if value.startswith("'") and workbook.looks_like_formula(value[1:]):
        value = value[1:]
    return Cell(value, CellKind.TEXT) if value else EMPTY


def clean(value: str) -> str:
    """Without blanks at the ends: no-break and zero-width ones too."""
    return value.strip(BLANKS)


def sheets(content: bytes, filename: str = "") -> list[Table]:
    """Every visible sheet of an XLSX file. Raises Unreadable with the reason."""
    _check_bytes(content)
    package, book = _opened(content, filename)
    return [_sheet(package, book, name) for name in _visible(book)]


def _read_workbook(content: bytes, filename: str) -> Table:
    package, book = _opened(content, filename)
    return _sheet(package, book, (_visible(book) or book.sheet_names or [""])[0])


def _opened(content: bytes, filename: str) -> tuple[dict[str, bytes], CalamineWorkbook]:
    package = workbook.unpack(content, filename)
    try:
        return package, CalamineWorkbook.from_filelike(io.BytesIO(workbook.repack(package)))
    except CalamineError:
        raise _damaged() from None


def _visible(book: CalamineWorkbook) -> list[str]:
    return [
        sheet.name
        for sheet in book.sheets_metadata
        if "Visible" in str(sheet.visible) and "WorkSheet" in str(sheet.typ)
    ]


def _sheet(package: dict[str, bytes], book: CalamineWorkbook, name: str) -> Table:
    try:
        sheet = book.get_sheet_by_name(name)
        _check_size(sheet.total_height, sheet.total_width)
        lines: list[list[Any]] = sheet.to_python(skip_empty_area=False)
        merged = tuple(sheet.merged_cell_ranges or ())
    except CalamineError:
        raise _damaged() from None
    formulas = workbook.formulas_without_result(package, book.sheet_names.index(name))
    _make_room(lines, formulas)
    rows = tuple(
        Row(number, tuple(_typed(value, (number, i) in formulas) for i, value in enumerate(line)))
        for number, line in enumerate(lines, start=1)
    )
    return Table(rows, "xlsx", sheet=name, merged=merged)


def _damaged() -> Unreadable:
    return _unreadable("damaged_workbook", _("The workbook cannot be read."))


def _make_room(lines: list[list[Any]], formulas: Iterable[tuple[int, int]]) -> None:
    """The parser leaves out empty cells at the edge, formulas without a result among them."""
    for row, column in formulas:
        _check_size(row, column + 1)
        lines.extend([] for _missing in range(row - len(lines)))
        line = lines[row - 1]
        line.extend("" for _missing in range(column + 1 - len(line)))


def _typed(value: Any, uncomputed: bool) -> Cell:  # noqa: FBT001 - a table of cell kinds
    if uncomputed and value in ("", None):
        return Cell("", CellKind.UNCOMPUTED)
    if isinstance(value, str):
        return _text_cell(value)
    if isinstance(value, bool):
        return Cell("true" if value else "false", CellKind.TEXT)
    if isinstance(value, int | float):
        return Cell(workbook.plain_number(value), CellKind.NUMBER)
    if isinstance(value, datetime):
        has_time = value.time() != time.min
        written = value.isoformat() if has_time else value.date().isoformat()
        return Cell(written, CellKind.DAY, value.date())
    if isinstance(value, date):
        return Cell(value.isoformat(), CellKind.DAY, value)
    if isinstance(value, time | timedelta):
        return Cell(str(value), CellKind.TEXT)
    return EMPTY
