"""Rows to CSV or XLSX. Text stays text: no cell of ours is ever computed by a program."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import xlsxwriter

from marketplace.core.tabular.workbook import looks_like_formula
from marketplace.core.text import Text

Value = str | Text | Decimal | int | date | None
DAY_FORMAT = "yyyy-mm-dd"
EXACT_DIGITS = 15


def to_csv(headers: Sequence[str | Text], rows: Iterable[Sequence[Value]]) -> bytes:
    """CSV in UTF-8 with its mark, which spreadsheet programs need to see it.

    A text that would be computed gets an apostrophe in front; our import takes it away again.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([_plain(header) for header in headers])
    writer.writerows([_plain(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8-sig")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str | Text):
        text = str(value)
        return f"'{text}" if looks_like_formula(text) else text
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def to_xlsx(
    headers: Sequence[str | Text], rows: Iterable[Sequence[Value]], *, sheet: str = "Data"
) -> bytes:
    """One sheet with a bold, frozen header and typed cells."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet(sheet)
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": DAY_FORMAT})
        quoted = book.add_format()
        quoted.set_quote_prefix()
        page.freeze_panes(1, 0)
        for column, header in enumerate(headers):
            page.write_string(0, column, str(header), bold)
            page.set_column(column, column, max(12, len(str(header)) + 2))
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                _write(page, number, column, value, day, quoted)
    return buffer.getvalue()


def _write(page: Any, row: int, column: int, value: Value, day: Any, quoted: Any) -> None:
    if value is None:
        return
    if isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, date):
        page.write_datetime(row, column, datetime(value.year, value.month, value.day), day)  # noqa: DTZ001
    elif isinstance(value, Decimal | int) and len(Decimal(value).as_tuple().digits) <= EXACT_DIGITS:
        page.write_number(row, column, value)
    else:
        text = _unquoted(value)
        page.write_string(row, column, text, quoted if looks_like_formula(text) else None)


def _unquoted(value: Value) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
