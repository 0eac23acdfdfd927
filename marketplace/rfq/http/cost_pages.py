"""Costs beside the price in the portal: named in a draft, entered for opened bids."""

from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.core.errors import NotFound
from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.http import evaluation_pages
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.cost_schemas import CostsInputSchema, EnteredCostsSchema
from marketplace.rfq.http.sections import done, save
from marketplace.rfq.http.tables import filled_rows, row_count
from marketplace.rfq.scoring.answers import AnswerType
from marketplace.rfq.services import costing, evaluation
from marketplace.rfq.services.evaluation import Evaluation
from marketplace.rfq.terms.cost_states import CostSource, PriceBasis
from marketplace.rfq.terms.cost_terms import Costs
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_costs", __name__, url_prefix="/rfqs/<uuid:rfq_id>")

BLANK_ROWS = 3


@pages.route("/costs", methods=["GET", "POST"])
def draft(rfq_id: UUID) -> ResponseReturnValue:
    """The costs that a draft names."""
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    if request.method == "GET":
        return _draft_page(rfq, Form(CostsInputSchema, initial=_values(rfq)))
    form = Form(CostsInputSchema, _once(filled_rows(request.form, "terms", ["name"])))
    save(form, lambda: costing.set_costs(session, actor, rfq_id, _costs(form), form.version))
    if not form.valid:
        # what a refusal has undone is read again
        return _draft_page(queries.get_own_with_content(session, actor, rfq_id), form), 422
    return done(rfq_id)


@pages.route("/bids/<uuid:bid_id>/costs", methods=["GET", "POST"])
def enter(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    """What one bid costs beside its price, as far as its supplier has not answered it."""
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = evaluation.read(session, actor, rfq_id)
    if bid_id not in compared.costs or not compared.terms.costs.terms:
        raise NotFound(_("There is no such bid."))
    if request.method == "GET":
        form = Form(EnteredCostsSchema, initial={"costs": _entered(compared, bid_id)})
        return _enter_page(compared, bid_id, form)
    posted = filled_rows(request.form, "costs", ["amount.amount", "reason"])
    form = Form(EnteredCostsSchema, posted)
    save(form, lambda: costing.enter(session, actor, rfq_id, bid_id, form.data["costs"]))
    if not form.valid:
        form.posted = request.form
        return _enter_page(compared, bid_id, form), 422
    flash(_("The costs are saved."))
    return redirect(url_for("evaluation.compare", rfq_id=rfq_id) + "#ranking", 303)


def _costs(form: Form) -> Costs:
    return cast(Costs, form.data)


def _once(posted: MultiDict[str, str]) -> MultiDict[str, str]:
    """An empty number of times is once."""
    for index in range(row_count(posted, "terms")):
        name = f"terms.{index}.periods"
        posted[name] = posted.get(name, "").strip() or "1"
    return posted


def _values(rfq: Rfq) -> dict[str, Any]:
    return {
        "basis": rfq.price_basis,
        "terms": [asdict(each) for each in rfq.costs.terms],
        "version": rfq.version,
    }


def _draft_page(rfq: Rfq, form: Form) -> str:
    present = len(rfq.costs.terms)
    numbers = [
        each.name
        for each in rfq.criteria
        if each.asked is not None and each.asked.type is AnswerType.NUMBER
    ]
    return render_template(
        "rfq/costs.html",
        form=form,
        rfq=rfq,
        rows=(present if form.posted is None else row_count(form.posted, "terms")) + BLANK_ROWS,
        bases=list(PriceBasis),
        sources=list(CostSource),
        criteria=numbers,
    )


def _entered(compared: Evaluation, bid_id: UUID) -> list[dict[str, Any]]:
    currency = compared.terms.currency
    return [
        {"amount": {"amount": each.entered, "currency": currency}, "reason": each.reason}
        for each in compared.costs[bid_id]
        if not each.is_answered
    ]


def _enter_page(compared: Evaluation, bid_id: UUID, form: Form) -> str:
    return render_template(
        "rfq/bids/costs.html",
        form=form,
        evaluation=compared,
        offer=compared.offer_by_id[bid_id],
        costs=compared.costs[bid_id],
        **evaluation_pages.frame(compared.rfq),
    )
