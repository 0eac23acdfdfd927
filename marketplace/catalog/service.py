"""Use cases of the catalogue: items are added, changed, taken out of use and back."""

from collections.abc import Mapping, Sequence, Set
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.catalog import history, queries, rules
from marketplace.catalog.models import Item
from marketplace.core import audit, clock
from marketplace.core.db import check_version
from marketplace.core.errors import Conflict, FieldError, Invalid
from marketplace.core.money import Money
from marketplace.core.tabular.reading import clean
from marketplace.core.text import _
from marketplace.identity.permissions import Actor, OrgKind, Permission, requires


class SkuTaken(Conflict):
    """Another item of the buyer has this code, whatever its case and blanks."""

    code = "sku_taken"


@requires(Permission.CATALOG_MANAGE)
def create(session: Session, actor: Actor, values: Mapping[str, Any]) -> Item:
    """Add an item to the buyer's catalogue.

    values: fields of Item; ``price`` as Money for the base quantity. Raises Invalid or SkuTaken.
    """
    _check_sku_free(session, actor, values.get("sku") or "", None)
    return create_many(session, actor, [values])[0]


@requires(Permission.CATALOG_MANAGE)
def create_many(session: Session, actor: Actor, rows: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Add items whose codes are known to be new, in few statements however many they are."""
    buyer_id = _buyer(actor)
    for values in rows:
        rules.check_item({"sku": "", "name": "", **values})
    _check_categories(session, {values.get("category_code") for values in rows})
    items = [Item(buyer_id=buyer_id, words="", sku="", sku_key="") for _values in rows]
    for item, values in zip(items, rows, strict=True):
        _fill(item, values)
    session.add_all(items)
    session.flush()
    for item in items:
        audit.record(session, actor, "item.created", ("item", item.id), {"sku": item.sku})
    return items


@requires(Permission.CATALOG_MANAGE)
def update(
    session: Session,
    actor: Actor,
    item_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None = None,
) -> Item:
    """Change the named fields of an item; what is not named stays."""
    item = queries.get(session, actor, item_id, lock=True)
    check_version(item, expected_version)
    rules.check_item(changes)
    _check_categories(session, {changes.get("category_code")})
    if "sku" in changes:
        _check_sku_free(session, actor, changes["sku"], item.id)
    before = history.snapshot(item)
    _fill(item, changes)
    after = history.snapshot(item)
    changed = {name: after[name] for name in after if after[name] != before[name]}
    if changed:
        item.changed_at = clock.now()
        audit.record(session, actor, "item.changed", ("item", item.id), changed)
        session.flush()
    return item


def _buyer(actor: Actor) -> UUID:
    """Only buyers have a catalogue of their own."""
    if actor.org_kind is not OrgKind.BUYER:
        raise Conflict(_("Only a buying organisation keeps a catalogue of items."))
    return actor.organisation_id


def _fill(item: Item, values: Mapping[str, Any]) -> None:
    for name in history.FIELDS:
        if name in values:
            setattr(item, name, values[name])
    if "price" in values:
        price: Money | None = values["price"]
        item.price_amount = None if price is None else price.amount
        item.currency = None if price is None else price.currency
    item.sku = clean(item.sku)
    item.sku_key = rules.sku_key(item.sku)
    item.name = clean(item.name)
    item.description = item.description or ""
    item.gtin = rules.checked_gtin(item.gtin)
    item.words = rules.searchable(item.sku, item.gtin, item.name, item.description)


def _check_categories(session: Session, codes: Set[str | None]) -> None:
    named = {code for code in codes if code}
    if named - queries.categories(session, named).keys():
        detail = _("There is no such CPV code.")
        raise Invalid(detail, errors=[FieldError("/category_code", "unknown_category", detail)])


def _check_sku_free(session: Session, actor: Actor, sku: str, own_id: UUID | None) -> None:
    taken = queries.by_sku(session, actor, [sku]).get(rules.sku_key(sku))
    if taken is not None and taken.id != own_id:
        detail = _("The item “%(name)s” has this code already.", name=taken.name)
        raise SkuTaken(detail, errors=[FieldError("/sku", "sku_taken", detail)])
