"""Headers to named, typed values, with every reason for refusing a row."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from anyascii import anyascii

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.tabular import values
from marketplace.core.tabular.reading import Cell, CellKind, Row, Table, Unreadable
from marketplace.core.tabular.values import BadValue, DateOrder, DecimalSign
from marketplace.core.text import Text, _

HEADER_WITHIN = 20
# Written into a cell, it empties the field: an empty cell leaves the field as it is.
ERASE = "#EMPTY"


class Kind(StrEnum):
    """CODE is text that looks like a number: its zeros and digits are kept."""

    TEXT = "text"
    CODE = "code"
    NUMBER = "number"
    DAY = "day"


@dataclass(frozen=True)
class Column:
    """One thing that a row may say, and the headers under which people write it."""

    name: str
    label: Text
    aliases: tuple[str, ...]
    kind: Kind = Kind.TEXT


@dataclass(frozen=True)
class Options:
    """What the user says about a file; None and False leave it to the file.

    valid_rows_only: import the good rows although others are refused.
    """

    decimal_sign: DecimalSign | None = None
    date_order: DateOrder | None = None
    valid_rows_only: bool = False


@dataclass(frozen=True)
class Problem:
    """A reason against a row, or, when it is only a notice, something to look at."""

    row: int
    column: str
    value: str
    code: str
    detail: Text | str
    is_notice: bool = False

    @property
    def pointer(self) -> str:
        return f"/rows/{self.row}/{self.column}" if self.column else f"/rows/{self.row}"

    def as_error(self) -> FieldError:
        return FieldError(self.pointer, self.code, self.detail)


@dataclass
class Record:
    """A row by names. A column that the file has not is absent; an empty cell is None."""

    row: int
    values: dict[str, Any]
    refused: bool = False

    def get(self, name: str) -> Any:
        return self.values.get(name)


@dataclass
class Parsed:
    """All rows below the header, and what is wrong with them."""

    table: Table
    header_row: int
    columns: dict[str, int]
    unknown_headers: list[str]
    decimal_sign: DecimalSign | None
    date_order: DateOrder | None
    records: list[Record] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def refuse(
        self, record: Record, column: str, code: str, detail: Text | str, value: object = ""
    ) -> None:
        """Refuse the row for this reason; further reasons may follow."""
        record.refused = True
        shown = str(value if value != "" else record.get(column) or "")
        self.problems.append(Problem(record.row, column, shown, code, detail))

    def notice(self, record: Record, column: str, code: str, detail: Text | str) -> None:
        """Let the row pass, with something to look at."""
        shown = str(record.get(column) or "")
        self.problems.append(Problem(record.row, column, shown, code, detail, is_notice=True))

    @property
    def good(self) -> list[Record]:
        return [record for record in self.records if not record.refused]

    @property
    def errors(self) -> list[Problem]:
        return sorted((p for p in self.problems if not p.is_notice), key=lambda p: p.row)

    @property
    def notices(self) -> list[Problem]:
        return sorted((p for p in self.problems if p.is_notice), key=lambda p: p.row)


def parse(
    table: Table,
    columns: Sequence[Column],
    required: Sequence[str],
    options: Options | None = None,
    *,
    may_erase: bool = False,
) -> Parsed:
    """Find the header, then read every row below it.

    may_erase: pass the marker ERASE through in columns of every kind. Raises Unreadable when no
    row names the required columns.
    """
    options = options or Options()
    header, found = _header(table, columns, required)
    known = set(found.values())
    parsed = Parsed(
        table=table,
        header_row=header.number,
        columns=found,
        unknown_headers=[
            cell.text for i, cell in enumerate(header.cells) if cell.text and i not in known
        ],
        decimal_sign=options.decimal_sign,
        date_order=options.date_order,
    )
    body = [row for row in table.rows if row.number > header.number and not row.is_blank()]
    reader = _Reader(parsed, columns, body, len(header.cells), may_erase=may_erase)
    for row in body:
        parsed.records.append(reader.record(row))
    return parsed


def folded(text: str) -> str:
    """A header for comparison: without case, accents, punctuation."""
    return re.sub(r"[^a-z0-9]+", " ", anyascii(text).casefold()).strip()


def _header(
    table: Table, columns: Sequence[Column], required: Sequence[str]
) -> tuple[Row, dict[str, int]]:
    """The first row that names all required columns, else the refusal names what is missing."""
    names = {
        folded(alias): column.name for column in columns for alias in (column.name, *column.aliases)
    }
    best: dict[str, int] = {}
    for row in table.rows[:HEADER_WITHIN]:
        found = _matched(row, names)
        if all(name in found for name in required):
            return row, found
        best = max(best, found, key=len)
    labels = {column.name: column.label for column in columns}
    missing = [name for name in required if name not in best]
    raise Unreadable(
        _("No row names the columns that are needed. Compare with the template."),
        errors=[
            FieldError(
                f"/columns/{name}",
                "missing_column",
                _("There is no column “%(column)s”.", column=labels[name]),
            )
            for name in missing
        ],
    )


def _matched(row: Row, names: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    twice: list[FieldError] = []
    for index, cell in enumerate(row.cells):
        name = names.get(folded(cell.text)) if cell.text else None
        if name and name in found:
            twice.append(
                FieldError(
                    f"/columns/{name}",
                    "column_twice",
                    _("The column “%(header)s” stands twice in the header.", header=cell.text),
                )
            )
        elif name:
            found[name] = index
    if twice and len(found) > 1:
        raise Unreadable(_("Two columns of the header mean the same."), errors=twice)
    return found


class _Reader:
    """Reads the cells of one file with what the whole of it has proven."""

    def __init__(
        self,
        parsed: Parsed,
        columns: Sequence[Column],
        body: Sequence[Row],
        width: int,
        *,
        may_erase: bool,
    ) -> None:
        self.parsed = parsed
        self.may_erase = may_erase
        self.width = width
        self.kinds = {c.name: c.kind for c in columns if c.name in parsed.columns}
        self.by_point = parsed.decimal_sign is DecimalSign.COMMA
        if parsed.decimal_sign is None:
            texts = [cell.text for cell in self._texts(body, Kind.NUMBER)]
            parsed.decimal_sign, self.by_point = values.proven_sign(texts)
        if parsed.date_order is None:
            texts = [cell.text for cell in self._texts(body, Kind.DAY)]
            parsed.date_order = values.proven_order(texts)
        self.readers: dict[Kind, Callable[[Record, str, Cell], Any]] = {
            Kind.TEXT: self._text,
            Kind.CODE: self._code,
            Kind.NUMBER: self._number,
            Kind.DAY: self._day,
        }

    def _texts(self, body: Sequence[Row], kind: Kind) -> Iterator[Cell]:
        indexes = [self.parsed.columns[name] for name, k in self.kinds.items() if k is kind]
        for row in body:
            for index in indexes:
                cell = row.cell(index)
                if cell.kind is CellKind.TEXT and cell.text != ERASE:
                    yield cell

    def record(self, row: Row) -> Record:
        record = Record(row.number, {})
        for name, kind in self.kinds.items():
            self._read(record, name, kind, row.cell(self.parsed.columns[name]))
        for cell in row.cells[self.width :]:
            if cell.kind is not CellKind.EMPTY:
                detail = _("The row has more cells than the header.")
                self.parsed.refuse(record, "", "extra_cell", detail, cell.text)
        return record

    def _read(self, record: Record, name: str, kind: Kind, cell: Cell) -> None:
        if cell.kind is CellKind.EMPTY:
            record.values[name] = None
            return
        record.values[name] = cell.text
        if self.may_erase and cell.text == ERASE:
            return
        if cell.kind is CellKind.UNCOMPUTED:
            detail = _("The formula was saved without its result. Replace it by the value.")
            self.parsed.refuse(record, name, "formula_without_result", detail)
            return
        try:
            record.values[name] = self.readers[kind](record, name, cell)
        except BadValue as bad:
            self.parsed.refuse(record, name, bad.code, bad.detail)

    def _text(self, _record: Record, _name: str, cell: Cell) -> str:
        return cell.text

    def _code(self, record: Record, name: str, cell: Cell) -> str:
        if values.is_scientific(cell.text):
            raise BadValue(
                "destroyed_code",
                _("A spreadsheet program has shortened this code. Format the column as text."),
            )
        if cell.kind is CellKind.NUMBER and len(cell.text) not in (8, 12, 13, 14):
            self.parsed.notice(
                record,
                name,
                "code_as_number",
                _("The code was stored as a number and may have lost zeros at its start."),
            )
        return cell.text

    def _number(self, _record: Record, _name: str, cell: Cell) -> Decimal:
        if cell.kind is CellKind.NUMBER:
            return Decimal(cell.text)
        return values.number(cell.text, self.parsed.decimal_sign, groups_by_point=self.by_point)

    def _day(self, _record: Record, _name: str, cell: Cell) -> date:
        return cell.day or values.day(cell.text, self.parsed.date_order)


def refuse_file(parsed: Parsed, options: Options) -> None:
    """Raise Invalid with every reason, unless the user wants the valid rows and there are some."""
    if parsed.errors and not (options.valid_rows_only and parsed.good):
        raise Invalid(
            _("Nothing was imported: some rows are not right."),
            errors=[problem.as_error() for problem in parsed.errors],
        )
