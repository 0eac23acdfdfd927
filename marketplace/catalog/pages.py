"""The catalogue for people: find, look at and edit items; browse categories; import and export."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.catalog import importing, queries, service, uploads
from marketplace.catalog.models import Item
from marketplace.catalog.schemas import ItemInputSchema
from marketplace.core import audit, clock, tabular
from marketplace.core.errors import Invalid
from marketplace.core.pages import Page
from marketplace.core.text import _
from marketplace.documents.downloads import XLSX, as_file
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("catalog", __name__, url_prefix="/catalog")

EXPORT_LIMIT = 200
EXPORT_PAGES = 100


@pages.get("")
def listing() -> ResponseReturnValue:
    actor = current_actor()
    if actor.org_kind is not OrgKind.BUYER:
        return redirect(url_for("catalog.categories"), 303)
    query, category = request.args.get("q", ""), request.args.get("category", "")
    inactive = request.args.get("inactive") == "true"
    if request.args.get("format") == "xlsx":
        return _export(query, category, include_inactive=inactive)
    page = _search(query, category, request.args.get("cursor"), include_inactive=inactive)
    session = current_session()
    return render_template(
        "catalog/list.html",
        page=page,
        query=query,
        category=queries.categories(session, [category]).get(category),
        inactive=inactive,
        categories=queries.categories(session, [item.category_code for item in page.items]),
        may_manage=actor.may(Permission.CATALOG_MANAGE),
    )


@pages.get("/items/<uuid:item_id>")
def item(item_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    found = queries.get(session, actor, item_id)
    trail = []
    if found.category_code:
        trail = queries.ancestors(session, found.category_code)
        trail.append(queries.category(session, found.category_code))
    return render_template(
        "catalog/item.html",
        item=found,
        trail=trail,
        history=audit.history(session, actor.organisation_id, "item", found.id),
        may_manage=actor.may(Permission.CATALOG_MANAGE),
    )


@pages.route("/items/new", methods=["GET", "POST"])
def new_item() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        initial = {"unit": "C62", "base_quantity": Decimal(1), "active": True}
        return _form(Form(ItemInputSchema, initial=initial), None)
    form = Form(ItemInputSchema, request.form)
    if form.valid:
        with form.guard():
            made = service.create(session, actor, form.data)
    if not form.valid:
        return _form(form, None), 422
    flash(_("The item stands in the catalogue."))
    return redirect(url_for("catalog.item", item_id=made.id), 303)


@pages.route("/items/<uuid:item_id>/edit", methods=["GET", "POST"])
def edit_item(item_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    found = queries.get(session, actor, item_id)
    if request.method == "GET":
        return _form(Form(ItemInputSchema, initial=_values(found)), found)
    form = Form(ItemInputSchema, request.form)
    if form.valid:
        emptied = {"gtin": None, "category_code": None, "price": None, "description": ""}
        with form.guard():
            service.update(
                session, actor, item_id, emptied | form.data, expected_version=form.version
            )
    if not form.valid:
        return _form(form, found), 422
    flash(_("Saved."))
    return redirect(url_for("catalog.item", item_id=item_id), 303)


@pages.post("/items/<uuid:item_id>/activation")
def activation(item_id: UUID) -> ResponseReturnValue:
    active = request.form.get("active") == "true"
    service.update(current_session(), current_actor(), item_id, {"active": active})
    flash(_("The item is in use again.") if active else _("The item is out of use."))
    return redirect(url_for("catalog.item", item_id=item_id), 303)


@pages.get("/categories")
def categories() -> str:
    session = current_session()
    current_actor()
    query, code = request.args.get("q", ""), request.args.get("code", "")
    chosen = queries.category(session, code) if code else None
    if query:
        page = queries.search_categories(session, query, cursor=request.args.get("cursor"))
    else:
        page = Page(list(queries.children(session, code or None)), None)
    return render_template(
        "catalog/categories.html",
        page=page,
        query=query,
        chosen=chosen,
        trail=queries.ancestors(session, code) if code else [],
    )


@pages.route("/import", methods=["GET", "POST"])
def import_file() -> ResponseReturnValue:
    if request.method == "GET":
        return _upload_page(None), 200
    session, actor = current_session(), current_actor()
    try:
        sent = uploads.sent()
        plan = importing.preview(session, actor, sent.content, sent.document.filename, sent.options)
    except Invalid as refusal:
        return _upload_page(refusal), 422
    labels = {column.name: column.label for column in importing.COLUMNS}
    return render_template(
        "catalog/import_preview.html", plan=plan, sent=sent, labels=labels, uploads=uploads
    )


@pages.post("/import/confirm")
def confirm_import() -> ResponseReturnValue:
    sent = uploads.sent()
    try:
        plan = importing.import_items(
            current_session(), current_actor(), sent.content, sent.document.filename, sent.options
        )
    except Invalid as refusal:
        return _upload_page(refusal), 422
    flash(
        _(
            "%(added)s items were added, %(changed)s were changed.",
            added=plan.added,
            changed=plan.changed,
        )
    )
    return redirect(url_for("catalog.listing"), 303)


@pages.get("/import/template")
def import_template() -> Response:
    headers, rows = importing.template_rows(current_actor().currency)
    return as_file(tabular.to_xlsx(headers, rows), f"{_('items-template')}.xlsx", XLSX)


def _upload_page(refusal: Invalid | None) -> str:
    return render_template("catalog/import.html", refusal=refusal, uploads=uploads)


def _search(
    query: str, category: str, cursor: str | None, *, include_inactive: bool, limit: int = 50
) -> Page[Item]:
    return queries.search(
        current_session(),
        current_actor(),
        query,
        category_code=category or None,
        include_inactive=include_inactive,
        cursor=cursor,
        limit=limit,
    )


def _export(query: str, category: str, *, include_inactive: bool) -> Response:
    """What the list shows, whole, in the columns that the import reads."""
    items: list[Item] = []
    cursor: str | None = None
    for _number in range(EXPORT_PAGES):
        page = _search(
            query, category, cursor, include_inactive=include_inactive, limit=EXPORT_LIMIT
        )
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    rows = [
        (
            item.sku, item.gtin, item.name, item.description, item.category_code, item.unit,
            item.price_amount, item.currency, item.base_quantity,
        )
        for item in items
    ]  # fmt: skip
    headers = [column.label for column in importing.COLUMNS]
    name = f"{_('items')}-{clock.now().date().isoformat()}.xlsx"
    return as_file(tabular.to_xlsx(headers, rows), name, XLSX)


def _form(form: Form, found: Item | None) -> str:
    return render_template("catalog/item_form.html", form=form, item=found)


def _values(found: Item) -> dict[str, Any]:
    names = ("sku", "gtin", "name", "description", "category_code", "unit", "price",
             "base_quantity", "active", "version")  # fmt: skip
    return {name: getattr(found, name) for name in names}
