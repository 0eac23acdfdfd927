"""Award scenarios for people: side by side, one with its award, and writing a new one."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.core import clock
from marketplace.core.errors import Conflict
from marketplace.core.money import Money
from marketplace.core.text import _, label, ngettext_
from marketplace.rfq.http import evaluation_pages
from marketplace.rfq.http import views as rfq_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.scenarios import problems, rules, views
from marketplace.scenarios.model import Kind
from marketplace.scenarios.models import AwardScenario
from marketplace.scenarios.reading import Basis, basis
from marketplace.scenarios.rules import SHAPES, ScenarioDraft, Unit
from marketplace.scenarios.schemas import PresetSchema, ScenarioInputSchema
from marketplace.scenarios.services import planning
from marketplace.scenarios.states import Preset
from marketplace.web import rows
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.filters import field_value
from marketplace.web.forms import Form, flash

pages = PageBlueprint("scenarios", __name__, url_prefix="/rfqs/<uuid:rfq_id>/scenarios")

ROWS = 4
VALUE = re.compile(r"constraints\.(\d+)\.value")


@pages.get("")
def listing(rfq_id: UUID) -> str:
    with peeking_noted(rfq_id):
        found = planning.compare(
            current_session(), current_actor(), rfq_id, cursor=request.args.get("cursor")
        )
    return _listing(rfq_id, found, Form(PresetSchema, initial={"suppliers": 2}))


@pages.post("/presets")
def add_preset(rfq_id: UUID) -> ResponseReturnValue:
    """Write one of the usual scenarios and have it solved at once."""
    posted = MultiDict(request.form)
    chosen = posted.get("preset", "")
    if chosen in set(Preset) and not posted.get("name"):
        posted["name"] = _preset_name(Preset(chosen), posted.get("suppliers", type=int))
    form = Form(PresetSchema, posted)
    if form.valid:
        with form.guard():
            _create_and_solve(rfq_id, form.data["draft"])
    if not form.valid:
        found = planning.compare(current_session(), current_actor(), rfq_id)
        return _listing(rfq_id, found, form), 422
    return redirect(url_for("scenarios.listing", rfq_id=rfq_id), 303)


@pages.route("/new", methods=["GET", "POST"])
def new(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = basis(session, actor, rfq_id)
    if request.method == "GET":
        return _editor(compared, Form(ScenarioInputSchema, initial=_initial(compared)))
    posted = rows.filled(_by_unit(request.form, compared.terms.currency), "constraints", ["kind"])
    form = Form(ScenarioInputSchema, posted)
    if rows.ADD_ROW in request.form:
        form.errors.clear()
        return _editor(compared, form, more=1)
    if form.valid:
        with form.guard():
            made = _create_and_solve(rfq_id, form.data["draft"])
    if not form.valid:
        return _editor(compared, form), 422
    return redirect(url_for("scenarios.show", rfq_id=rfq_id, scenario_id=made.id), 303)


@pages.get("/<uuid:scenario_id>")
def show(rfq_id: UUID, scenario_id: UUID) -> str:
    with peeking_noted(rfq_id):
        found, compared = planning.read(current_session(), current_actor(), rfq_id, scenario_id)
    shown = views.whole(found, compared)
    return render_template(
        "scenarios/scenario.html",
        scenario=shown,
        winners=views.lines_per_supplier(shown.awards),
        lines=len(compared.terms.lines),
        money=views.shown_money(compared),
        **_frame(compared),
    )


@pages.get("/<uuid:scenario_id>/progress")
def progress(rfq_id: UUID, scenario_id: UUID) -> Response:
    """The moving part of the page; the whole of it is loaded again at the end."""
    found, compared = planning.read(current_session(), current_actor(), rfq_id, scenario_id)
    answer = make_response(
        render_template("scenarios/_progress.html", scenario=views.summary(found, compared))
    )
    if found.finished_at is not None:
        answer.headers["HX-Refresh"] = "true"
    return answer


@pages.post("/<uuid:scenario_id>/solve")
def solve(rfq_id: UUID, scenario_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    planning.solve(current_session(), current_actor(), rfq_id, scenario_id, expected=version)
    return redirect(url_for("scenarios.show", rfq_id=rfq_id, scenario_id=scenario_id), 303)


@pages.post("/<uuid:scenario_id>/delete")
def delete(rfq_id: UUID, scenario_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    planning.delete(current_session(), current_actor(), rfq_id, scenario_id, version)
    flash(_("The scenario is deleted."))
    return redirect(url_for("scenarios.listing", rfq_id=rfq_id), 303)


@pages.post("/<uuid:scenario_id>/propose")
def propose(rfq_id: UUID, scenario_id: UUID) -> ResponseReturnValue:
    version = request.form.get("version", type=int)
    planning.propose(current_session(), current_actor(), rfq_id, scenario_id, expected=version)
    return redirect(url_for("scenarios.award", rfq_id=rfq_id, scenario_id=scenario_id), 303)


@pages.get("/<uuid:scenario_id>/award")
def award(rfq_id: UUID, scenario_id: UUID) -> str:
    """The award of the RFQ, filled in line by line from the scenario."""
    session, actor = current_session(), current_actor()
    found, compared = planning.read(session, actor, rfq_id, scenario_id)
    problems.check_current(found, compared)
    choices = problems.choices_of(found)
    chosen = {f"line.{each.line_id}": str(each.bid_id) for each in choices if not each.quantity}
    for each in choices:
        if each.quantity:
            name = f"share.{each.line_id}.{each.bid_id}"
            chosen[name] = field_value(each.quantity.value)
    return evaluation_pages.award_page(compared, chosen)


def _create_and_solve(rfq_id: UUID, draft: ScenarioDraft) -> AwardScenario:
    """Both or neither, except that a scenario may wait for the scores that it needs."""
    session, actor = current_session(), current_actor()
    made = planning.create(session, actor, rfq_id, draft)
    try:
        with undone_if_refused():
            return planning.solve(session, actor, rfq_id, made.id)
    except Conflict as refusal:
        flash(refusal.detail, "warning")
        return made


def _listing(rfq_id: UUID, found: planning.Compared, form: Form) -> str:
    compared = found.evaluation
    return render_template(
        "scenarios/list.html",
        scenarios=[views.summary(each, compared) for each in found.scenarios.items],
        page=found.scenarios,
        cheapest=Money(problems.cheapest_possible(compared), compared.terms.currency),
        offers=len(compared.offers),
        has_costs=bool(compared.terms.costs.terms),
        left_out=problems.left_out(compared),
        form=form,
        presets=list(Preset),
        **_frame(compared),
    )


def _editor(compared: Basis, form: Form, *, more: int = 0) -> str:
    posted = form.posted
    known = (
        len(form.initial.get("constraints", ()))
        if posted is None
        else rows.count(posted, "constraints")
    )
    return render_template(
        "scenarios/edit.html",
        form=form,
        count=min(max(ROWS, known + more), rules.MAX_CONSTRAINTS),
        kinds=[(kind.value, label(kind)) for kind in SHAPES],
        objectives=rules.objectives(compared),
        suppliers=list(compared.bidders.items()),
        terms=compared.terms,
        **_frame(compared),
    )


def _initial(compared: Basis) -> dict[str, Any]:
    """An empty form, or a copy of another scenario to change one thing of it."""
    source = request.args.get("from", type=UUID)
    if source is None:
        return {
            "time_limit": rules.DEFAULT_SECONDS,
            "objective": rules.usual_objective(compared),
        }
    rfq_id = compared.rfq.id
    found, _compared = planning.read(current_session(), current_actor(), rfq_id, source)
    return {
        "name": str(_("Copy of %(name)s", name=found.name)),
        "objective": found.objective,
        "time_limit": found.time_limit,
        "constraints": [_row(each) for each in found.constraints],
    }


def _row(stored: dict[str, Any]) -> dict[str, Any]:
    unit = SHAPES[Kind(stored["kind"])].unit
    return {
        **stored,
        "lot_ids": rules.lots_in(stored),
        "value": None if unit is None else Decimal(stored["limit"]),
    }


def _by_unit(posted: MultiDict[str, str], currency: str) -> MultiDict[str, str]:
    """One column of numbers on the page: each goes to the field of its kind."""
    result: MultiDict[str, str] = MultiDict()
    for name, value in posted.items(multi=True):
        result.add(name, value)
        match = VALUE.fullmatch(name)
        kind = posted.get(f"constraints.{match[1]}.kind") if match else None
        if match is None or kind not in set(Kind) or not value.strip():
            continue
        unit, row = SHAPES[Kind(kind)].unit, f"constraints.{match[1]}"
        if unit is Unit.AMOUNT:
            result.update({f"{row}.amount.amount": value, f"{row}.amount.currency": currency})
        elif unit is not None:
            result.add(f"{row}.{unit}", value)
    return result


def _preset_name(which: Preset, suppliers: int | None) -> str:
    if which is Preset.FEW_SUPPLIERS and suppliers:
        return str(ngettext_("At most %(n)s supplier", "At most %(n)s suppliers", suppliers))
    return label(which)


def _frame(compared: Basis) -> dict[str, Any]:
    return {
        "rfq": rfq_views.summary(compared.rfq, current_actor(), clock.now()),
        "currency": compared.terms.currency,
    }
