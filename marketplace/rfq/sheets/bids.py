"""A filled-in spreadsheet to a bid: every bad cell is named, and nothing is guessed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from marketplace.core import tabular
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import Quantity
from marketplace.core.tabular import CellKind, Column, Parsed, Record, Table, Unreadable
from marketplace.core.tabular.values import BadValue
from marketplace.core.text import Text, _
from marketplace.rfq.bids import offer_rules
from marketplace.rfq.bids import rules as bid_rules
from marketplace.rfq.bids.content import BidContent, PricedLine
from marketplace.rfq.sheets import bundles as bid_sheet_bundles
from marketplace.rfq.sheets import layout
from marketplace.rfq.sheets import whole as bid_sheet_whole
from marketplace.rfq.sheets.cells import Faults, PriceReader, differs, text_fault
from marketplace.rfq.terms.asked import AskedLine, Terms
from marketplace.rfq.terms.offering import OfferKind

LOCKED = ("number", "quantity", "unit")
# where a reason against a part of a line stands
_COLUMNS = {"quantity": "offered", "breaks": "breaks"}


class OtherRfq(Invalid):
    """The file was made for another RFQ."""

    code = "template_of_other_rfq"


class TemplateOutdated(Conflict):
    """The RFQ asks for something else than the file; ``errors`` say what."""

    code = "template_outdated"
    title = _("The spreadsheet is out of date")


@dataclass(frozen=True)
class Published:
    """What a file must have been made from."""

    rfq_id: UUID
    fingerprint: str
    terms: Terms
    alternative: int = 0


@dataclass(frozen=True)
class SheetBid:
    """What the file says, without documents, and what is to be looked at."""

    content: BidContent
    notices: tuple[Text, ...]


def read(content: bytes, filename: str, published: Published, draft: BidContent) -> SheetBid:
    """The bid in the file. What the file has no place for stays as in the draft.

    Raises Unreadable, OtherRfq, TemplateOutdated, or BidSheetInvalid with every bad cell.
    """
    tables = _tables(content, filename)
    prices = _parsed(tables, layout.PRICE_READ, layout.PRICE_REQUIRED)
    _check_revision(prices, published)
    faults = Faults()
    faults.add_read(prices)
    rows = dict(_rows(prices, published.terms, faults))
    whole = bid_sheet_whole.read(_find_whole(tables), published.terms, draft, faults)
    currency = whole.currency or published.terms.currency
    lines, notices = _lines(prices, rows, published.terms, currency, faults)
    found = whole.on(BidContent(lines=tuple(lines), bundles=draft.bundles))
    bundled = [table for table in tables if bid_sheet_bundles.is_bundles(table)]
    if bundled and OfferKind.BUNDLES in published.terms.allows:
        sheet = _parsed(bundled, layout.BUNDLE_COLUMNS, layout.BUNDLE_REQUIRED)
        bundles = bid_sheet_bundles.read(sheet, published.terms, whole.currency, faults)
        found = replace(found, bundles=bundles)
    _check(prices, rows, published, found, faults)
    faults.refuse()
    return SheetBid(found, (*notices, *whole.notices))


def _tables(content: bytes, filename: str) -> Sequence[Table]:
    if content.startswith(tabular.ZIP):
        return tabular.sheets(content, filename)
    return [tabular.read(content, filename)]


def _parsed(tables: Sequence[Table], columns: Sequence[Column], required: Sequence[str]) -> Parsed:
    """The one sheet with these columns, whatever its name. Raises Unreadable."""
    found, refusal = [], None
    for table in tables:
        try:
            found.append(tabular.parse(table, columns, required))
        except Unreadable as error:
            refusal = refusal or error
    if len(found) > 1:
        names = ", ".join(parsed.table.sheet or "" for parsed in found)
        detail = _("Several sheets hold the same columns: %(names)s. Keep one.", names=names)
        raise Unreadable(detail, errors=[FieldError("/file", "sheet_twice", detail)])
    if found:
        return found[0]
    raise refusal or Unreadable(_("The file has no visible sheet."))


def _find_whole(tables: Sequence[Table]) -> Parsed | None:
    """The sheet about the whole bid; CSV has none."""
    headed = [table for table in tables if bid_sheet_whole.is_whole(table)]
    return _parsed(headed, layout.WHOLE_COLUMNS, layout.WHOLE_REQUIRED) if headed else None


def _check_revision(parsed: Parsed, published: Published) -> None:
    """Raise unless every row that names its origin was made from this RFQ as it is now."""
    revisions = {record.get("revision") for record in parsed.records} - {None}
    if not revisions:
        raise Unreadable(
            _("The file has no lines of this event. Download the spreadsheet anew."),
            errors=[FieldError("/columns/revision", "no_lines", _("The column is empty."))],
        )
    for revision in revisions:
        if str(revision).split(" ")[0] != str(published.rfq_id):
            raise OtherRfq(
                _("This spreadsheet was made for another event. Download the one of this event."),
                errors=[
                    FieldError("/columns/revision", "template_of_other_rfq", _("Another event."))
                ],
            )
    if revisions != {layout.revision_of(published.rfq_id, published.fingerprint)}:
        raise TemplateOutdated(
            _("The event has changed since this spreadsheet was made. Download it anew."),
            errors=list(_changes(parsed, published.terms)),
        )


def _changes(parsed: Parsed, terms: Terms) -> Iterator[FieldError]:
    """What the RFQ asks for now and the file does not, or differently."""
    rows = {record.get("line_id"): record for record in parsed.records if record.get("line_id")}
    for line in terms.lines:
        record = rows.pop(str(line.id), None)
        place = f"/lines/{line.number}"
        if record is None:
            detail = _(
                "Line %(number)s is new: %(text)s", number=line.number, text=line.description
            )
            yield FieldError(place, "line_added", detail)
        elif any(differs(line, name, _cell(parsed, record, name)) for name in _present(parsed)):
            yield FieldError(
                place, "line_changed", _("Line %(number)s has changed.", number=line.number)
            )
    for record in rows.values():
        number = record.get("number") or "?"
        text = record.get("description") or ""
        detail = _("Line %(number)s is not asked for any more: %(text)s", number=number, text=text)
        yield FieldError(f"/lines/{number}", "line_removed", detail)


def _rows(parsed: Parsed, terms: Terms, faults: Faults) -> Iterator[tuple[UUID, Record]]:
    """The row of each line; rows that are added, doubled or torn apart are refused."""
    known = {str(line.id): line for line in terms.lines}
    seen: dict[str, int] = {}
    for record in parsed.records:
        line = known.get(record.get("line_id") or "")
        if line is None:
            detail = _("This row is not a line of the event. Take it out.")
            faults.add(parsed, record.row, _first(parsed, record), "unknown_line", detail)
            continue
        if str(line.id) in seen:
            detail = _("The line stands in row %(row)s already.", row=seen[str(line.id)])
            faults.add(parsed, record.row, "unit_price", "duplicate_line", detail)
            continue
        seen[str(line.id)] = record.row
        for name in _present(parsed):
            if differs(line, name, _cell(parsed, record, name)):
                faults.add(parsed, record.row, name, "not_as_asked", _not_as_asked(name))
        yield line.id, record


def _not_as_asked(name: str) -> Text:
    if name == "number":
        return _("The row was torn apart, perhaps by sorting some columns only. Download it anew.")
    return _("This is what the buyer asks for. Leave it, and write a note if you offer otherwise.")


def _present(parsed: Parsed) -> list[str]:
    return [name for name in LOCKED if name in parsed.columns]


def _cell(parsed: Parsed, record: Record, name: str) -> tabular.Cell:
    return parsed.table.rows[record.row - 1].cell(parsed.columns[name])


def _first(parsed: Parsed, record: Record) -> int:
    """The first cell with something in it that people can see."""
    hidden = {parsed.columns[name] for name in layout.HIDDEN}
    cells = parsed.table.rows[record.row - 1].cells
    filled = [i for i, cell in enumerate(cells) if cell.kind is not CellKind.EMPTY]
    return next((index for index in filled if index not in hidden), filled[0])


def _lines(
    parsed: Parsed, rows: dict[UUID, Record], terms: Terms, currency: str, faults: Faults
) -> tuple[list[PricedLine], list[Text]]:
    """The priced lines in the order of the RFQ. A line without a row is not priced, and said so."""
    reader = PriceReader(
        currency, [_cell(parsed, record, "unit_price") for record in rows.values()]
    )
    lines, notices = [], []
    for asked in terms.lines:
        record = rows.get(asked.id)
        if record is None:
            notices.append(
                _("Line %(number)s is not in the file: it counts as not priced.",
                  number=asked.number)
            )  # fmt: skip
            continue
        note = _note(parsed, record, faults)
        _check_currency(parsed, record, currency, faults)
        cell = _cell(parsed, record, "unit_price")
        if cell.kind is CellKind.EMPTY:
            if note:
                notices.append(
                    _("Line %(number)s has a note but no price: the note is not kept.",
                      number=asked.number)
                )  # fmt: skip
        elif cell.kind is not CellKind.UNCOMPUTED:
            line = _line(parsed, record, asked, reader, faults)
            lines.extend([replace(line, note=note)] if line else [])
    return lines, notices


def _line(
    parsed: Parsed, record: Record, asked: AskedLine, reader: PriceReader, faults: Faults
) -> PricedLine | None:
    """The price in this row with what else it offers; each bad cell is named."""
    read: dict[str, Any] = {}
    ways = {"unit_price": reader.read, "offered": reader.read, "breaks": reader.read_breaks}
    for name, way in ways.items():
        cell = _cell(parsed, record, name) if name in parsed.columns else tabular.Cell()
        if cell.kind in (CellKind.EMPTY, CellKind.UNCOMPUTED):
            continue
        try:
            read[name] = way(cell)
        except BadValue as bad:
            faults.add(parsed, record.row, name, bad.code, bad.detail)
    if "unit_price" not in read:
        return None
    part = Quantity(read["offered"], asked.unit) if "offered" in read else None
    return PricedLine(
        asked.id, read["unit_price"], reader.currency, "", part, read.get("breaks", ())
    )


def _note(parsed: Parsed, record: Record, faults: Faults) -> str:
    note = str(record.get("note") or "")
    fault = text_fault(note, layout.MAX_NOTE)
    if fault:
        faults.add(parsed, record.row, "note", *fault)
    return note


def _check_currency(parsed: Parsed, record: Record, currency: str, faults: Faults) -> None:
    written = record.get("currency")
    if written and str(written).upper() != currency:
        fault = offer_rules.wrong_currency(currency, "")
        faults.add(parsed, record.row, "currency", fault.code, fault.detail)


def _check(
    parsed: Parsed,
    rows: dict[UUID, Record],
    published: Published,
    content: BidContent,
    faults: Faults,
) -> None:
    """The rules of every bid, their reasons at the cells."""
    try:
        bid_rules.check_content(
            published.terms, content, complete=False, alternative=published.alternative
        )
    except bid_rules.BidInvalid as refusal:
        for error in refusal.errors:
            path = error.pointer.strip("/").split("/")
            if path[0] == "bundles":
                continue  # said at their own sheet
            if path[0] == "lines" and len(path) > 1:
                row = rows[content.lines[int(path[1])].line_id].row
            else:
                row = parsed.header_row
            column = _COLUMNS.get(path[2] if len(path) > 2 else "", "unit_price")
            faults.add(parsed, row, column, error.code, error.detail)
