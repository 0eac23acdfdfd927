"""Ruling on an outage, for the buyer's people."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.http.ingress_http import take_in_journal
from marketplace.rfq.http.outage_schemas import OutageRulingInputSchema
from marketplace.rfq.http.sections import save
from marketplace.rfq.services import outages
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_outages", __name__, url_prefix="/rfqs/<uuid:rfq_id>/outage")


@pages.route("", methods=["GET", "POST"])
def rule(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    take_in_journal()
    rfq = queries.get_own(session, actor, rfq_id)
    if request.method == "GET":
        return _page(rfq, Form(OutageRulingInputSchema, initial={"version": rfq.version}))
    form = Form(OutageRulingInputSchema, request.form)
    candidates = save(
        form, lambda: outages.rule(session, actor, rfq_id, **form.data, expected=form.version)
    )
    if not form.valid:
        return _page(rfq, form, candidates), 422
    if form.data["bids_due_at"]:
        flash(_("The deadline has been moved. All bidders are told."))
        return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)
    flash(_("The deadline stands. The bids can be opened."))
    return redirect(url_for("bids.show", rfq_id=rfq_id), 303)


def _page(rfq: Rfq, form: Form, candidates: list[str] | None = None) -> str:
    return render_template(
        "rfq/outage.html",
        rfq=rfq,
        form=form,
        found=outages.read(current_session(), current_actor(), rfq.id),
        candidates=candidates or [],
    )
