"""Suspending and resuming an RFQ, for the buyer's people."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.http.sections import save
from marketplace.rfq.http.suspension_schemas import ResumeSchema, SuspendSchema
from marketplace.rfq.services import suspending
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_suspension", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.route("/suspend", methods=["GET", "POST"])
def suspend(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    posted = request.form if request.method == "POST" else None
    form = Form(SuspendSchema, posted, initial={"version": rfq.version})
    save(
        form, lambda: suspending.suspend(session, actor, rfq_id, **form.data, expected=form.version)
    )
    if not form.valid:
        page = render_template("rfq/suspend.html", form=form, rfq=rfq)
        return page, 200 if posted is None else 422
    flash(_("The event is suspended. All bidders are told."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)


@pages.route("/resume", methods=["GET", "POST"])
def resume(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    posted = request.form if request.method == "POST" else None
    form = Form(ResumeSchema, posted, initial={"version": rfq.version})
    candidates = save(
        form, lambda: suspending.resume(session, actor, rfq_id, **form.data, expected=form.version)
    )
    if not form.valid:
        page = render_template(
            "rfq/resume.html",
            form=form,
            rfq=queries.get_own(session, actor, rfq_id),
            least=suspending.least_due_at(session, actor, rfq_id),
            candidates=candidates,
        )
        return page, 200 if posted is None else 422
    flash(_("The event is resumed. All bidders are told of the deadline."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)
