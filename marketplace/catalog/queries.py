"""Reads of categories and items."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from marketplace.catalog import rules
from marketplace.catalog.models import Category, Item
from marketplace.core.errors import NotFound
from marketplace.core.pages import Page, paginate
from marketplace.core.text import _
from marketplace.identity.permissions import Actor


def category(session: Session, code: str) -> Category:
    """The category, or NotFound."""
    found = session.get(Category, code)
    if found is None:
        raise NotFound(_("There is no such category."))
    return found


def categories(session: Session, codes: Iterable[str | None]) -> dict[str, Category]:
    """Categories by code."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    return {
        row.code: row for row in session.scalars(select(Category).where(Category.code.in_(wanted)))
    }


def ancestors(session: Session, code: str) -> list[Category]:
    """The categories above, from the division down."""
    codes = []
    above = rules.parent_of(code)
    while above:
        codes.append(above)
        above = rules.parent_of(above)
    found = categories(session, codes)
    return [found[above] for above in reversed(codes) if above in found]


def children(session: Session, parent: str | None) -> Sequence[Category]:
    """The categories right below; the divisions for None."""
    condition = Category.parent_code == parent if parent else Category.parent_code.is_(None)
    return session.scalars(select(Category).where(condition).order_by(Category.code)).all()


def search_categories(
    session: Session, query: str = "", *, cursor: str | None = None, limit: int = 50
) -> Page[Category]:
    """Categories by the start of their code, or by words of their French or English name."""
    return paginate(
        session,
        select(Category).where(_matches(Category.code, Category.words, query)),
        order=(Category.level, Category.code),
        cursor=cursor,
        limit=limit,
    )


def _matches(
    code: InstrumentedAttribute[str], words: InstrumentedAttribute[str], query: str
) -> ColumnElement[bool]:
    digits = query.strip().replace("-", "")
    if digits.isascii() and digits.isdigit():
        start = digits[:8].rstrip("0") if len(digits) >= 8 else digits
        return code.startswith(start or digits[:8], autoescape=True)
    return and_(
        *(words.contains(word, autoescape=True) for word in rules.words_of(query)), code != ""
    )


def visible_to(actor: Actor) -> Select[Item]:
    """The items of the actor's own organisation."""
    return select(Item).where(Item.buyer_id == actor.org_id)


def get(session: Session, actor: Actor, item_id: UUID, *, lock: bool = False) -> Item:
    """The item, or NotFound."""
    query = visible_to(actor).where(Item.id == item_id)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise NotFound(_("There is no such item."))
    return found


def by_ids(session: Session, actor: Actor, ids: Iterable[UUID | None]) -> dict[UUID, Item]:
    """Own items by id."""
    wanted = {item_id for item_id in ids if item_id}
    if not wanted:
        return {}
    return {row.id: row for row in session.scalars(visible_to(actor).where(Item.id.in_(wanted)))}


def by_sku(session: Session, actor: Actor, skus: Iterable[str]) -> dict[str, Item]:
    """Own items by their code as it is compared (`rules.sku_key`)."""
    wanted = {rules.sku_key(sku) for sku in skus}
    if not wanted:
        return {}
    rows = session.scalars(visible_to(actor).where(Item.sku_key.in_(wanted)))
    return {row.sku_key: row for row in rows}


def search(
    session: Session,
    actor: Actor,
    query: str = "",
    *,
    category_code: str | None = None,
    include_inactive: bool = False,
    cursor: str | None = None,
    limit: int = 50,
) -> Page[Item]:
    """Own items by words, code or GTIN, optionally below a category, by name."""
    found = visible_to(actor)
    if not include_inactive:
        found = found.where(Item.active)
    if category_code:
        found = found.where(Item.category_code.startswith(category_code.rstrip("0")))
    for word in rules.words_of(query):
        found = found.where(Item.words.contains(word, autoescape=True))
    return paginate(session, found, order=(Item.name, Item.id), cursor=cursor, limit=limit)


def count(session: Session, actor: Actor) -> int:
    """How many items the organisation has in use."""
    items = select(func.count()).select_from(Item)
    return session.scalar(items.where(Item.buyer_id == actor.org_id, Item.active)) or 0


def suggestions(session: Session, actor: Actor, query: str, limit: int = 10) -> Sequence[Item]:
    """The best few items for a field of a form: an exact code first, then by name."""
    words = rules.words_of(query)
    if not words:
        return []
    exact = case((Item.sku_key == rules.sku_key(query), 0), else_=1)
    return session.scalars(
        visible_to(actor)
        .where(Item.active, *(Item.words.contains(word, autoescape=True) for word in words))
        .order_by(exact, Item.name, Item.id)
        .limit(limit)
    ).all()
