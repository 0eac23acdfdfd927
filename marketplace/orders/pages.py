"""Orders for people: the list, the order with its progress, and what may be done with it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.approvals import queries as approval_queries
from marketplace.core import audit, clock, tabular
from marketplace.core.money import Money
from marketplace.core.pages import MAX_LIMIT, Page
from marketplace.core.text import Text, _, label
from marketplace.documents.downloads import XLSX, as_file
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Actor, OrgKind, Permission
from marketplace.orders import filing, queries, rules, showing
from marketplace.orders.models import Order
from marketplace.orders.schemas import (
    OrderAcknowledgeSchema,
    OrderOptionalReasonSchema,
    OrderReasonSchema,
)
from marketplace.orders.services import approving, drafting, fulfilling, settling
from marketplace.orders.states import OrderState
from marketplace.orders.subjects import SUBJECT
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("orders", __name__, url_prefix="/orders")

EXPORT_ROWS = 20_000


@pages.get("")
def listing() -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    if request.args.get("format") == "xlsx":
        return _export()
    page = _search(request.args.get("cursor"))
    return render_template(
        "orders/list.html",
        page=Page([showing.row(order) for order in page.items], page.next_cursor),
        partners=_partners(actor, page.items),
        is_supplier=actor.org_kind is OrgKind.SUPPLIER,
        may_draft=actor.may(Permission.ORDER_DRAFT) and actor.org_kind is OrgKind.BUYER,
        states=list(OrderState),
        counts=queries.counts(session, actor),
    )


def _search(cursor: str | None, limit: int = 50) -> Page[Order]:
    state = request.args.get("state")
    return queries.search(
        current_session(),
        current_actor(),
        states=[OrderState(state)] if state in set(OrderState) else (),
        containing=request.args.get("q"),
        cursor=cursor,
        limit=limit,
    )


def _partners(actor: Actor, orders: Any) -> dict[UUID, str]:
    """The other side's name by order: the supplier's as it was, the buyer's as it is."""
    if actor.org_kind is not OrgKind.SUPPLIER:
        return {order.id: order.supplier_name for order in orders}
    found = identity_queries.organisations(current_session(), [o.buyer_id for o in orders])
    return {order.id: found[order.buyer_id].name for order in orders}


def _everything() -> Iterator[Order]:
    """All orders of the present filter."""
    cursor, seen = None, 0
    while seen < EXPORT_ROWS:
        page = _search(cursor, MAX_LIMIT)
        yield from page.items
        seen, cursor = seen + len(page.items), page.next_cursor
        if cursor is None:
            return


def _export() -> Response:
    """What the list shows, whole."""
    orders = list(_everything())
    partners = _partners(current_actor(), orders)
    headers = [
        _("Number"), _("Revision"), _("Subject"), _("Partner"), _("State"), _("Net"), _("VAT"),
        _("Total including VAT"), _("Currency"), _("Created"), _("Sent"), _("Completed"),
    ]  # fmt: skip
    rows = [
        (
            order.number, order.revision, order.title, partners[order.id], label(order.state),
            order.net, order.tax, order.gross, order.currency, order.created_at.date(),
            order.issued_at.date() if order.issued_at else None,
            order.completed_at.date() if order.completed_at else None,
        )
        for order in orders
    ]  # fmt: skip
    name = f"{_('orders')}-{clock.now().date().isoformat()}.xlsx"
    return as_file(tabular.to_xlsx(headers, rows), name, XLSX)


@pages.get("/<uuid:order_id>")
def one(order_id: UUID) -> str:
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    is_buyer = actor.org_kind is OrgKind.BUYER
    asked = is_buyer and actor.may(Permission.APPROVAL_READ)
    return render_template(
        "orders/order.html",
        order=showing.whole(order, actor),
        is_buyer=is_buyer,
        buyer=actor.org_name if is_buyer else _partners(actor, [order])[order.id],
        requests=approval_queries.about(session, actor, SUBJECT, order.id) if asked else [],
        approvers=_approvers(order, actor),
        receipts=queries.receipts(session, actor, order.id) if order.issued_at else [],
        returns=queries.returns(session, actor, order.id) if order.issued_at else [],
        revisions=queries.revisions(session, actor, order),
        missing=_missing(order),
        may_invoice=actor.may(Permission.INVOICE_SUBMIT)
        and any(line.invoiceable for line in order.lines),
        history=audit.history(session, actor.organisation_id, SUBJECT, order.id),
        today=clock.now().date(),
    )


OPEN_POINTS: dict[str, Text] = {
    "delivery": _("the delivery"),
    "invoice": _("the supplier’s invoice"),
    "payment": _("the payment"),
}


def _missing(order: Order) -> list[Text]:
    """What a received order still waits for, in words."""
    if order.state is not OrderState.RECEIVED:
        return []
    return [OPEN_POINTS[point] for point in rules.open_points(order)]


def _approvers(order: Order, actor: Actor) -> list[dict[str, Any]] | None:
    """Who would have to approve a draft; None where that is not the question."""
    if (
        order.state is not OrderState.DRAFT
        or not order.lines
        or not actor.may(Permission.ORDER_DRAFT)
    ):
        return None
    session = current_session()
    if rules.is_covered(rules.content_of(order), order.approved_content):
        return []
    _route, candidates = approving.preview(session, actor, order.id)
    names = approval_queries.deciders(session, actor.organisation_id)
    return [
        {"step": each.step, "names": [names[person] for person in each.person_ids]}
        for each in candidates
    ]


@pages.get("/<uuid:order_id>/pdf")
def paper(order_id: UUID) -> Response:
    name, content = filing.paper(current_session(), current_actor(), order_id)
    return as_file(content, name, "application/pdf")


def _seen() -> int | None:
    return request.form.get("version", type=int)


def _back(order_id: UUID, said: Text) -> ResponseReturnValue:
    flash(said)
    return redirect(url_for("orders.one", order_id=order_id), 303)


@pages.post("/<uuid:order_id>/submit")
def submit(order_id: UUID) -> ResponseReturnValue:
    order = approving.submit(current_session(), current_actor(), order_id, _seen())
    waits = order.state is OrderState.AWAITING_APPROVAL
    said = _("Submitted for approval.") if waits else _("Nobody has to be asked: approved.")
    return _back(order_id, said)


@pages.post("/<uuid:order_id>/withdraw")
def withdraw(order_id: UUID) -> ResponseReturnValue:
    approving.withdraw(current_session(), current_actor(), order_id, _seen())
    return _back(order_id, _("The order is a draft again."))


@pages.post("/<uuid:order_id>/issue")
def issue(order_id: UUID) -> ResponseReturnValue:
    approving.issue(current_session(), current_actor(), order_id, _seen())
    return _back(order_id, _("The order has been sent to the supplier."))


@pages.post("/<uuid:order_id>/complete")
def complete(order_id: UUID) -> ResponseReturnValue:
    settling.complete(current_session(), current_actor(), order_id, _seen())
    return _back(order_id, _("The order is complete."))


@pages.post("/<uuid:order_id>/copy")
def copy(order_id: UUID) -> ResponseReturnValue:
    made = drafting.copy(current_session(), current_actor(), order_id)
    return _back(made.id, _("This is a new draft with the same lines. It has not been approved."))


@pages.post("/<uuid:order_id>/revise")
def revise(order_id: UUID) -> ResponseReturnValue:
    made = drafting.revise(current_session(), current_actor(), order_id)
    flash(_("This revision replaces the order when it is sent. Until then the order stands."))
    return redirect(url_for("order_editor.edit", order_id=made.id), 303)


@pages.route("/<uuid:order_id>/acknowledge", methods=["GET", "POST"])
def acknowledge(order_id: UUID) -> ResponseReturnValue:
    """Confirm as it is with one click, or with other days of delivery from the form."""
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    days = [{"line_no": line.line_no, "confirmed_on": line.promised_on} for line in order.lines]
    if request.method == "GET":
        form = Form(OrderAcknowledgeSchema, initial={"lines": days, "version": order.version})
        return render_template("orders/acknowledge.html", order=order, form=form)
    form = Form(OrderAcknowledgeSchema, request.form)
    if form.valid:
        lines = form.data["lines"]
        with form.guard():
            fulfilling.acknowledge(
                session,
                actor,
                order_id,
                supplier_reference=form.data["supplier_reference"],
                confirmed={line["line_no"]: line["confirmed_on"] for line in lines},
                expected_version=form.version,
            )
    if not form.valid:
        return render_template("orders/acknowledge.html", order=order, form=form), 422
    return _back(order_id, _("The order is confirmed. The buyer has been told."))


@pages.route("/<uuid:order_id>/refuse", methods=["GET", "POST"])
def refuse(order_id: UUID) -> ResponseReturnValue:
    return _with_reason(
        order_id,
        fulfilling.refuse,
        heading=_("Refuse the order"),
        consequence=_("The buyer is told why. The order is not binding for you."),
        said=_("The order is refused. The buyer has been told."),
    )


@pages.route("/<uuid:order_id>/cancel", methods=["GET", "POST"])
def cancel(order_id: UUID) -> ResponseReturnValue:
    return _with_reason(
        order_id,
        fulfilling.cancel,
        heading=_("Cancel the order"),
        consequence=_("The order ends. A supplier who has received it is told why."),
        said=_("The order is cancelled."),
    )


@pages.route("/<uuid:order_id>/close", methods=["GET", "POST"])
def close(order_id: UUID) -> ResponseReturnValue:
    return _with_reason(
        order_id,
        fulfilling.close,
        heading=_("Close the order"),
        consequence=_("What has not arrived is given up. What has is invoiced and paid."),
        said=_("The order is closed for further deliveries."),
        optional=True,
    )


def _with_reason(
    order_id: UUID,
    act: Callable[..., Order],
    *,
    heading: Text,
    consequence: Text,
    said: Text,
    optional: bool = False,
) -> ResponseReturnValue:
    """A page that names the consequence and asks why, then does it."""
    session, actor = current_session(), current_actor()
    order = queries.get(session, actor, order_id)
    schema = OrderOptionalReasonSchema if optional else OrderReasonSchema
    posted = request.form if request.method == "POST" else None
    form = Form(schema, posted, initial={"version": order.version})
    if form.valid:
        with form.guard():
            act(session, actor, order_id, form.data["reason"], form.version)
    if not form.valid:
        page = render_template(
            "orders/reason.html",
            order=order,
            total=Money(order.gross, order.currency),
            form=form,
            heading=heading,
            consequence=consequence,
            optional=optional,
        )
        return page, 200 if posted is None else 422
    return _back(order_id, said)
