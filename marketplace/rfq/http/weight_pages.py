"""What criteria count in one lot, in the portal: a table beside the criteria of the RFQ."""

from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq, RfqLot
from marketplace.rfq.http.criterion_schemas import LotWeightsInputSchema
from marketplace.rfq.http.sections import save
from marketplace.rfq.http.tables import filled_rows
from marketplace.rfq.services import content
from marketplace.rfq.terms import lot_weights
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_weights", __name__, url_prefix="/rfqs/<uuid:rfq_id>/lots/<uuid:lot_id>")


@pages.route("/weights", methods=["GET", "POST"])
def weights(rfq_id: UUID, lot_id: UUID) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own_with_content(session, actor, rfq_id)
    lot = queries.lot(session, rfq_id, lot_id)
    if request.method == "GET":
        return _page(rfq, lot, Form(LotWeightsInputSchema, initial=_values(rfq, lot)))
    posted = filled_rows(request.form, "weights", ["weight"])
    form = Form(LotWeightsInputSchema, posted)
    given = form.data["weights"] if form.valid else ()
    save(
        form,
        lambda: content.set_lot_weights(session, actor, rfq_id, lot_id, given, form.version),
    )
    if not form.valid:
        form.posted = request.form
        # what a refusal has undone is read again
        again = queries.get_own_with_content(session, actor, rfq_id)
        return _page(again, queries.lot(session, rfq_id, lot_id), form), 422
    flash(_("Saved."))
    return redirect(url_for("rfq_content.criteria", rfq_id=rfq_id), 303)


def _values(rfq: Rfq, lot: RfqLot) -> dict[str, Any]:
    own = {each.criterion.casefold(): each.weight for each in lot_weights.read(lot.weights)}
    return {
        "weights": [{"weight": own.get(each.name.casefold())} for each in rfq.criteria],
        "version": rfq.version,
    }


def _page(rfq: Rfq, lot: RfqLot, form: Form) -> str:
    return render_template("rfq/lot_weights.html", form=form, rfq=rfq, lot=lot)
