"""Lines of an RFQ in a spreadsheet: which columns, and what makes a row a line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from marketplace.catalog.models import Item
from marketplace.catalog.rules import checked_gtin, cpv_code, sku_key
from marketplace.core import tabular
from marketplace.core.money import Money, Quantity
from marketplace.core.tabular import Column, Kind, Options, Parsed, Record, Table
from marketplace.core.tabular.columns import folded
from marketplace.core.text import _
from marketplace.core.units import UNITS, unit_code
from marketplace.rfq.terms.drafts import LineDraft

PLACES = 6
LIMIT = Decimal("1e13")
MAX_DESCRIPTION = 2000
MAX_PLACE = 200
GTIN_LENGTHS = (8, 12, 13, 14)
_TOTAL = re.compile(r"(sous |sub ?)?total\b|montant total|grand total|report\b")

COLUMNS = (
    Column("lot", _("Lot"), ("lot", "lot no", "n lot", "no lot", "numéro de lot", "lot number")),
    Column(
        "external_ref",
        _("Reference"),
        ("reference", "référence", "réf", "ref", "item code", "item", "sku", "code", "code article",
         "article", "n prix", "numéro de prix", "no"),
        Kind.CODE,
    ),
    Column(
        "description",
        _("Description"),
        ("description", "désignation", "designation", "libellé", "désignation des prestations",
         "name", "intitulé"),
    ),
    Column("quantity", _("Quantity"), ("quantity", "quantité", "qty", "qté", "qte", "quantités"),
           Kind.NUMBER),
    Column("unit", _("Unit"), ("unit", "unité", "u", "uom", "unit of measure", "unités")),
    Column(
        "reference_price",
        _("Estimated unit price"),
        ("estimated unit price", "estimated price", "unit price", "price", "prix estimé ht",
         "prix estimé", "prix", "prix ht", "prix unitaire", "prix unitaire ht", "pu ht", "pu",
         "estimation"),
        Kind.NUMBER,
    ),
    Column("currency", _("Currency"), ("currency", "devise", "monnaie")),
    Column(
        "delivery_on",
        _("Deliver by"),
        ("deliver by", "delivery date", "delivery", "date de livraison", "livraison",
         "livrer avant", "date"),
        Kind.DAY,
    ),
    Column("delivery_place", _("Place of delivery"),
           ("place", "place of delivery", "delivery place", "lieu", "lieu de livraison", "site")),
    Column("category_code", _("CPV code"), ("cpv", "cpv code", "code cpv", "category", "catégorie"),
           Kind.CODE),
)  # fmt: skip
REQUIRED = ("description", "quantity")
LABELS = {column.name: column.label for column in COLUMNS}


@dataclass
class Known:
    """What rows are compared with: the RFQ and the catalogue."""

    currency: str
    references: frozenset[tuple[str, str]] = frozenset()
    items: Mapping[str, Item] = field(default_factory=dict)
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SheetLine:
    """A row that can become a line. ``lot`` is the lot as the file names it; empty: the first."""

    row: int
    lot: str
    line: LineDraft


def read(table: Table, options: Options) -> Parsed:
    """The rows of the file by columns; rows that only add up others are left out with a notice."""
    parsed = tabular.parse(table, COLUMNS, REQUIRED, options)
    lines = []
    for record in parsed.records:
        if _is_total(record):
            parsed.notice(
                record, "description", "total_row", _("A row of totals is not a line; left out.")
            )
        else:
            lines.append(record)
    parsed.records = lines
    return parsed


def lines_of(parsed: Parsed, known: Known) -> list[SheetLine]:
    """The rows that are right; every other one is refused with all its reasons."""
    seen: dict[tuple[str, str], int] = {}
    lines = []
    for record in parsed.records:
        _check_description(parsed, record)
        _check_quantity(parsed, record)
        _check_price(parsed, record, known)
        _check_reference(parsed, record, known, seen)
        lot = _check_lot(parsed, record)
        _check_category(parsed, record, known)
        unit = _unit(parsed, record, known)
        if not record.refused and unit:
            lines.append(SheetLine(record.row, lot, _draft(record, unit, known)))
    return lines


def lot_key(name: str) -> str:
    """How lots are compared: "Lot 1", "lot 01" and "1" are the same."""
    key = folded(name).removeprefix("lot ").removeprefix("no ").strip()
    return str(int(key)) if key.isascii() and key.isdigit() else key


def categories_in(parsed: Parsed) -> set[str]:
    """The CPV codes that the file names."""
    codes = {cpv_code(record.get("category_code") or "") for record in parsed.records}
    return {code for code in codes if code}


def references_in(parsed: Parsed) -> list[str]:
    """The references that the file names."""
    return [record.get("external_ref") for record in parsed.records if record.get("external_ref")]


def _is_total(record: Record) -> bool:
    if record.get("quantity") or record.get("external_ref"):
        return False
    texts = (record.get("description"), record.get("lot"))
    return any(_TOTAL.match(folded(text)) for text in texts if text)


def _check_description(parsed: Parsed, record: Record) -> None:
    description = record.get("description")
    if not description:
        parsed.refuse(record, "description", "required", _("This is missing."))
    elif len(description) > MAX_DESCRIPTION:
        _too_long(parsed, record, "description", MAX_DESCRIPTION)
    elif description.startswith(("=", "+", "-", "@")):
        parsed.notice(
            record, "description", "formula_as_text", _("Looks like a formula; kept as plain text.")
        )
    if len(record.get("delivery_place") or "") > MAX_PLACE:
        _too_long(parsed, record, "delivery_place", MAX_PLACE)


def _too_long(parsed: Parsed, record: Record, name: str, limit: int) -> None:
    parsed.refuse(record, name, "too_long", _("At most %(limit)s characters.", limit=limit))


def _check_quantity(parsed: Parsed, record: Record) -> None:
    quantity = record.get("quantity")
    if quantity is None:
        parsed.refuse(record, "quantity", "required", _("This is missing."))
    elif isinstance(quantity, Decimal) and quantity <= 0:
        parsed.refuse(record, "quantity", "too_small", _("The quantity must be above zero."))
    else:
        _check_size(parsed, record, "quantity")


def _check_price(parsed: Parsed, record: Record, known: Known) -> None:
    price = record.get("reference_price")
    if isinstance(price, Decimal) and price < 0:
        detail = _("The price must be zero or more.")
        parsed.refuse(record, "reference_price", "too_small", detail)
    else:
        _check_size(parsed, record, "reference_price")
    currency = record.get("currency")
    if currency and currency.upper() != known.currency:
        detail = _("Amounts of this event are in %(currency)s.", currency=known.currency)
        parsed.refuse(record, "currency", "currency_mismatch", detail)


def _check_size(parsed: Parsed, record: Record, name: str) -> None:
    value = record.get(name)
    if not isinstance(value, Decimal):
        return
    if value >= LIMIT:
        parsed.refuse(record, name, "too_large", _("This number is too large."))
    elif value != round(value, PLACES):
        detail = _("At most %(n)s decimal places are kept.", n=PLACES)
        parsed.refuse(record, name, "too_many_decimals", detail)


def _check_reference(
    parsed: Parsed, record: Record, known: Known, seen: dict[tuple[str, str], int]
) -> None:
    reference = record.get("external_ref")
    if not reference:
        return
    key = (lot_key(record.get("lot") or ""), sku_key(reference))
    if key in seen:
        detail = _("The reference stands in row %(row)s of the same lot.", row=seen[key])
        parsed.refuse(record, "external_ref", "duplicate_reference", detail)
    elif key in known.references:
        detail = _("The event has a line with this reference in this lot.")
        parsed.refuse(record, "external_ref", "already_in_rfq", detail)
    else:
        seen[key] = record.row
    _doubt_gtin(parsed, record, reference)


def _doubt_gtin(parsed: Parsed, record: Record, reference: str) -> None:
    """A code of thirteen digits is most likely a GTIN; one whose check digit fails is looked at."""
    if len(reference) not in GTIN_LENGTHS[1:] or not reference.isdigit():
        return
    try:
        checked_gtin(reference)
    except ValueError:
        parsed.notice(
            record,
            "external_ref",
            "bad_check_digit",
            _("If this is a GTIN, its check digit is wrong."),
        )


def _check_lot(parsed: Parsed, record: Record) -> str:
    lot = record.get("lot")
    if "lot" in record.values and not lot:
        parsed.refuse(record, "lot", "required", _("The row names no lot."))
    return lot or ""


def _check_category(parsed: Parsed, record: Record, known: Known) -> None:
    written = record.get("category_code")
    if written and cpv_code(written) not in known.categories:
        parsed.refuse(record, "category_code", "unknown_category", _("There is no such CPV code."))


def _unit(parsed: Parsed, record: Record, known: Known) -> str | None:
    written = record.get("unit")
    if not written:
        item = _item(record, known)
        if item is not None:
            return item.unit
        parsed.refuse(record, "unit", "required", _("This is missing."))
        return None
    code = written if written in UNITS else unit_code(written)
    if code is None:
        parsed.refuse(
            record,
            "unit",
            "unknown_unit",
            _("This unit is not known. Use a usual name or a UNECE Rec 20 code."),
        )
    return code


def _item(record: Record, known: Known) -> Item | None:
    return known.items.get(sku_key(record.get("external_ref") or ""))


def _draft(record: Record, unit: str, known: Known) -> LineDraft:
    item = _item(record, known)
    price = record.get("reference_price")
    category = record.get("category_code")
    return LineDraft(
        description=record.values["description"],
        quantity=Quantity(record.values["quantity"], unit),
        item_id=item.id if item else None,
        category_code=cpv_code(category) if category else (item.category_code if item else None),
        delivery_place=record.get("delivery_place"),
        delivery_on=record.get("delivery_on"),
        reference_price=None if price is None else Money(price, known.currency),
        external_ref=record.get("external_ref"),
    )


def template_rows(currency: str) -> tuple[Sequence[Any], list[Sequence[Any]]]:
    """Header and examples for the template that people download."""
    rows: list[Sequence[Any]] = [
        ("1", "00420", _("Office chair, armrests adjustable"), Decimal(120), "C62",
         Decimal("189.90"), currency, None, "Lyon", "39112000"),
        ("2", "03-118", _("Paper A4 80 g, recycled"), Decimal("2400"), "RM",
         Decimal("3.185"), currency, None, "Villeurbanne", "30197643"),
    ]  # fmt: skip
    return [column.label for column in COLUMNS], rows
