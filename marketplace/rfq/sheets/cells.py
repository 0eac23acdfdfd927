"""Single cells of a filled-in bid: the price in them, and the reasons against them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Context, Decimal
from functools import cache

from babel.numbers import get_currency_symbol
from xlsxwriter.utility import xl_rowcol_to_cell

from marketplace.core.errors import FieldError, Invalid
from marketplace.core.money import CURRENCIES
from marketplace.core.tabular import Cell, CellKind, Parsed, values
from marketplace.core.tabular.columns import folded
from marketplace.core.tabular.values import BadValue
from marketplace.core.text import LANGUAGES, Text, _
from marketplace.core.units import unit_name
from marketplace.rfq.terms.asked import AskedLine
from marketplace.rfq.terms.offering import QuantityBreak, read_breaks

# what a spreadsheet program shows and means of the number that it stores
SHOWN_DIGITS = Context(prec=15)
LONGEST_AMOUNT = 60
SHOWN_CHARACTERS = 200
_WITH_WORDS = re.compile(r"(?P<before>[^\d.,+−-]*)(?P<number>[\d.,+−\-\s'’]+)(?P<after>\D*)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SIGNS = frozenset("$€£¥₣₤₩₹₺₽฿₫₴₦")


class BidSheetInvalid(Invalid):
    """Nothing of the file was kept. ``cells`` in the data names each cell with its reason."""

    code = "bid_sheet_invalid"
    title = _("Some cells are not right")


@dataclass(frozen=True)
class BadCell:
    """One reason against one cell."""

    sheet: str
    cell: str
    value: str
    code: str
    detail: Text | str

    def as_error(self) -> FieldError:
        sheet = self.sheet.replace("~", "~0").replace("/", "~1")
        return FieldError(f"/sheets/{sheet}/{self.cell}", self.code, self.detail)

    def as_data(self) -> dict[str, str]:
        return {
            "sheet": self.sheet,
            "cell": self.cell,
            "value": self.value,
            "code": self.code,
            "detail": str(self.detail),
        }


@dataclass
class Faults:
    """All reasons against the cells of a file."""

    found: list[tuple[str, int, int, BadCell]] = field(default_factory=list)

    def add(
        self, parsed: Parsed, row: int, column: str | int, code: str, detail: Text | str
    ) -> None:
        """Against the cell in this row, as counted beside the sheet, and column."""
        index = parsed.columns[column] if isinstance(column, str) else column
        sheet = parsed.table.sheet or "CSV"
        value = parsed.table.rows[row - 1].cell(index).text[:SHOWN_CHARACTERS]
        bad = BadCell(sheet, xl_rowcol_to_cell(row - 1, index), value, code, detail)
        self.found.append((sheet, row, index, bad))

    def add_read(self, parsed: Parsed) -> None:
        """What was found when the rows were read, and cells that were made one."""
        for problem in parsed.errors:
            column = problem.column or len(parsed.table.rows[parsed.header_row - 1].cells)
            self.add(parsed, problem.row, column, problem.code, problem.detail)
        for (row, column), (last, _column) in parsed.table.merged:
            if last >= parsed.header_row and row < len(parsed.table.rows):
                detail = _("Merged cells hide what belongs to which line. Unmerge them.")
                self.add(parsed, row + 1, column, "merged_cells", detail)

    def refuse(self) -> None:
        """Raise BidSheetInvalid with every reason, or do nothing when there is none."""
        cells = [fault[3] for fault in sorted(self.found, key=lambda fault: fault[:3])]
        if cells:
            raise BidSheetInvalid(
                _("Nothing was saved: some cells are not right."),
                errors=[cell.as_error() for cell in cells],
                cells=[cell.as_data() for cell in cells],
            )


class PriceReader:
    """Reads the prices of one file, by the decimal sign that all of them together prove."""

    def __init__(self, currency: str, cells: Iterable[Cell]) -> None:
        self.currency = currency
        texts = [self._number_in(cell.text) for cell in cells if cell.kind is CellKind.TEXT]
        self.sign, self.by_point = values.proven_sign(texts)

    def read(self, cell: Cell) -> Decimal:
        """The price in this cell. Raises BadValue."""
        if cell.kind is CellKind.NUMBER:
            return SHOWN_DIGITS.create_decimal(cell.text)
        if cell.kind is CellKind.DAY:
            raise BadValue("not_a_number", _("This is a day, not a price. Enter it as a number."))
        match = _parts(cell.text)
        named = _words(match) if match else ""
        if named and _is_currency(named) and named not in _names(self.currency):
            raise BadValue(
                "wrong_currency",
                _("All amounts of this bid are in %(currency)s.", currency=self.currency),
            )
        number = self._number_in(cell.text)
        return values.number(number, self.sign, groups_by_point=self.by_point)

    def read_breaks(self, cell: Cell) -> tuple[QuantityBreak, ...]:
        """The quantity breaks in this cell. Raises BadValue."""
        return read_breaks(cell.text, self._figure)

    def _figure(self, text: str) -> Decimal:
        return values.number(text, self.sign, groups_by_point=self.by_point)

    def _number_in(self, text: str) -> str:
        """The text without the name of the RFQ's own currency."""
        match = _parts(text)
        if match and _words(match) in _names(self.currency):
            return match["number"].strip()
        return text


def _parts(text: str) -> re.Match[str] | None:
    """A number and what stands around it; no amount is longer than a line of a form."""
    return _WITH_WORDS.fullmatch(text) if len(text) <= LONGEST_AMOUNT else None


def _words(match: re.Match[str]) -> str:
    return (match["before"].strip() + match["after"].strip()).upper()


def _is_currency(words: str) -> bool:
    return words in CURRENCIES or bool(set(words) & _SIGNS)


@cache
def _names(currency: str) -> frozenset[str]:
    """How people write a currency beside an amount."""
    signs = {get_currency_symbol(currency, locale=language).upper() for language in LANGUAGES}
    return frozenset({currency, *signs})


def differs(asked: AskedLine, name: str, cell: Cell) -> bool:
    """Whether this cell says something else than the buyer has asked for. An empty one does not."""
    if cell.kind is CellKind.EMPTY:
        return False
    if name == "number":
        return cell.text != str(asked.number)
    if name == "quantity":
        return asked.quantity not in _meanings(cell)
    return folded(cell.text) not in _unit_names(asked)


def _meanings(cell: Cell) -> set[Decimal]:
    """The numbers that a cell may mean: an export as CSV writes them as it likes."""
    if cell.kind is CellKind.NUMBER:
        return {Decimal(cell.text)}
    bare = cell.text.translate(values.BLANKS)
    spellings = (bare.replace(",", ""), bare.replace(".", "").replace(",", "."))
    return {Decimal(text) for text in spellings if re.fullmatch(r"\d+(\.\d+)?", text)}


def _unit_names(asked: AskedLine) -> set[str]:
    names = (unit_name(asked.unit, language, asked.quantity) for language in LANGUAGES)
    return {folded(name) for name in (asked.unit, *names)}


def text_fault(text: str, limit: int) -> tuple[str, Text] | None:
    """Code and reason why this text cannot be kept, if there is one."""
    if _CONTROL.search(text):
        return "control_character", _("Text must not contain control characters.")
    if len(text) > limit:
        return "too_long", _("At most %(limit)s characters.", limit=limit)
    return None
