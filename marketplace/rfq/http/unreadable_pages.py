"""Ruling on bids that cannot be read, for the buyer's people."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.rfq.bids import alternatives
from marketplace.rfq.bids.queries import opened
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.evaluation_pages import frame
from marketplace.rfq.http.sealed_schemas import UnreadableRulingInputSchema
from marketplace.rfq.opening import queries as opening_queries
from marketplace.rfq.opening.unsealed import error_from
from marketplace.rfq.services import unreadable
from marketplace.rfq.terms.bid_states import UnreadableRuling
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("unreadable", __name__, url_prefix="/rfqs/<uuid:rfq_id>/unreadable")


@pages.get("")
def listing(rfq_id: UUID) -> str:
    return _page(rfq_id)


@pages.post("/<uuid:bid_id>")
def rule(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    form = Form(UnreadableRulingInputSchema, request.form)
    if form.valid:
        with form.guard():
            unreadable.rule(current_session(), current_actor(), rfq_id, bid_id, **form.data)
    if not form.valid:
        return _page(rfq_id, (bid_id, form)), 422
    flash(_("Your ruling is saved. The supplier reads the reason."))
    return redirect(url_for("unreadable.listing", rfq_id=rfq_id), 303)


def _page(rfq_id: UUID, ruled: tuple[UUID, Form] | None = None) -> str:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        rfq = opened(session, actor, rfq_id)
    found = unreadable.read(session, actor, rfq_id)
    suppliers = identity_queries.organisations(session, {each.supplier_id for each in found})
    numbers = opening_queries.numbers_of(session, {each.bid_id for each in found})
    return render_template(
        "rfq/bids/unreadable.html",
        found=found,
        names={
            each.bid_id: alternatives.named(
                suppliers[each.supplier_id].name, numbers[each.bid_id], ""
            )
            for each in found
        },
        error_from=error_from,
        rulings=list(UnreadableRuling),
        ruled_id=ruled[0] if ruled else None,
        ruled_form=ruled[1] if ruled else Form(UnreadableRulingInputSchema),
        empty_form=Form(UnreadableRulingInputSchema),
        **frame(rfq),
    )
