"""The end of a request for information in the portal: findings, or an RFQ of it."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.bids import information_rules
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.http import information_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.evaluation_pages import frame
from marketplace.rfq.http.information_schemas import FindingsSchema, FollowUpFormSchema
from marketplace.rfq.http.sections import save
from marketplace.rfq.services import evaluation, informing
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfis", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.route("/findings", methods=["GET", "POST"])
def findings(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        rfq = bid_queries.opened(session, actor, rfq_id)
    information_rules.check_is_rfi(rfq)
    posted = request.form if request.method == "POST" else None
    form = Form(FindingsSchema, posted, initial={"version": rfq.version})
    save(
        form,
        lambda: informing.close_with_findings(
            session, actor, rfq_id, form.data["findings"], expected=form.version
        ),
    )
    if not form.valid:
        page = render_template("rfq/findings.html", form=form, **frame(rfq))
        return page, 200 if posted is None else 422
    flash(_("Closed. Everybody who has answered is told."))
    return redirect(url_for("rfq.show", rfq_id=rfq_id), 303)


@pages.route("/follow-up", methods=["GET", "POST"])
def follow_up(rfq_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        compared = evaluation.read(session, actor, rfq_id)
    information_rules.check_is_rfi(compared.rfq)
    everybody = [offer.supplier_id for offer in compared.offers]
    posted = request.form if request.method == "POST" else None
    form = Form(FollowUpFormSchema, posted, initial={"supplier_ids": everybody})
    made: list[UUID] = []
    save(
        form,
        lambda: made.append(
            informing.follow_up(session, actor, rfq_id, form.data["supplier_ids"]).id
        ),
    )
    if not form.valid:
        page = render_template(
            "rfq/follow_up.html",
            form=form,
            evaluation=compared,
            grades=information_views.grades(compared),
            **frame(compared.rfq),
        )
        return page, 200 if posted is None else 422
    flash(_("This is the RFQ. Set its dates and weights, then check and publish it."))
    return redirect(url_for("rfq_draft.overview", rfq_id=made[0]), 303)
