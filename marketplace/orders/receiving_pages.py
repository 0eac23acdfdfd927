"""The receiver's pages: what arrives today, booking a delivery, sending goods back."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.text import Text, _
from marketplace.identity.permissions import Permission
from marketplace.orders import drafts, queries, receiving_rules
from marketplace.orders.models import Order, Receipt
from marketplace.orders.schemas import GoodsReceiptInputSchema, GoodsReturnInputSchema
from marketplace.orders.services import receiving
from marketplace.orders.states import ORDER_FLOW, Bucket
from marketplace.web import rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("receipts", __name__)

WEEK = timedelta(days=7)


@pages.get("/receipts")
def arrivals() -> str:
    session, actor = current_session(), current_actor()
    if request.args.get("show") == "booked":
        page = queries.search_receipts(session, actor, cursor=request.args.get("cursor"))
        orders = queries.by_ids(session, actor, [receipt.order_id for receipt in page.items])
        return render_template("orders/booked.html", page=page, orders=orders)
    today = clock.now().date()
    return render_template(
        "orders/arrivals.html",
        groups=_grouped(queries.arriving(session, actor), today),
        may_book=actor.may(Permission.RECEIPT_BOOK),
        today=today,
    )


def _grouped(orders: Any, today: date) -> list[tuple[Text, list[tuple[Order, date | None]]]]:
    """Late, today, this week, later, without a day: only the groups that hold something."""
    groups: dict[int, list[tuple[Order, date | None]]] = {}
    for order in orders:
        due = first_due(order)
        groups.setdefault(_group_of(due, today), []).append((order, due))
    names = (_("Late"), _("Today"), _("Within a week"), _("Later"), _("Without a day"))
    return [(names[number], groups[number]) for number in sorted(groups)]


def _group_of(due: date | None, today: date) -> int:
    if due is None:
        return 4
    if due <= today:
        return 0 if due < today else 1
    return 2 if due <= today + WEEK else 3


def first_due(order: Order) -> date | None:
    """The earliest day at which something open is due."""
    days = [line.promised_on for line in order.lines if line.to_deliver and line.promised_on]
    return min(days, default=None)


@pages.route("/orders/<uuid:order_id>/receipts/new", methods=["GET", "POST"])
def book(order_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    ORDER_FLOW.next(order.state, "receive_part")
    if request.method == "GET":
        return _booking(order, Form(GoodsReceiptInputSchema, initial=_expected(order)))
    form = Form(GoodsReceiptInputSchema, request.form)
    if form.valid:
        lines = drafts.received_drafts(form.data["lines"])
        given = {name: value for name, value in form.data.items() if name != "lines"}
        with form.guard():
            made = receiving.receive(
                session, actor, order_id, lines, expected_version=form.version, **given
            )
    if not form.valid:
        return _booking(order, form), 422
    flash(_("Delivery %(number)s is booked.", number=made.number))
    return redirect(url_for("orders.one", order_id=order_id), 303)


def _expected(order: Order) -> dict[str, Any]:
    """Everything that is still to come, within what may be accepted: one click books it."""
    percent = order.over_delivery_percent
    return {
        "version": order.version,
        "received_on": clock.now().date(),
        "lines": [
            {
                "order_line_id": line.id,
                "accepted": min(line.to_deliver, receiving_rules.acceptable(line, percent)),
                "rejected": 0,
            }
            for line in order.lines
        ],
    }


def _booking(order: Order, form: Form) -> str:
    return render_template(
        "orders/booking.html",
        order=order,
        form=form,
        room={
            line.id: receiving_rules.acceptable(line, order.over_delivery_percent)
            for line in order.lines
        },
    )


@pages.route("/orders/<uuid:order_id>/returns/new", methods=["GET", "POST"])
def send_back(order_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    ORDER_FLOW.next(order.state, "return_goods")
    shelves = _shelves(order, queries.receipts(session, actor, order_id))
    if request.method == "GET":
        form = Form(GoodsReturnInputSchema, initial={"version": order.version, "lines": shelves})
        return render_template("orders/returning.html", order=order, form=form, shelves=shelves)
    form = Form(GoodsReturnInputSchema, rows.filled(request.form, "lines", ["quantity"]))
    if form.valid:
        lines = drafts.return_drafts(form.data["lines"])
        reason = form.data["reason"]
        with form.guard():
            made = receiving.return_goods(
                session, actor, order_id, lines, reason, expected_version=form.version
            )
    if not form.valid:
        shelves = _filled_first(shelves, form.posted)
        page = render_template("orders/returning.html", order=order, form=form, shelves=shelves)
        return page, 422
    flash(_("Return %(number)s is booked.", number=made.number))
    return redirect(url_for("orders.one", order_id=order_id), 303)


def _shelves(order: Order, receipts: Any) -> list[dict[str, Any]]:
    """Every bucket of every receipt line that still holds something."""
    lines = {line.id: line for line in order.lines}
    return [
        {
            "receipt": receipt,
            "line": lines[each.order_line_id],
            "receipt_line_id": each.id,
            "bucket": bucket,
            "held": receiving_rules.held(each, bucket),
        }
        for receipt in receipts
        for each in receipt.lines
        for bucket in (Bucket.REJECTED, Bucket.ACCEPTED)
        if receiving_rules.held(each, bucket) > 0
    ]


def _filled_first(shelves: list[dict[str, Any]], posted: Any) -> list[dict[str, Any]]:
    """In the order of the rows that were read, so that each error stands at its own."""
    numbers = range(rows.count(posted, "lines"))
    places = {
        (posted.get(f"lines.{n}.receipt_line_id"), posted.get(f"lines.{n}.bucket")): n
        for n in numbers
    }
    behind = len(numbers)
    return sorted(
        shelves, key=lambda s: places.get((str(s["receipt_line_id"]), str(s["bucket"])), behind)
    )


@pages.get("/receipts/<uuid:receipt_id>")
def one(receipt_id: UUID) -> ResponseReturnValue:
    """A delivery stands on the page of its order."""
    found: Receipt = queries.receipt(current_session(), current_actor(), receipt_id)
    address = url_for("orders.one", order_id=found.order_id, _anchor=f"receipt-{found.id}")
    return redirect(address, 303)
