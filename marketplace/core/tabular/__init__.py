"""Spreadsheets in and out: what people send and fetch as CSV or XLSX.

reading: bytes to rows of cells, whatever the encoding, separator or file kind, within limits.
values: the text of a cell to a number or a day, never by a guess about a single cell.
columns: headers to named, typed values, with every reason for refusing a row.
writing: rows to CSV or XLSX in which no text can become a formula.
"""

from marketplace.core.tabular.columns import (
    ERASE,
    Column,
    Kind,
    Options,
    Parsed,
    Problem,
    Record,
    parse,
    refuse_file,
)
from marketplace.core.tabular.reading import (
    MAX_BYTES,
    ZIP,
    Cell,
    CellKind,
    Row,
    Table,
    Unreadable,
    read,
    sheets,
)
from marketplace.core.tabular.values import DateOrder, DecimalSign
from marketplace.core.tabular.workbook import looks_like_formula
from marketplace.core.tabular.writing import to_csv, to_xlsx

__all__ = [
    "ERASE",
    "MAX_BYTES",
    "ZIP",
    "Cell",
    "CellKind",
    "Column",
    "DateOrder",
    "DecimalSign",
    "Kind",
    "Options",
    "Parsed",
    "Problem",
    "Record",
    "Row",
    "Table",
    "Unreadable",
    "looks_like_formula",
    "parse",
    "read",
    "refuse_file",
    "sheets",
    "to_csv",
    "to_xlsx",
]
