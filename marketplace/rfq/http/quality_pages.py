"""Quality before price, for the buyer's people: lock of the scores, excluded bids."""

from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace.core.text import _
from marketplace.identity import queries as identity_queries
from marketplace.identity.permissions import Permission
from marketplace.rfq.asking.models import Rfq
from marketplace.rfq.bids import queries as bid_queries
from marketplace.rfq.evaluation import quality_rules
from marketplace.rfq.evaluation import queries as evaluation_queries
from marketplace.rfq.evaluation.states import ExclusionGround
from marketplace.rfq.http.bid_http import peeking_noted
from marketplace.rfq.http.quality_schemas import (
    ExclusionInputSchema,
    LockQualitySchema,
    ReadmissionSchema,
    UnlockQualitySchema,
)
from marketplace.rfq.services import excluding, quality
from marketplace.web.blueprints import PageBlueprint
from marketplace.web.context import current_actor, current_session
from marketplace.web.forms import Form, flash

pages = PageBlueprint("quality", __name__, url_prefix="/rfqs/<uuid:rfq_id>")


@pages.get("/quality")
def lock_page(rfq_id: UUID) -> str:
    """The lock of the scores, without a price in sight."""
    rfq = _opened(rfq_id)
    return _lock_page(rfq, Form(LockQualitySchema, initial={"version": rfq.version}))


@pages.post("/quality/lock")
def lock(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(LockQualitySchema, request.form)
    if form.valid:
        with form.guard():
            quality.lock_quality(
                current_session(), current_actor(), rfq_id, **form.data, expected=form.version
            )
    if not form.valid:
        return _lock_page(_opened(rfq_id), form), 422
    flash(_("The scores are locked."))
    return redirect(url_for("quality.lock_page", rfq_id=rfq_id), 303)


@pages.post("/quality/unlock")
def unlock(rfq_id: UUID) -> ResponseReturnValue:
    form = Form(UnlockQualitySchema, request.form)
    if form.valid:
        with form.guard():
            quality.unlock_quality(
                current_session(), current_actor(), rfq_id, **form.data, expected=form.version
            )
    if not form.valid:
        return _lock_page(_opened(rfq_id), form), 422
    flash(_("Scores can change again."))
    return redirect(url_for("evaluation.compare", rfq_id=rfq_id), 303)


@pages.route("/bids/<uuid:bid_id>/exclude", methods=["GET", "POST"])
def exclude(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    rfq = _opened(rfq_id)
    if request.method == "GET":
        form = Form(ExclusionInputSchema, initial=_proposed(request.args.get("criterion")))
        return _exclusion_page(rfq, bid_id, form, excluding_it=True)
    form = Form(ExclusionInputSchema, request.form)
    if form.valid:
        with form.guard():
            excluding.exclude(current_session(), current_actor(), rfq_id, bid_id, **form.data)
    if not form.valid:
        return _exclusion_page(rfq, bid_id, form, excluding_it=True), 422
    flash(_("The bid is excluded."))
    return redirect(url_for("evaluation.compare", rfq_id=rfq_id) + "#excluded", 303)


@pages.route("/bids/<uuid:bid_id>/readmit", methods=["GET", "POST"])
def readmit(rfq_id: UUID, bid_id: UUID) -> ResponseReturnValue:
    rfq = _opened(rfq_id)
    if request.method == "GET":
        return _exclusion_page(rfq, bid_id, Form(ReadmissionSchema), excluding_it=False)
    form = Form(ReadmissionSchema, request.form)
    if form.valid:
        with form.guard():
            excluding.readmit(current_session(), current_actor(), rfq_id, bid_id, **form.data)
    if not form.valid:
        return _exclusion_page(rfq, bid_id, form, excluding_it=False), 422
    flash(_("The bid is readmitted."))
    return redirect(url_for("evaluation.compare", rfq_id=rfq_id), 303)


def _proposed(criterion_id: str | None) -> dict[str, str]:
    """How the form is filled in for a required answer that is not met."""
    if criterion_id is None:
        return {}
    return {"criterion_id": criterion_id, "ground": ExclusionGround.KNOCK_OUT}


def _opened(rfq_id: UUID) -> Rfq:
    with peeking_noted(rfq_id):
        return bid_queries.opened(current_session(), current_actor(), rfq_id)


def _lock_page(rfq: Rfq, form: Form) -> str:
    may = current_actor().may(Permission.RFQ_EVALUATE)
    return render_template(
        "rfq/bids/quality.html",
        rfq=rfq,
        form=form,
        actions=quality_rules.quality_actions(rfq, may_evaluate=may),
        missing=evaluation_queries.missing_scores(current_session(), rfq.id),
    )


def _exclusion_page(rfq: Rfq, bid_id: UUID, form: Form, *, excluding_it: bool) -> str:
    session = current_session()
    offer = bid_queries.offer(session, rfq.id, bid_id, priced=False)
    terms = bid_queries.terms(session, rfq.id)
    return render_template(
        "rfq/bids/exclude.html",
        rfq=rfq,
        bid_id=bid_id,
        form=form,
        excluding=excluding_it,
        exclusion=evaluation_queries.exclusion(session, rfq.id, bid_id),
        bidder=offer.bidder(identity_queries.organisation(session, offer.supplier_id).name),
        grounds=list(ExclusionGround),
        criteria=[(str(criterion.id), criterion.name) for criterion in terms.judged],
    )
