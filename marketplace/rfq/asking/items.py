"""Lines that name an item of the catalogue."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from marketplace.catalog import queries as catalog_queries
from marketplace.catalog.models import Item
from marketplace.core.errors import FieldError, refuse_all
from marketplace.core.text import _
from marketplace.identity.permissions import Actor
from marketplace.rfq.terms.drafts import LineDraft


def with_items(session: Session, actor: Actor, lines: Sequence[LineDraft]) -> list[LineDraft]:
    """The lines, with name and category of their item where they have none of their own.

    Raises Invalid for items that are not the buyer's and for lines that say nothing.
    """
    items = catalog_queries.by_ids(session, actor, [line.item_id for line in lines])
    filled = [_filled(line, items) for line in lines]
    errors = [
        FieldError(f"/lines/{index}/item_id", "unknown_item", _("There is no such item."))
        for index, line in enumerate(lines)
        if line.item_id is not None and line.item_id not in items
    ]
    errors += [
        FieldError(f"/lines/{index}/description", "required", _("Say what is asked for."))
        for index, line in enumerate(filled)
        if not line.description and line.item_id is None
    ]
    refuse_all(errors)
    return filled


def _filled(line: LineDraft, items: Mapping[UUID, Item]) -> LineDraft:
    item = items.get(line.item_id) if line.item_id else None
    if item is None:
        return line
    return replace(
        line,
        description=line.description or item.name,
        category_code=line.category_code or item.category_code,
    )
