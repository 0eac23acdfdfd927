"""A seller's pages about its customers: list, one customer, segments and assumptions."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.money import Money
from marketplace.core.pages import Page
from marketplace.core.text import _
from marketplace.customers import queries, reading, service, views
from marketplace.customers.schemas import (
    CustomerQuerySchema,
    CustomerSettingsUpdateSchema,
    CustomerUpdateSchema,
    InteractionCreateSchema,
)
from marketplace.customers.states import ChurnHint, InteractionKind
from marketplace.identity.permissions import Permission
from marketplace.web import formats
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("customers", __name__, url_prefix="/customers")


@pages.get("")
def listing() -> str:
    """Customers with segment and value."""
    session, actor = current_session(), current_actor()
    form = Form(CustomerQuerySchema, request.args)
    wanted = form.data if form.valid else {}
    page = reading.search(
        session,
        actor,
        segment=wanted.get("segment"),
        churn=wanted.get("churn"),
        containing=wanted.get("q"),
        cursor=wanted.get("cursor"),
    )
    table = views.segments_view(session, actor)
    return render_template(
        "customers/list.html",
        page=Page([views.customer_view(entry) for entry in page.items], page.next_cursor),
        form=form,
        segments=[row for row in table.segments if row.customers],
        segment_options=[(row.code, views.segment_name(row.code)) for row in table.segments],
        segment_name=views.segment_name,
        churn_options=list(ChurnHint),
        currency=actor.currency,
        money=Money,
        is_filtered=any(wanted.get(name) for name in ("q", "segment", "churn")),
    )


@pages.get("/<uuid:customer_id>")
def detail(customer_id: UUID) -> str:
    """One customer: value and how it is made, orders by month, interactions."""
    return _detail(customer_id)


@pages.post("/<uuid:customer_id>/interactions")
def log_interaction(customer_id: UUID) -> ResponseReturnValue:
    """Note an interaction."""
    form = Form(InteractionCreateSchema, request.form)
    if form.valid:
        with form.guard():
            service.log_interaction(current_session(), current_actor(), customer_id, form.data)
    if not form.valid:
        return _detail(customer_id, interaction=form), 422
    flash(_("Noted."))
    return redirect(url_for("customers.detail", customer_id=customer_id), 303)


@pages.post("/<uuid:customer_id>/cost")
def set_cost(customer_id: UUID) -> ResponseReturnValue:
    """Set what it cost to win this customer."""
    form = Form(CustomerUpdateSchema, request.form)
    if form.valid:
        with form.guard():
            service.update_customer(
                current_session(),
                current_actor(),
                customer_id,
                {"acquisition_cost": None} | form.data,
                expected_version=form.version,
            )
    if not form.valid:
        return _detail(customer_id, cost=form), 422
    flash(_("The lifetime value has been worked out again."))
    return redirect(url_for("customers.detail", customer_id=customer_id), 303)


@pages.route("/settings", methods=["GET", "POST"])
def settings() -> ResponseReturnValue:
    """What lifetime value assumes, and how customers are grouped."""
    session, actor = current_session(), current_actor()
    current = reading.settings(session, actor)
    form = Form(
        CustomerSettingsUpdateSchema,
        request.form if request.method == "POST" else None,
        initial={
            "relation_years": current.relation_years,
            "acquisition_cost": current.acquisition_cost,
            "version": current.version,
        },
    )
    if form.valid:
        with form.guard():
            service.update_settings(session, actor, form.data, expected_version=form.version)
    if form.valid:
        flash(_("Saved. Every lifetime value has been worked out again."))
        return redirect(url_for("customers.listing"), 303)
    page = render_template(
        "customers/settings.html",
        form=form,
        currency=current.currency,
        table=views.segments_view(session, actor),
        segment_name=views.segment_name,
        edits=actor.may(Permission.CUSTOMER_EDIT),
    )
    return (page, 422) if form.errors else page


def _detail(customer_id: UUID, interaction: Form | None = None, cost: Form | None = None) -> str:
    session, actor = current_session(), current_actor()
    found = reading.analytics(session, actor, customer_id)
    customer = views.customer_view(queries.entry_of(session, found.customer))
    today = clock.now().date()
    return render_template(
        "customers/detail.html",
        customer=customer,
        analytics=views.AnalyticsView(found),
        chart=_chart(found, customer.value.currency),
        months=found.months,
        orders=found.orders[:20],
        interactions=reading.interactions(session, actor, customer_id).items,
        interaction_form=interaction or Form(InteractionCreateSchema, initial={"held_on": today}),
        cost_form=cost
        or Form(
            CustomerUpdateSchema,
            initial={
                "acquisition_cost": customer.acquisition_cost and customer.acquisition_cost.amount,
                "version": customer.version,
            },
        ),
        kinds=list(InteractionKind),
        segment_name=views.segment_name,
        edits=actor.may(Permission.CUSTOMER_EDIT),
        money=Money,
    )


def _chart(found: queries.Analytics, currency: str) -> list[tuple[str, Any, str]]:
    """Rows of the chart: month, number for the shape, words for the reader."""
    return [
        (f"{month.month:%m/%Y}", month.net, formats.money(Money(month.net, currency)))
        for month in found.months
    ]
