"""Filled-in bid templates for tests, as people and programs make them."""

import io
from collections.abc import Callable
from typing import Any

import openpyxl

from marketplace.core.tabular import to_xlsx
from marketplace.rfq.sheets import layout
from marketplace.rfq.sheets.workbook import FIRST, HEADER

FIRST_ROW = FIRST + 1
HEADER_ROW = HEADER + 1
COLUMN = {name: index + 1 for name, index in layout.INDEX.items()}
LETTER = {name: "ABCDEFGHIJKLM"[index] for name, index in layout.INDEX.items()}
NAME = "bid.xlsx"


def edited(template: bytes, change: Callable[[Any], None]) -> bytes:
    """The workbook after somebody worked on it."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def priced(template: bytes, *prices: Any) -> bytes:
    """The first lines with these prices; None empties the cell."""

    def fill(book: Any) -> None:
        for row, price in enumerate(prices, start=FIRST_ROW):
            book.worksheets[0].cell(row, COLUMN["unit_price"]).value = price

    return edited(template, fill)


def whole(template: bytes, **said: Any) -> bytes:
    """The second sheet with these answers, by the beginning of their keys."""

    def fill(book: Any) -> None:
        for row in book.worksheets[1].iter_rows(min_row=2):
            for key, value in said.items():
                if row[0].value.startswith(key):
                    row[2].value = value

    return edited(template, fill)


def as_csv(template: bytes) -> bytes:
    """The first sheet as a spreadsheet program in French writes it."""
    page = openpyxl.load_workbook(io.BytesIO(template), data_only=True).worksheets[0]
    lines = []
    for row in page.iter_rows(values_only=True):
        cells = [
            "" if v is None else str(v).replace(".", ",") if isinstance(v, float) else str(v)
            for v in row
        ]
        lines.append(";".join(cells))
    return "\r\n".join(lines).encode("cp1252", "replace")


def unrelated() -> bytes:
    """A workbook that has nothing to do with a bid."""
    return to_xlsx(["Name", "Price"], [("x", 1)])
