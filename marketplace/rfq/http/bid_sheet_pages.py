"""Bids by spreadsheet, for people: download, upload, look at what changes, save."""

from typing import Any
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock, tabular
from marketplace.core.errors import Conflict, DomainError, Invalid, Stale
from marketplace.core.text import _
from marketplace.documents.rules import refused
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.bids.totals import money_total
from marketplace.rfq.http import views
from marketplace.rfq.http.bid_http import service_keys
from marketplace.rfq.http.bid_sheet_api import template_file
from marketplace.rfq.http.own_bid_routes import of_each_bid
from marketplace.rfq.receiving import vault as bid_vault
from marketplace.rfq.services import bid_templates
from marketplace.rfq.services.bid_templates import Plan
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session, undone_if_refused
from marketplace.web.forms import flash

pages = PageBlueprint("bid_sheets", __name__, url_prefix="/rfqs/<uuid:rfq_id>/bids")


@of_each_bid(pages, "/sheet/template")
def template(rfq_id: UUID, alternative: int) -> Response:
    return template_file(rfq_id, alternative)


@of_each_bid(pages, "/sheet", methods=["GET", "POST"])
def upload(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """Choose a file; then what it would change, before anything is saved."""
    if request.method == "GET":
        return _upload_page(rfq_id, alternative, None)
    try:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise refused("file_missing", _("Choose a file."))
        plan = bid_templates.preview(
            current_session(),
            current_actor(),
            service_keys(),
            rfq_id,
            file.stream.read(tabular.MAX_BYTES + 1),
            file.filename,
            alternative,
        )
    except (Invalid, Conflict) as refusal:
        return _upload_page(rfq_id, alternative, refusal), 422 if isinstance(
            refusal, Invalid
        ) else 409
    return _preview_page(plan)


@of_each_bid(pages, "/sheet/save", methods=["POST"])
def save(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """Keep what the preview has shown."""
    token = request.form.get("proposal", "")
    try:
        with undone_if_refused():
            bid_templates.keep_shown(
                current_session(), current_actor(), service_keys(), rfq_id, token, alternative
            )
    except Stale:
        refusal = Conflict(
            _("Somebody of your company has changed the bid since. Upload the file again to see"
              " what it changes now.")
        )  # fmt: skip
        return _upload_page(rfq_id, alternative, refusal), 412
    except (Invalid, Conflict) as refusal:
        return _upload_page(rfq_id, alternative, refusal), 422 if isinstance(
            refusal, Invalid
        ) else 409
    flash(_("Your draft is saved. It is not submitted yet."))
    return redirect(url_for("bids.check", rfq_id=rfq_id, alternative=alternative), 303)


def _upload_page(rfq_id: UUID, alternative: int, refusal: DomainError | None) -> str:
    door = bid_queries.door(current_session(), current_actor(), rfq_id, alternative)
    return render_template("rfq/bids/sheet.html", refusal=refusal, **_frame(door))


def _preview_page(plan: Plan) -> str:
    actor = current_actor()
    return render_template(
        "rfq/bids/sheet_preview.html",
        plan=plan,
        total=money_total(plan.terms, plan.content),
        proposal=bid_vault.lock_proposal(
            service_keys(), actor.organisation_id, plan.door, plan.content, plan.seen
        ),
        **_frame(plan.door),
    )


def _frame(door: bid_queries.Door) -> dict[str, Any]:
    return {
        "rfq": views.summary(door.rfq, current_actor(), clock.now()),
        "alternative": door.alternative,
    }
