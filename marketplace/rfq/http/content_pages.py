"""Lots, lines and criteria in the portal: tables that are edited as a whole."""

from dataclasses import asdict, replace
from typing import Any, cast
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from marketplace.catalog import queries as catalog_queries
from marketplace.catalog import rules as catalog_rules
from marketplace.core.shares import shown
from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqCriterion
from marketplace.rfq.http import formula_views
from marketplace.rfq.http.criterion_schemas import AnswerSpecSchema, CriteriaFormSchema
from marketplace.rfq.http.schemas import LinesFormSchema
from marketplace.rfq.http.sections import done, save
from marketplace.rfq.http.tables import filled_rows, row_count
from marketplace.rfq.scoring.answers import FREE_TEXT, AnswerSpec, AnswerType
from marketplace.rfq.scoring.formulas import FAMILIES
from marketplace.rfq.services import content
from marketplace.rfq.terms.drafts import CriterionDraft
from marketplace.rfq.terms.states import CriterionKind
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_content", __name__, url_prefix="/rfqs")

BLANK_ROWS = 5
MAX_ROWS = 1000


@pages.route("/<uuid:rfq_id>/lines", methods=["GET", "POST"])
def lines(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    if request.method == "GET":
        return _lines_page(rfq, Form(LinesFormSchema, initial=_line_values(rfq)))
    posted = filled_rows(request.form, "lots", ["title"])
    posted = filled_rows(posted, "lines", ["item_code", "description", "quantity.value"])
    _default_units(posted)
    unknown = _name_items(posted)
    form = Form(LinesFormSchema, posted)
    for name in unknown:
        form.refuse(name, _("No item of your catalogue has this code."))
    save(
        form,
        lambda: content.set_lots_and_lines(
            session, actor, rfq_id, form.data["lots"], form.data["lines"], form.version
        ),
    )
    if not form.valid:
        # what a refusal has undone is read again
        return _lines_page(queries.get_own_with_content(session, actor, rfq_id), form), 422
    if "more" in request.form:
        return redirect(url_for("rfq_content.lines", rfq_id=rfq_id), 303)
    return done(rfq_id)


@pages.route("/<uuid:rfq_id>/criteria", methods=["GET", "POST"])
def criteria(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    if request.method == "GET":
        return _criteria_page(rfq, Form(CriteriaFormSchema, initial=_criteria_values(rfq)))
    posted = filled_rows(request.form, "sections", ["name", "weight"])
    form = Form(CriteriaFormSchema, filled_rows(posted, "criteria", ["name", "weight"]))
    save(
        form,
        lambda: content.set_criteria(
            session,
            actor,
            rfq_id,
            _criteria(rfq, form),
            form.version,
            sections=form.data["sections"],
        ),
    )
    if not form.valid:
        # what a refusal has undone is read again
        return _criteria_page(queries.get_own_with_content(session, actor, rfq_id), form), 422
    if "more" in request.form:
        return redirect(url_for("rfq_content.criteria", rfq_id=rfq_id) + "#formula", 303)
    return done(rfq_id)


def _criteria(rfq: Rfq, form: Form) -> list[CriterionDraft]:
    """The criteria, the price with the formula beside the table, the others with their question."""
    asked = {str(each.id): each.asked for each in rfq.criteria}
    return [
        replace(each, price_formula=form.data["price_formula"])
        if each.kind is CriterionKind.PRICE
        else replace(each, answer=asked.get(form.value(f"criteria.{index}.id")))
        for index, each in enumerate(form.data["criteria"])
    ]


def _criteria_values(rfq: Rfq) -> dict[str, Any]:
    formulas = [each.formula for each in rfq.criteria if each.formula]
    return {
        "criteria": rfq.criteria,
        "sections": rfq.sections,
        "price_formula": formulas[0] if formulas else None,
        "version": rfq.version,
    }


@pages.route("/<uuid:rfq_id>/criteria/<uuid:criterion_id>/answer", methods=["GET", "POST"])
def answer(rfq_id: UUID, criterion_id: UUID) -> ResponseReturnValue:
    """What bidders are asked for at one criterion, and how it is graded."""
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    criterion = queries.criterion(session, rfq_id, criterion_id)
    if request.method == "GET":
        form = Form(AnswerSpecSchema, initial=_answer_values(rfq, criterion))
        return _answer_page(rfq, criterion, form)
    form = Form(AnswerSpecSchema, filled_rows(request.form, "choices", ["label"]))
    save(
        form,
        lambda: content.set_answer(
            session, actor, rfq_id, criterion_id, cast(AnswerSpec, form.data), form.version
        ),
    )
    if not form.valid:
        return _answer_page(rfq, criterion, form), 422
    flash(_("Saved."))
    return redirect(url_for("rfq_content.criteria", rfq_id=rfq_id), 303)


def _answer_values(rfq: Rfq, criterion: RfqCriterion) -> dict[str, Any]:
    spec = criterion.asked or FREE_TEXT
    return {**asdict(spec), "version": rfq.version}


def _answer_page(rfq: Rfq, criterion: RfqCriterion, form: Form) -> str:
    present = len((criterion.asked or FREE_TEXT).choices)
    rows = present if form.posted is None else row_count(form.posted, "choices")
    return render_template(
        "rfq/answer.html",
        form=form,
        rfq=rfq,
        criterion=criterion,
        types=list(AnswerType),
        rows=rows + BLANK_ROWS,
    )


def _default_units(posted: MultiDict[str, str]) -> None:
    for index in range(row_count(posted, "lines")):
        name = f"lines.{index}.quantity.unit"
        posted[name] = posted.get(name, "").strip() or "C62"


def _name_items(posted: MultiDict[str, str]) -> list[str]:
    """Write the ids of the typed item codes into the form; returns the fields of unknown ones."""
    fields = {
        name: code.strip()
        for name, code in posted.items()
        if name.startswith("lines.") and name.endswith(".item_code") and code.strip()
    }
    items = catalog_queries.by_sku(current_session(), current_actor(), fields.values())
    unknown = []
    for name, code in fields.items():
        item = items.get(catalog_rules.sku_key(code))
        if item is None:
            unknown.append(name)
        else:
            posted[name.removesuffix("code") + "id"] = str(item.id)
    return unknown


def _line_values(rfq: Rfq) -> dict[str, Any]:
    items = catalog_queries.by_ids(
        current_session(), current_actor(), [line.item_id for line in rfq.lines]
    )
    numbers = {lot.id: lot.number for lot in rfq.lots}
    return {
        "version": rfq.version,
        "lots": [
            {
                "title": lot.title,
                "description": lot.description,
                "estimate": {"amount": lot.estimated_value, "currency": rfq.currency},
                "minimum_bids": lot.minimum_bids,
            }
            for lot in rfq.lots
        ],
        "lines": [
            {
                "lot": numbers[line.lot_id],
                "item_code": items[line.item_id].sku if line.item_id in items else None,
                "description": line.description,
                "quantity": line.quantity,
                "delivery_on": line.delivery_on,
                "delivery_place": line.delivery_place,
                "reference_price": {"amount": line.reference_price, "currency": rfq.currency},
                "category_code": line.category_code,
                "external_ref": line.external_ref,
            }
            for line in rfq.lines
        ],
    }


def _lines_page(rfq: Rfq, form: Form) -> str:
    if form.posted is None:
        lot_rows, line_rows = len(rfq.lots), len(rfq.lines)
    else:
        lot_rows, line_rows = row_count(form.posted, "lots"), row_count(form.posted, "lines")
    return render_template(
        "rfq/lines.html",
        form=form,
        rfq=rfq,
        lot_rows=lot_rows + 1,
        line_rows=line_rows + BLANK_ROWS,
        is_too_long=line_rows > MAX_ROWS,
    )


def _criteria_page(rfq: Rfq, form: Form) -> str:
    rows, section_rows = len(rfq.criteria), len(rfq.sections)
    if form.posted is not None:
        rows, section_rows = (row_count(form.posted, name) for name in ("criteria", "sections"))
    return render_template(
        "rfq/criteria.html",
        form=form,
        rfq=rfq,
        rows=rows + 2,
        section_rows=section_rows + 2,
        kinds=list(CriterionKind),
        families=list(FAMILIES.values()),
        as_points=shown,
        simulations=[
            formula_views.simulation(each.formula, rfq.shares[each.id])
            for each in rfq.criteria
            if each.formula
        ],
    )
