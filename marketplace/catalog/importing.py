"""Items from a spreadsheet: new ones are added, known ones change in what the file says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from marketplace.catalog import history, queries, rules, service
from marketplace.catalog.models import Item
from marketplace.core import tabular
from marketplace.core.errors import Invalid
from marketplace.core.money import CURRENCIES, Money
from marketplace.core.tabular import ERASE, Column, Kind, Options, Parsed, Record
from marketplace.core.text import _
from marketplace.core.units import unit_code
from marketplace.identity.permissions import Actor, Permission, requires

COLUMNS = (
    Column(
        "sku",
        _("Item code"),
        ("sku", "item code", "item", "code", "reference", "référence", "réf", "code article",
         "article"),
        Kind.CODE,
    ),
    Column("gtin", _("GTIN"), ("gtin", "ean", "ean13", "code ean", "code barres", "barcode"),
           Kind.CODE),
    Column("name", _("Name"), ("name", "nom", "désignation", "designation", "libellé", "title")),
    Column("description", _("Description"), ("description", "détail", "detail", "details")),
    Column("category_code", _("CPV code"), ("cpv", "cpv code", "code cpv", "category", "catégorie"),
           Kind.CODE),
    Column("unit", _("Unit"), ("unit", "unité", "unite", "uom", "unit of measure")),
    Column(
        "price",
        _("Reference price"),
        ("price", "prix", "unit price", "prix unitaire", "prix ht", "reference price",
         "prix de référence", "prix unitaire ht", "pu", "pu ht"),
        Kind.NUMBER,
    ),
    Column("currency", _("Currency"), ("currency", "devise", "monnaie")),
    Column("base_quantity", _("Price per"), ("base quantity", "price per", "prix pour", "per"),
           Kind.NUMBER),
)  # fmt: skip
REQUIRED = ("sku",)
ERASABLE = frozenset({"gtin", "description", "category_code", "price"})
NEEDED_FOR_NEW = ("name", "unit")


@dataclass
class ItemChange:
    """What one row does: ``changes`` holds old and new values as they are shown."""

    row: int
    sku: str
    values: dict[str, Any]
    item: Item | None
    changes: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        return self.item is None


@dataclass
class Plan:
    """All that an import would do, for the user to look at before anything is written."""

    parsed: Parsed
    changes: list[ItemChange]

    @property
    def added(self) -> int:
        return sum(change.is_new for change in self.changes)

    @property
    def changed(self) -> int:
        return sum(bool(change.changes) and not change.is_new for change in self.changes)


@requires(Permission.CATALOG_MANAGE)
def preview(
    session: Session, actor: Actor, content: bytes, filename: str, options: Options
) -> Plan:
    """Read the file and say what it would do; nothing is written."""
    table = tabular.read(content, filename)
    parsed = tabular.parse(table, COLUMNS, REQUIRED, options, may_erase=True)
    _refuse_repeated(parsed)
    known = queries.by_sku(session, actor, [r.get("sku") or "" for r in parsed.records])
    codes = {rules.cpv_code(r.get("category_code") or "") for r in parsed.records}
    categories = set(queries.categories(session, codes))
    changes = []
    for record in parsed.records:
        change = _change(parsed, record, known, categories, actor.currency)
        if not record.refused:
            changes.append(change)
    return Plan(parsed, changes)


@requires(Permission.CATALOG_MANAGE)
def import_items(
    session: Session, actor: Actor, content: bytes, filename: str, options: Options
) -> Plan:
    """Do what the preview says: all rows, or nothing and every reason (Invalid)."""
    plan = preview(session, actor, content, filename, options)
    tabular.refuse_file(plan.parsed, options)
    new = [change.values for change in plan.changes if change.is_new]
    service.create_many(session, actor, new)
    for change in plan.changes:
        if change.item is not None and change.changes:
            service.update(session, actor, change.item.id, change.values)
    return plan


def template_rows(currency: str) -> tuple[Sequence[Any], Iterable[Sequence[Any]]]:
    """Header and an example for the template that people download."""
    example = (
        "00420", "4006381333931", _("Highlighter, yellow"), "", "30192125", "C62",
        Decimal("0.62"), currency, Decimal(1),
    )  # fmt: skip
    return [column.label for column in COLUMNS], [example]


def _refuse_repeated(parsed: Parsed) -> None:
    first: dict[str, Record] = {}
    for record in parsed.records:
        key = rules.sku_key(record.get("sku") or "")
        if not key:
            parsed.refuse(record, "sku", "required", _("This is missing."))
        elif key in first:
            detail = _("The code stands in row %(row)s already.", row=first[key].row)
            parsed.refuse(record, "sku", "duplicate_code", detail)
            again = _("The code stands in row %(row)s again.", row=record.row)
            parsed.refuse(first[key], "sku", "duplicate_code", again)
        else:
            first[key] = record


def _change(
    parsed: Parsed, record: Record, known: dict[str, Item], categories: set[str], currency: str
) -> ItemChange:
    item = known.get(rules.sku_key(record.get("sku") or ""))
    values = _named(parsed, record)
    _read_unit(parsed, record, values)
    _read_category(parsed, record, values, categories)
    _read_price(parsed, record, values, item.currency if item else None, currency)
    if item is None:
        values = {name: value for name, value in values.items() if value is not None}
        for name in NEEDED_FOR_NEW:
            if not values.get(name) and not record.refused:
                parsed.refuse(record, name, "required", _("A new item needs this."))
    else:
        values.pop("sku", None)
    _check(parsed, record, values)
    change = ItemChange(record.row, record.get("sku") or "", values, item)
    if item is not None:
        change.changes = _differences(item, values)
    return change


def _named(parsed: Parsed, record: Record) -> dict[str, Any]:
    """What the row says; empty cells say nothing, the marker ERASE empties a field."""
    values: dict[str, Any] = {}
    for name, value in record.values.items():
        if value == ERASE and name in ERASABLE:
            values[name] = None
        elif value == ERASE:
            parsed.refuse(record, name, "cannot_be_empty", _("This field cannot be emptied."))
        elif value is not None:
            values[name] = value
    return values


def _read_unit(parsed: Parsed, record: Record, values: dict[str, Any]) -> None:
    if "unit" in values:
        code = unit_code(values["unit"])
        if code is None:
            parsed.refuse(record, "unit", "unknown_unit", _("This unit is not known."))
        else:
            values["unit"] = code


def _read_category(
    parsed: Parsed, record: Record, values: dict[str, Any], categories: set[str]
) -> None:
    if values.get("category_code"):
        code = rules.cpv_code(values["category_code"])
        if code not in categories:
            detail = _("There is no such CPV code.")
            parsed.refuse(record, "category_code", "unknown_category", detail)
        values["category_code"] = code


def _read_price(
    parsed: Parsed, record: Record, values: dict[str, Any], own: str | None, usual: str
) -> None:
    named = values.pop("currency", None)
    currency = str(named or own or usual).upper()
    if currency not in CURRENCIES:
        parsed.refuse(record, "currency", "unknown_currency", _("This currency is not known."))
    elif isinstance(values.get("price"), Decimal):
        values["price"] = Money(values["price"], currency)


def _check(parsed: Parsed, record: Record, values: dict[str, Any]) -> None:
    if record.refused:
        return
    try:
        rules.check_item(values)
    except Invalid as refusal:
        for error in refusal.errors:
            name = error.pointer.strip("/")
            parsed.refuse(record, name, error.code, error.detail)


def _differences(item: Item, values: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    """Old and new value of every field that the row changes."""
    before = history.snapshot(item)
    differences = {}
    for name, value in values.items():
        old, new = before.get(name), history.shown(value)
        if (old or None) != (new or None):
            differences[name] = (old, new)
    return differences
