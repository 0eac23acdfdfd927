"""The workbook in which a supplier fills in a bid: prices, the whole bid, how to use it."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import xlsxwriter
from babel.numbers import get_decimal_symbol
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from marketplace.core.tabular import looks_like_formula
from marketplace.core.text import Text, _, language
from marketplace.core.units import unit_name
from marketplace.rfq.asking.models import Rfq, RfqLine
from marketplace.rfq.bids.alternatives import LONGEST_NAME
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.bids.totals import line_total, total_of
from marketplace.rfq.scoring.answers import AnswerSpec, AnswerType
from marketplace.rfq.sheets import bundles as bid_sheet_bundles
from marketplace.rfq.sheets import currency as bid_sheet_currency
from marketplace.rfq.sheets import layout
from marketplace.rfq.terms import offering
from marketplace.rfq.terms.asked import AskedLine, Criterion, Terms
from marketplace.rfq.terms.offering import OfferKind

HEADER = 4
FIRST = HEADER + 1
EXACT_DIGITS = 15
# a list of choices inside a cell's rule holds so many characters
LONGEST_LIST = 255
A4 = 9
WIDTHS = {
    "lot": 22, "number": 6, "description": 48, "quantity": 12, "unit": 12, "delivery_on": 14,
    "delivery_place": 20, "unit_price": 16, "currency": 10, "total": 16, "note": 36,
    "offered": 14, "breaks": 28,
}  # fmt: skip
PROTECTION = {"sort": True, "autofilter": True, "format_columns": True, "format_rows": True}


@dataclass(frozen=True)
class Blank:
    """What the workbook is made from. ``lines``: the RFQ's lines by id, for their delivery."""

    rfq: Rfq
    fingerprint: str
    terms: Terms
    lines: Mapping[UUID, RfqLine]
    draft: BidContent
    alternative: int = 0


def write(blank: Blank) -> bytes:
    """The workbook. It is made in memory alone: prices of a draft may stand in it."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        _Prices(book, blank).write()
        _write_whole_bid(book, blank)
        if OfferKind.BUNDLES in blank.terms.allows:
            _write_bundles(book, blank)
        _write_help(book, blank)
    return buffer.getvalue()


class _Prices:
    """The first sheet: one row for each line that is asked for."""

    def __init__(self, book: Any, blank: Blank) -> None:
        self.blank = blank
        self.page = book.add_worksheet(str(_("Prices")))
        self.revision = layout.revision_of(blank.rfq.id, blank.fingerprint)
        self.lots = {lot.id: f"{lot.number}. {lot.title}" for lot in blank.terms.lots}
        self.last = FIRST + max(len(blank.terms.lines), 1) - 1
        money = bid_sheet_currency.number_format(blank.terms)
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.bold = book.add_format({"bold": True, "num_format": money})
        self.head = _head(book)
        self.text = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
        self.number = book.add_format({"valign": "top"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"})
        self.money = book.add_format({"num_format": money, "valign": "top"})
        self.price = _open_cell(book, num_format="0.00####")
        self.amount = _open_cell(book, num_format="0.######")
        self.breaks = _open_cell(book, num_format="@", text_wrap=True)
        self.columns = layout.price_columns(blank.terms.allows)
        self.at = {column.name: index for index, column in enumerate(self.columns)}
        self.note = _open_cell(book, text_wrap=True)
        self.quoted = _open_cell(book, text_wrap=True, quote_prefix=True)

    def write(self) -> None:
        self._heading()
        for row, line in enumerate(self.blank.terms.lines, start=FIRST):
            self._line(row, line)
        self._validation()
        self._look()

    def _heading(self) -> None:
        rfq, page = self.blank.rfq, self.page
        visible = layout.INDEX["lot"]
        _text(page, 0, visible, f"{rfq.number} {rfq.title}", self.title)
        _text(page, 1, visible, str(_("Fill in the yellow cells only.")), None)
        terms = self.blank.terms
        named = _("Total in %(currency)s", currency=terms.currency)
        label = bid_sheet_currency.in_currency(terms, named, _("Total"))
        _text(page, 2, layout.INDEX["unit_price"], label, self.bold)
        totals = layout.INDEX["total"]
        page.write_formula(
            2,
            totals,
            f"=SUM({xl_range_abs(FIRST, totals, self.last, totals)})",
            self.bold,
            total_of(terms, self.blank.draft),
        )
        for index, column in enumerate(self.columns):
            page.write_string(HEADER, index, str(column.label), self.head)

    def _line(self, row: int, line: AskedLine) -> None:
        page, at = self.page, layout.INDEX
        asked = self.blank.lines.get(line.id)
        priced = self.blank.draft.line_by_id.get(line.id)
        page.write_string(row, at["line_id"], str(line.id))
        page.write_string(row, at["revision"], self.revision)
        _text(page, row, at["lot"], self.lots.get(line.lot_id, ""), self.text)
        page.write_number(row, at["number"], line.number, self.number)
        _text(page, row, at["description"], line.description, self.text)
        _number(page, row, at["quantity"], line.quantity, self.number)
        unit = unit_name(line.unit, language(), line.quantity)
        _text(page, row, at["unit"], unit, self.text)
        if asked is not None and asked.delivery_on is not None:
            on = asked.delivery_on
            midnight = datetime(on.year, on.month, on.day)  # noqa: DTZ001 - a day of a spreadsheet
            page.write_datetime(row, at["delivery_on"], midnight, self.day)
        place = asked.delivery_place if asked is not None else None
        _text(page, row, at["delivery_place"], place or "", self.text)
        _number(page, row, at["unit_price"], priced.unit_price if priced else None, self.price)
        currency = "" if self.blank.terms.rates else self.blank.terms.currency
        _text(page, row, at["currency"], currency, self.text)
        self._total(row, line, priced)
        _text(page, row, at["note"], priced.note if priced else "", self.note, self.quoted)
        self._extras(row, priced)

    def _extras(self, row: int, priced: PricedLine | None) -> None:
        """The part that is offered, and breaks as text in the reader's notation."""
        part = priced.quantity if priced else None
        if "offered" in self.at:
            value = part.value if part else None
            _number(self.page, row, self.at["offered"], value, self.amount)
        if "breaks" in self.at:
            sign = get_decimal_symbol(language())
            words = offering.written(priced.breaks, sign) if priced else ""
            _text(self.page, row, self.at["breaks"], words, self.breaks)

    def _total(self, row: int, line: AskedLine, priced: PricedLine | None) -> None:
        """Of a line with breaks the formula would not know the price: it has none."""
        known = "" if priced is None else line_total(line, priced)
        quantity = xl_rowcol_to_cell(row, layout.INDEX["quantity"])
        if "offered" in self.at:
            offered = xl_rowcol_to_cell(row, self.at["offered"])
            quantity = f"IF(ISNUMBER({offered}),{offered},{quantity})"
        cell = xl_rowcol_to_cell(row, layout.INDEX["unit_price"])
        is_priced = f"ISNUMBER({cell})"
        if "breaks" in self.at:
            breaks = xl_rowcol_to_cell(row, self.at["breaks"])
            is_priced = f'AND({is_priced},{breaks}="")'
        rounded = f"ROUND({quantity}*{cell},{bid_sheet_currency.places(self.blank.terms)})"
        formula = f'=IF({is_priced},{rounded},"")'
        self.page.write_formula(row, layout.INDEX["total"], formula, self.money, known)

    def _validation(self) -> None:
        price, note = layout.INDEX["unit_price"], layout.INDEX["note"]
        cell = xl_rowcol_to_cell(FIRST, price)
        within = f"=AND(ISNUMBER({cell}),{cell}>0,{cell}<1E13,ROUND({cell},6)={cell})"
        self.page.data_validation(
            FIRST,
            price,
            self.last,
            price,
            {
                "validate": "custom",
                "value": within,
                "error_title": str(_("Unit price")),
                "error_message": str(_("A number above zero with at most 6 decimal places.")),
            },
        )
        self.page.data_validation(FIRST, note, self.last, note, _at_most(layout.MAX_NOTE))

    def _look(self) -> None:
        page = self.page
        for index, column in enumerate(self.columns):
            hidden = {"hidden": True} if column.name in layout.HIDDEN else {}
            page.set_column(index, index, WIDTHS.get(column.name, 12), None, hidden)
        # the hidden columns too: a sort by the filter has to carry them along
        page.autofilter(HEADER, 0, self.last, len(self.columns) - 1)
        page.freeze_panes(FIRST, layout.INDEX["description"])
        page.protect("", PROTECTION)
        page.repeat_rows(HEADER)
        page.print_area(0, layout.INDEX["lot"], self.last, len(self.columns) - 1)
        _print_setup(page)


def _write_whole_bid(book: Any, blank: Blank) -> None:
    """The second sheet: what the bid says as a whole."""
    page, at = book.add_worksheet(str(layout.WHOLE_SHEET)), layout.WHOLE_INDEX
    head, text = (
        _head(book),
        book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True}),
    )
    for index, column in enumerate(layout.WHOLE_COLUMNS):
        page.write_string(0, index, str(column.label), head)
    # as text, so that a note such as 1/2 does not become a day
    answer = _open_cell(book, text_wrap=True, num_format="@")
    quoted = _open_cell(book, text_wrap=True, num_format="@", quote_prefix=True)
    days = _open_cell(book, num_format="0")
    least = _open_cell(book, num_format="0.00##")
    for row, (key, question, said, rule) in enumerate(_fields(blank), start=1):
        page.write_string(row, at["field"], key)
        _text(page, row, at["question"], question, text)
        if key in (layout.DELIVERY_DAYS, layout.MINIMUM_ORDER):
            style = days if key == layout.DELIVERY_DAYS else least
            _number(page, row, at["answer"], said, style)
        else:
            _text(page, row, at["answer"], said, answer, quoted)
        page.data_validation(row, at["answer"], row, at["answer"], rule)
    page.set_column(at["field"], at["field"], 12, None, {"hidden": True})
    page.set_column(at["question"], at["question"], 48)
    page.set_column(at["answer"], at["answer"], 80)
    page.freeze_panes(1, 0)
    page.protect("", PROTECTION)
    _print_setup(page)


def _fields(blank: Blank) -> list[tuple[str, str, Any, dict[str, Any]]]:
    """Key, question, present answer and rule of each field of the whole bid."""
    terms, draft = blank.terms, blank.draft
    said = {answer.criterion_id: answer.text for answer in draft.answers}
    days = None if draft.delivery_days is None else Decimal(draft.delivery_days)
    between = {
        "validate": "integer", "criteria": "between", "minimum": 0, "maximum": layout.MAX_DAYS,
    }  # fmt: skip
    choice = {"validate": "list", "source": [str(_("yes")), str(_("no"))]}
    fields: list[tuple[str, str, Any, dict[str, Any]]] = []
    if blank.alternative:
        short = _at_most(LONGEST_NAME)
        fields.append((layout.NAME, str(_("Name of the alternative")), draft.name, short))
    if bid_sheet_currency.is_chosen(terms):
        one = {"validate": "list", "source": list(terms.currencies)}
        present = draft.currency or terms.currency
        fields.append((layout.CURRENCY, str(_("Currency of all amounts")), present, one))
    if len(terms.lots) > 1:
        for lot in terms.lots:
            question = _("Bid for lot %(number)s: %(title)s", number=lot.number, title=lot.title)
            chosen = str(_("yes")) if lot.id in draft.lot_ids else ""
            fields.append((f"{layout.LOT}{lot.id}", str(question), chosen, choice))
    if OfferKind.MINIMUM_ORDER in terms.allows:
        named = _("Minimum order value in %(currency)s", currency=terms.currency)
        asked = bid_sheet_currency.in_currency(terms, named, _("Minimum order value"))
        least = draft.minimum_order.amount if draft.minimum_order else None
        above = {"validate": "decimal", "criteria": ">", "value": 0}
        fields.append((layout.MINIMUM_ORDER, asked, least, above))
    fields.append((layout.DELIVERY_DAYS, str(_("Delivery time in days")), days, between))
    long = _at_most(layout.MAX_TEXT)
    for criterion in terms.asked:
        key = f"{layout.CRITERION}{criterion.id}"
        answered = said.get(criterion.id, "")
        rule = _rule_of(criterion.answer, choice) or long
        if criterion.answer.type is AnswerType.YES_NO:
            answered = str(criterion.words(answered))
        fields.append((key, _question(criterion), answered, rule))
    fields.append((layout.NOTE, str(_("Note to the buyer")), draft.note, long))
    return fields


def _question(criterion: Criterion) -> str:
    """The name of the criterion, with how its answer is written."""
    spec = criterion.answer
    hint = {AnswerType.NUMBER: spec.unit, AnswerType.DATE: str(_("year-month-day"))}
    asked = hint.get(spec.type)
    return f"{criterion.name} ({asked})" if asked else criterion.name


def _rule_of(spec: AnswerSpec, yes_or_no: dict[str, Any]) -> dict[str, Any] | None:
    """The list to choose from, as long as a workbook can hold it."""
    if spec.type is AnswerType.YES_NO:
        return yes_or_no
    labels = [each.label for each in spec.choices]
    fits = labels and len(",".join(labels)) <= LONGEST_LIST and not any("," in x for x in labels)
    return {"validate": "list", "source": labels} if fits else None


def _write_bundles(book: Any, blank: Blank) -> None:
    """Rows in which lines of the first sheet are named by their numbers."""
    page, head = book.add_worksheet(str(_("Bundles"))), _head(book)
    text = _open_cell(book, num_format="@", text_wrap=True)
    quoted = _open_cell(book, num_format="@", text_wrap=True, quote_prefix=True)
    number = _open_cell(book, num_format="0.00##")
    for index, column in enumerate(layout.BUNDLE_COLUMNS):
        page.write_string(0, index, str(column.label), head)
        page.set_column(index, index, 24)
    for row, (*words, price, percent) in enumerate(
        bid_sheet_bundles.rows_of(blank.terms, blank.draft), start=1
    ):
        for index, each in enumerate(words):
            _text(page, row, index, each, text, quoted)
        _number(page, row, 3, price, number)
        _number(page, row, 4, percent, number)
    page.protect("", PROTECTION)
    _print_setup(page)


def _write_help(book: Any, blank: Blank) -> None:
    page = book.add_worksheet(str(_("Instructions")))
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    for row, words in enumerate(_instructions(blank)):
        page.write_string(row, 0, str(words), wrapped)
    page.set_column(0, 0, 100)
    page.protect()
    _print_setup(page)


def _instructions(blank: Blank) -> list[Text]:
    return [
        *_usual_instructions(blank),
        *(layout.EXTRA_INSTRUCTIONS[kind] for kind in OfferKind if kind in blank.terms.allows),
    ]


def _usual_instructions(blank: Blank) -> list[Text]:
    return [
        bid_sheet_currency.instruction(blank.terms),
        _("A price is a number above zero with at most 6 decimal places. Leave the cell empty for"
          " a line that you do not offer."),
        _("Delivery time, answers and lots stand in the second sheet. Say yes for the lots you bid"
          " for; if no lot says yes, the bid is for the lots of the lines you price."),
        _("Rows can be sorted and filtered. Do not add rows; a row that you delete counts as not"
          " priced."),
        _("Save the workbook as .xlsx and upload it on the page of your bid. You see every change"
          " before it is saved, and nothing is submitted until you say so."),
    ]  # fmt: skip


def _head(book: Any) -> Any:
    return book.add_format(
        {"bold": True, "bottom": 1, "bg_color": "#E9EDF2", "text_wrap": True, "valign": "top"}
    )


def _open_cell(book: Any, **look: Any) -> Any:
    """A cell to fill in: unlocked, and yellow so that it is found."""
    return book.add_format(
        {"locked": False, "bg_color": "#FFF8D6", "border": 1, "border_color": "#C9C9C9",
         "valign": "top", **look}
    )  # fmt: skip


def _at_most(characters: int) -> dict[str, Any]:
    words = _("At most %(limit)s characters.", limit=characters)
    return {
        "validate": "length",
        "criteria": "<=",
        "value": characters,
        "error_message": str(words),
    }


def _text(page: Any, row: int, column: int, words: str, style: Any, if_formula: Any = None) -> None:
    """Always as text: nothing that a buyer or supplier wrote is ever computed.

    if_formula: the style for what would become a formula when somebody edits the cell.
    """
    if words and if_formula is not None and looks_like_formula(words):
        page.write_string(row, column, words, if_formula)
    elif words:
        page.write_string(row, column, words, style)
    else:
        page.write_blank(row, column, None, style)


def _number(page: Any, row: int, column: int, value: Decimal | None, style: Any) -> None:
    """As a number while a spreadsheet program can hold all its digits, else as text."""
    if value is None:
        page.write_blank(row, column, None, style)
    elif len(value.normalize().as_tuple().digits) <= EXACT_DIGITS:
        page.write_number(row, column, value, style)
    else:
        page.write_string(row, column, format(value, "f"), style)


def _print_setup(page: Any) -> None:
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.set_footer("&L&F&R&P / &N")
