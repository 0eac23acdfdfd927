"""The sheet of bundles in the workbook of a bid: written, and read back."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from marketplace.core.money import Money
from marketplace.core.tabular import Parsed, Record, Table, values
from marketplace.core.tabular.columns import folded
from marketplace.core.text import _
from marketplace.rfq.bids import bundle_rules
from marketplace.rfq.bids.bundling import MAX_BUNDLES, Bundle
from marketplace.rfq.bids.content import BidContent
from marketplace.rfq.sheets import layout
from marketplace.rfq.sheets.cells import Faults
from marketplace.rfq.terms.asked import Terms

_NUMBERS = re.compile(r"\d{1,5}(-\d{1,5})?")
_LONGEST_RANGE = 5000
_PLACES = {"name": "bundle", "line_ids": "lines", "lot_ids": "lots"}


def is_bundles(table: Table) -> bool:
    """Whether the sheet has the header of the bundles."""
    names = [
        {folded(name) for name in (column.name, *column.aliases)}
        for column in layout.BUNDLE_COLUMNS
        if column.name in layout.BUNDLE_REQUIRED
    ]
    return any(all(each & _texts(row) for each in names) for row in table.rows[:5])


def _texts(row: Any) -> set[str]:
    return {folded(cell.text) for cell in row.cells}


def rows_of(terms: Terms, content: BidContent) -> list[tuple[str, str, str, Any, Any]]:
    """The bundles as rows, padded with empty ones."""
    lines = {line.id: line.number for line in terms.lines}
    lots = {lot.id: lot.number for lot in terms.lots}
    rows: list[tuple[str, str, str, Any, Any]] = [
        (
            bundle.name,
            _written(bundle.line_ids, lines),
            _written(bundle.lot_ids, lots),
            bundle.price.amount if bundle.price else None,
            bundle.percent,
        )
        for bundle in content.bundles
    ]
    return rows + [("", "", "", None, None)] * (MAX_BUNDLES - len(rows))


def read(parsed: Parsed, terms: Terms, currency: str | None, faults: Faults) -> tuple[Bundle, ...]:
    """The bundles that the sheet names; every bad cell is told to ``faults``.

    currency: of the bid; None: that of the RFQ.
    """
    faults.add_read(parsed)
    found, places = [], []
    for record in parsed.records:
        try:
            found.append(_bundle(record, terms, currency or terms.currency))
            places.append(record)
        except values.BadValue as bad:
            faults.add(parsed, record.row, "lines", bad.code, bad.detail)
    content = BidContent(bundles=tuple(found), currency=currency)
    for error in bundle_rules.bundle_errors(terms, content, complete=False):
        path = error.pointer.strip("/").split("/")
        row = places[int(path[1])].row if len(path) > 1 else parsed.header_row
        part = path[2] if len(path) > 2 else "bundle"
        column = _PLACES.get(part, part)
        index = column if column in parsed.columns else "bundle"
        faults.add(parsed, row, index, error.code, error.detail)
    return content.bundles


def _bundle(record: Record, terms: Terms, currency: str) -> Bundle:
    lines = {line.number: line.id for line in terms.lines}
    lots = {lot.number: lot.id for lot in terms.lots}
    price, percent = _number(record, "price"), _number(record, "percent")
    return Bundle(
        name=str(record.get("bundle") or "")[:100],
        line_ids=_ids(str(record.get("lines") or ""), lines),
        lot_ids=_ids(str(record.get("lots") or ""), lots),
        price=None if price is None else Money(price, currency),
        percent=percent,
    )


def _number(record: Record, name: str) -> Decimal | None:
    said = str(record.get(name) or "")
    return values.number(said) if said else None


def _ids(text: str, known: Mapping[int, UUID]) -> tuple[UUID, ...]:
    """``1; 3-5`` as the ids of these numbers. Raises BadValue."""
    found: dict[UUID, None] = {}
    for part in re.split(r"[;,\s]+", text.strip()):
        for number in _range(part) if part else ():
            if number not in known:
                raise values.BadValue(
                    "unknown_number", _("There is no number %(number)s.", number=number)
                )
            found[known[number]] = None
    return tuple(found)


def _range(part: str) -> Iterable[int]:
    if not _NUMBERS.fullmatch(part):
        raise values.BadValue("not_numbers", _("Write numbers such as 1; 3; 5-8."))
    first, _dash, last = part.partition("-")
    return range(int(first), min(int(last or first), int(first) + _LONGEST_RANGE) + 1)


def _written(ids: Iterable[UUID], numbers: Mapping[UUID, int]) -> str:
    return "; ".join(str(number) for number in sorted(numbers[each] for each in ids))
