"""Abnormally low prices in the portal: the buyer asks and rules, the bidder justifies."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core import clock
from marketplace.core.text import _
from marketplace.documents import queries as document_queries
from marketplace.documents import service as document_service
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking import queries
from marketplace.rfq.evaluation.models import LowPriceInquiry
from marketplace.rfq.evaluation.states import LowPriceRuling
from marketplace.rfq.http import low_price_views
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.low_price_schemas import (
    InquiryInputSchema,
    JustificationSchema,
    LowPriceRulingSchema,
)
from marketplace.rfq.services import justifying
from marketplace.rfq.terms.states import RfqState
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("low_prices", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.get("/low-prices")
def show(rfq_id: UUID) -> str:
    return _page(rfq_id)


@pages.post("/bids/<uuid:bid_id>/low-price-inquiry")
def ask(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    form = Form(InquiryInputSchema, request.form)
    if form.valid:
        with form.guard():
            justifying.ask(current_session(), current_actor(), rfq_id, bid_id, **form.data)
    if not form.valid:
        return _page(rfq_id, form, bid_id), 422
    flash(_("The supplier is asked."))
    return redirect(url_for("low_prices.show", rfq_id=rfq_id), 303)


@pages.post("/bids/<uuid:bid_id>/low-price-ruling")
def rule(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    form = Form(LowPriceRulingSchema, request.form)
    if form.valid:
        with form.guard():
            justifying.rule(current_session(), current_actor(), rfq_id, bid_id, **form.data)
    if not form.valid:
        return _page(rfq_id, form, bid_id), 422
    flash(_("The ruling is saved."))
    return redirect(url_for("low_prices.show", rfq_id=rfq_id), 303)


@pages.route("/bids/justification", defaults={"alternative": 0}, methods=["GET", "POST"])
@pages.route("/bids/alternatives/<int:alternative>/justification", methods=["GET", "POST"])
def justify(rfq_id: UUID, alternative: int) -> ResponseReturnValue:
    """The bidder's answer, with a file where one is sent."""
    session, actor = current_session(), current_actor()
    asked = justifying.own(session, actor, rfq_id, alternative)
    if request.method == "GET":
        return _justification(asked, Form(JustificationSchema, initial={"text": asked.answer}))
    form = Form(JustificationSchema, request.form)
    if form.valid:
        with form.guard():
            justifying.answer(
                session,
                actor,
                rfq_id,
                form.data["text"],
                _sent_file(),
                alternative=alternative,
            )
    if not form.valid:
        return _justification(asked, form), 422
    flash(_("Your answer has reached the buyer."))
    return redirect(url_for("low_prices.justify", rfq_id=rfq_id, alternative=alternative), 303)


def _sent_file() -> list[UUID]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return []
    session, actor = current_session(), current_actor()
    return [document_service.store(session, actor, sent.filename, sent.mimetype, sent.stream).id]


def _page(rfq_id: UUID, form: Form | None = None, at: UUID | None = None) -> str:
    session, actor = current_session(), current_actor()
    with peeking_noted(rfq_id):
        found = low_price_views.read(session, actor, rfq_id)
    rfq = found["evaluation"].rfq
    inquiries = {each.bid_id: each for each in found["inquiries"]}
    return render_template(
        "rfq/bids/low_prices.html",
        rfq=rfq,
        evaluation=found["evaluation"],
        flagged=found["flagged"],
        inquiries=inquiries,
        documents={
            bid_id: document_queries.attached(session, actor, "bid", bid_id)
            for bid_id, asked in inquiries.items()
            if asked.answered_at
        },
        form=form or Form(InquiryInputSchema),
        at=at,
        outcomes=list(LowPriceRuling),
        may_rule=actor.may(Permission.RFQ_EVALUATE) and rfq.state is RfqState.OPENED,
    )


def _justification(asked: LowPriceInquiry, form: Form) -> str:
    session, actor = current_session(), current_actor()
    return render_template(
        "rfq/bids/justification.html",
        rfq=queries.get(session, actor, asked.rfq_id),
        asked=asked,
        form=form,
        documents=document_queries.attached(session, actor, "bid", asked.bid_id),
        may_answer=asked.outcome is None and clock.now() <= asked.due_at,
    )
