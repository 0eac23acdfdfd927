"""Writing an order: header and a table of lines, from free text or from catalogue items."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.catalog import queries as catalog_queries
from marketplace.catalog import rules as catalog_rules
from marketplace.catalog.models import Item
from marketplace.core.money import Money, Quantity
from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import OrgKind
from marketplace.orders import drafts, queries
from marketplace.orders.models import Order
from marketplace.orders.rules import DEFAULT_TAX_RATE
from marketplace.orders.schemas import OrderInputSchema
from marketplace.orders.services import drafting
from marketplace.orders.states import ORDER_FLOW
from marketplace.suppliers import queries as supplier_queries
from marketplace.web import filters, rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("order_editor", __name__, url_prefix="/orders")

TELLING = ("description", "quantity.value", "unit_price.amount")
FIND_ITEM = "item_code"
MOST_SUPPLIERS = 200


@pages.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.method == "GET":
        return _editor(Form(OrderInputSchema, initial=_blank(request.args.getlist("item"))), None)
    posted = _posted()
    form = Form(OrderInputSchema, posted)
    if rows.ADD_ROW in posted:
        return _editor(_grown(posted), None, unfinished=True)
    if form.valid:
        with form.guard():
            made = drafting.create(session, actor, drafts.order_draft(form.data))
    if not form.valid:
        return _editor(form, None), 422
    flash(_("The draft is saved. Check it, then submit it for approval."))
    return redirect(url_for("orders.one", order_id=made.id), 303)


@pages.route("/<uuid:order_id>/edit", methods=["GET", "POST"])
def edit(order_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    ORDER_FLOW.next(order.state, "edit")
    if request.method == "GET":
        return _editor(Form(OrderInputSchema, initial=_values(order)), order)
    posted = _posted()
    form = Form(OrderInputSchema, posted)
    if rows.ADD_ROW in posted:
        return _editor(_grown(posted), order, unfinished=True)
    if form.valid:
        with form.guard():
            draft = drafts.order_draft(form.data)
            drafting.update(session, actor, order_id, draft, form.version)
    if not form.valid:
        return _editor(form, order), 422
    flash(_("Saved."))
    return redirect(url_for("orders.one", order_id=order_id), 303)


def _posted() -> MultiDict[str, str]:
    """What was typed, without blank lines; every price is in the order's currency."""
    posted = rows.filled(request.form, "lines", TELLING)
    for number in range(rows.count(posted, "lines")):
        posted[f"lines.{number}.unit_price.currency"] = posted.get("currency", "")
    return posted


def _grown(posted: MultiDict[str, str]) -> Form:
    """The form with one more line: the item with the code that was asked for, or a blank one."""
    code = posted.get(FIND_ITEM, "").strip()
    if code:
        session, actor = current_session(), current_actor()
        found = catalog_queries.by_sku(session, actor, [code])
        item = found.get(catalog_rules.sku_key(code))
        if item is None:
            form = Form(OrderInputSchema, posted)
            form.errors.clear()
            form.refuse(FIND_ITEM, _("Your catalogue has no item with this code."))
            return form
        number = rows.count(posted, "lines")
        for name, value in _item_fields(item).items():
            posted[f"lines.{number}.{name}"] = filters.field_value(value)
        posted[FIND_ITEM] = ""
    form = Form(OrderInputSchema, posted)
    form.errors.clear()
    return form


def _item_fields(item: Item) -> dict[str, Any]:
    return {
        "item_id": item.id,
        "sku": item.sku,
        "description": item.name,
        "category": item.category_code or "",
        "quantity.unit": item.unit,
        "unit_price.amount": item.price_amount,
        "base_quantity": item.base_quantity,
        "tax_rate": DEFAULT_TAX_RATE,
    }


def _blank(item_ids: list[str]) -> dict[str, Any]:
    """A new order, with a line for each item that the reader comes with."""
    session, actor = current_session(), current_actor()
    wanted = [UUID(each) for each in item_ids if len(each) == len(str(UUID(int=0)))]
    items = catalog_queries.by_ids(session, actor, wanted).values()
    lines = [_item_line(item) for item in items]
    return {
        "supplier_id": request.args.get("supplier"),
        "currency": actor.currency,
        "issue_when_approved": True,
        "over_delivery_percent": 0,
        "lines": lines or [{"base_quantity": 1, "tax_rate": DEFAULT_TAX_RATE}],
    }


def _item_line(item: Item) -> dict[str, Any]:
    return {
        **_item_fields(item),
        "quantity": {"value": 1, "unit": item.unit},
        "unit_price": {"amount": item.price_amount},
    }


def _values(order: Order) -> dict[str, Any]:
    draft = drafts.draft_of(order)
    header = {name: getattr(draft, name) for name in OrderInputSchema().fields if name != "lines"}
    lines = [
        {
            **{name: getattr(line, name) for name in line.__dataclass_fields__},
            "quantity": Quantity(line.quantity, line.unit),
            "unit_price": Money(line.unit_price, order.currency),
        }
        for line in draft.lines
    ]
    return {**header, "version": order.version, "lines": lines}


def _editor(form: Form, order: Order | None, *, unfinished: bool = False) -> str:
    posted = form.posted
    known = len(form.initial.get("lines", ())) if posted is None else rows.count(posted, "lines")
    blank = unfinished and posted is not None and not form.errors and not _last_is_new(posted)
    return render_template(
        "orders/editor.html",
        form=form,
        order=order,
        count=known + (1 if blank else 0),
        suppliers=_suppliers(order),
        tax_rate=DEFAULT_TAX_RATE,
    )


def _last_is_new(posted: MultiDict[str, str]) -> bool:
    """The line just added still lacks its quantity: an item was found for it."""
    last = rows.count(posted, "lines") - 1
    return last >= 0 and not posted.get(f"lines.{last}.quantity.value")


def _suppliers(order: Order | None) -> list[tuple[UUID, str]]:
    """Suppliers on offer: active and not blocked, and the one that the order has."""
    session = current_session()
    found = identity_queries.search_organisations(
        session, kind=OrgKind.SUPPLIER, limit=MOST_SUPPLIERS
    ).items
    blocked = supplier_queries.blocked_ids(session, [each.id for each in found])
    offered = {each.id: each.name for each in found if each.id not in blocked}
    if order is not None:
        offered.setdefault(order.supplier_id, order.supplier_name)
    return sorted(offered.items(), key=lambda pair: pair[1].casefold())
