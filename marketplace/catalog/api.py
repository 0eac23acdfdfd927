"""The catalogue for partners."""

from typing import Any
from uuid import UUID

from flask.views import MethodView

from marketplace.catalog import importing, queries, service
from marketplace.catalog.models import Category, Item
from marketplace.catalog.schemas import (
    CategoryQuerySchema,
    CategorySchema,
    ImportFileSchema,
    ImportOptionsSchema,
    ImportResultSchema,
    ItemChangeSchema,
    ItemInputSchema,
    ItemQuerySchema,
    ItemSchema,
    SearchQuerySchema,
    SearchSchema,
)
from marketplace.core.pages import Page
from marketplace.core.tabular import MAX_BYTES, Options, Problem
from marketplace.identity.permissions import OrgKind
from marketplace.web.blueprints import ApiBlueprint, expected_version
from marketplace.web.context import current_actor, current_session
from marketplace.web.schemas import PageSchema

categories_blp = ApiBlueprint(
    "categories", __name__, url_prefix="/categories", description="CPV codes, French and English"
)
items_blp = ApiBlueprint(
    "items", __name__, url_prefix="/items", description="The buyer's own catalogue"
)
catalog_blp = ApiBlueprint(
    "catalog", __name__, url_prefix="/catalog", description="Search and import of the catalogue"
)


@categories_blp.route("")
class Categories(MethodView):
    @categories_blp.arguments(CategoryQuerySchema, location="query")
    @categories_blp.response(200, PageSchema.of(CategorySchema))
    def get(self, query: dict[str, Any]) -> Page[Category]:
        """Find categories by the start of their code or by words in French or English."""
        current_actor()
        return queries.search_categories(current_session(), query.pop("q"), **query)


@categories_blp.route("/<string:code>")
class OneCategory(MethodView):
    @categories_blp.response(200, CategorySchema)
    def get(self, code: str) -> Category:
        """Read a category."""
        current_actor()
        return queries.category(current_session(), code)


@items_blp.route("")
class Items(MethodView):
    @items_blp.arguments(ItemQuerySchema, location="query")
    @items_blp.response(200, PageSchema.of(ItemSchema))
    def get(self, query: dict[str, Any]) -> Page[Item]:
        """List the items in use, by name."""
        actor = current_actor()
        category = query.pop("category")
        return queries.search(
            current_session(), actor, query.pop("q"), category_code=category, **query
        )

    @items_blp.idempotent()
    @items_blp.arguments(ItemInputSchema)
    @items_blp.response(201, ItemSchema)
    def post(self, values: dict[str, Any]) -> Item:
        """Add an item."""
        return service.create(current_session(), current_actor(), values)


@items_blp.route("/<uuid:item_id>")
class OneItem(MethodView):
    @items_blp.response(200, ItemSchema)
    def get(self, item_id: UUID) -> Item:
        """Read an item."""
        return queries.get(current_session(), current_actor(), item_id)

    @items_blp.arguments(ItemChangeSchema)
    @items_blp.response(200, ItemSchema)
    def patch(self, changes: dict[str, Any], item_id: UUID) -> Item:
        """Change some fields of an item; `active: false` takes it out of use."""
        return service.update(
            current_session(),
            current_actor(),
            item_id,
            changes,
            expected_version=expected_version(),
        )


@catalog_blp.route("/search")
class Search(MethodView):
    @catalog_blp.arguments(SearchQuerySchema, location="query")
    @catalog_blp.response(200, SearchSchema)
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The best items and categories for some words."""
        session, actor = current_session(), current_actor()
        words, limit = query["q"], query["limit"]
        items = (
            queries.suggestions(session, actor, words, limit)
            if actor.org_kind is OrgKind.BUYER
            else []
        )
        found = queries.search_categories(session, words, limit=limit)
        return {"items": items, "categories": found.items}


@catalog_blp.route("/imports")
class Imports(MethodView):
    @catalog_blp.idempotent()
    @catalog_blp.arguments(ImportFileSchema, location="files")
    @catalog_blp.arguments(ImportOptionsSchema, location="form")
    @catalog_blp.response(200, ImportResultSchema)
    def post(self, files: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """Import items from CSV or XLSX: all rows, or none with a reason for each refused row."""
        file = files["file"]
        plan = importing.import_items(
            current_session(),
            current_actor(),
            file.stream.read(MAX_BYTES + 1),
            file.filename or "",
            Options(**options),
        )
        return {
            "added": plan.added,
            "changed": plan.changed,
            "errors": [as_json(problem) for problem in plan.parsed.errors],
            "notices": [as_json(problem) for problem in plan.parsed.notices],
        }


def as_json(problem: Problem) -> dict[str, str]:
    """A problem of a row as the API tells it."""
    return {
        "pointer": problem.pointer,
        "code": problem.code,
        "value": problem.value,
        "detail": str(problem.detail),
    }
