"""Lines from a spreadsheet, for people: choose a file, look at it, import it."""

from collections.abc import Callable
from uuid import UUID

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.catalog import uploads
from marketplace.core import tabular
from marketplace.core.errors import Invalid
from marketplace.core.text import _, ngettext_
from marketplace.documents.downloads import XLSX, as_file
from marketplace.rfq.asking import queries
from marketplace.rfq.services import importing
from marketplace.rfq.services.importing import Plan
from marketplace.rfq.sheets import lines as sheets
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import flash

pages = PageBlueprint("rfq_import", __name__, url_prefix="/rfqs")


@pages.route("/<uuid:rfq_id>/import", methods=["GET", "POST"])
def choose(rfq_id: UUID) -> ResponseReturnValue:
    if request.method == "GET":
        return _upload_page(rfq_id, None)
    try:
        sent = uploads.sent()
        plan = _planned(importing.preview, rfq_id, sent)
    except Invalid as refusal:
        return _upload_page(rfq_id, refusal), 422
    return render_template("rfq/import/preview.html", plan=plan, sent=sent, labels=sheets.LABELS)


@pages.post("/<uuid:rfq_id>/import/confirm")
def confirm(rfq_id: UUID) -> ResponseReturnValue:
    try:
        plan = _planned(importing.import_lines, rfq_id, uploads.sent())
    except Invalid as refusal:
        return _upload_page(rfq_id, refusal), 422
    flash(ngettext_("%(n)s line was imported.", "%(n)s lines were imported.", len(plan.lines)))
    return redirect(f"/rfqs/{rfq_id}", 303)


@pages.get("/import/template")
def template() -> Response:
    headers, rows = sheets.template_rows(current_actor().currency)
    return as_file(tabular.to_xlsx(headers, rows), f"{_('rfq-lines-template')}.xlsx", XLSX)


def _planned(step: Callable[..., Plan], rfq_id: UUID, sent: uploads.Sent) -> Plan:
    """What this step of the import makes of the file."""
    return step(
        current_session(),
        current_actor(),
        rfq_id,
        sent.content,
        sent.document.filename,
        sent.options,
    )


def _upload_page(rfq_id: UUID, refusal: Invalid | None) -> str:
    rfq = queries.get_own(current_session(), current_actor(), rfq_id)
    return render_template(
        "rfq/import/choose.html",
        rfq=rfq,
        refusal=refusal,
        uploads=uploads,
        columns=sheets.COLUMNS,
        template_url=url_for("rfq_import.template"),
    )
