"""Lots of an RFQ for people: how they stand, and ending one of them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import Text, _
from marketplace.identity.permissions import OrgKind, Permission
from marketplace.rfq.asking import queries
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.awards.turnout_models import LotRuling
from marketplace.rfq.awards.turnout_states import TooFewRuling
from marketplace.rfq.http import lot_views
from marketplace.rfq.http.lot_schemas import LotEndSchema
from marketplace.rfq.http.sections import save
from marketplace.rfq.http.turnout_schemas import LotRulingInputSchema
from marketplace.rfq.services import lots, turnout
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("rfq_lots", __name__, url_prefix="/rfqs/<uuid:rfq_id>/lots")


@pages.get("")
def show(rfq_id: UUID) -> str:
    actor = current_actor()
    shown = lot_views.whole(current_session(), actor, rfq_id)
    return render_template(
        "rfq/lots.html",
        rfq=shown,
        tab="lines",
        is_buyer=actor.org_id == shown.buyer_id,
        is_operator=actor.org_kind is OrgKind.OPERATOR,
        may_draft=actor.may(Permission.RFQ_DRAFT),
    )


@pages.route("/<uuid:lot_id>/cancel", methods=["GET", "POST"])
def cancel(rfq_id: UUID, lot_id: UUID) -> ResponseReturnValue:
    told = _("The lot is cancelled. Bidders are told.")
    return _end("cancel", lots.cancel, rfq_id, lot_id, told)


@pages.route("/<uuid:lot_id>/unsuccessful", methods=["GET", "POST"])
def unsuccessful(rfq_id: UUID, lot_id: UUID) -> ResponseReturnValue:
    told = _("The lot has ended without an award. Its bidders are told.")
    return _end("close_unsuccessful", lots.close_unsuccessful, rfq_id, lot_id, told)


@pages.route("/<uuid:lot_id>/bid-ruling", methods=["GET", "POST"])
def bid_ruling(rfq_id: UUID, lot_id: UUID) -> ResponseReturnValue:
    """Too few suppliers bid: what becomes of the lot."""
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    found = turnout.read(session, actor, rfq_id, lot_id)
    posted = request.form if request.method == "POST" else None
    form = Form(LotRulingInputSchema, posted, initial={"version": rfq.version})
    made: list[LotRuling] = []
    save(
        form,
        lambda: made.append(
            turnout.rule(session, actor, rfq_id, lot_id, **form.data, expected=form.version)
        ),
    )
    if not form.valid:
        page = render_template(
            "rfq/bid_ruling.html", form=form, rfq=rfq, turnout=found, outcomes=list(TooFewRuling)
        )
        return page, 200 if posted is None else 422
    if made[0].copy_id:
        flash(_("The lot has ended without an award. This is the new draft of it."))
        return redirect(url_for("rfq_draft.overview", rfq_id=made[0].copy_id), 303)
    flash(_("The ruling is saved."))
    return redirect(url_for("rfq_lots.show", rfq_id=rfq_id), 303)


def _end(
    step: str, use_case: Callable[..., Rfq], rfq_id: UUID, lot_id: UUID, told: Text | str
) -> ResponseReturnValue:
    session, actor = current_session(), current_actor()
    rfq = queries.get_own(session, actor, rfq_id)
    lot = queries.lot(session, rfq_id, lot_id)
    posted = request.form if request.method == "POST" else None
    form = Form(LotEndSchema, posted, initial={"version": rfq.version})
    about: dict[str, Any] = {"step": step, "lot": lot}
    save(
        form,
        lambda: use_case(session, actor, rfq_id, lot_id, **form.data, expected=form.version),
    )
    if not form.valid:
        page = render_template("rfq/lot_end.html", form=form, rfq=rfq, **about)
        return page, 200 if posted is None else 422
    flash(told)
    return redirect(url_for("rfq_lots.show", rfq_id=rfq_id), 303)
